/* SPDX-License-Identifier: MIT */
#include "cmd/progress.h"

#include "app/column.h"
#include "coronet/fiber.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SECOND      INT64_C(1000000000)
#define REDRAW_NS   (SECOND / 10)
#define MEASURE_NS  SECOND
#define WATCH_MS    500
#define WIDTH_USUAL 80
#define WIDTH_MIN   20
#define NARROW      60 /* columns; below, names need the room of some figures */
#define FIGURES_MAX 64 /* columns of what stands behind a name */
#define SCREEN_MAX  8192

/* ---- figures -------------------------------------------------------------------------------- */

int co_progress_bytes(char *text, size_t room, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1024;
    return snprintf(
        text, room, unit > 0 && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* "0:07", "1:02:03". */
static int write_time(char *text, size_t room, int64_t seconds)
{
    unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);
    long long hours = seconds / 3600;
    return hours ? snprintf(text, room, "%lld:%02u:%02u", hours, minutes, rest)
                 : snprintf(text, room, "%u:%02u", minutes, rest);
}

struct figures {
    char bytes[16], speed[20], left[24], share[8];
};

static double rate_of(uint64_t bytes, int64_t ns)
{
    return (double)bytes * (double)SECOND / (double)(ns > 0 ? ns : 1);
}

/* left: bytes still to come; negative: nobody knows. */
static void fill(struct figures *ret, uint64_t bytes, double rate, int64_t left)
{
    co_progress_bytes(ret->bytes, sizeof ret->bytes, (double)bytes);
    int size = co_progress_bytes(ret->speed, sizeof ret->speed, rate);
    snprintf(ret->speed + size, sizeof ret->speed - (size_t)size, "/s");
    if (left >= 0 && rate >= 1)
        write_time(ret->left, sizeof ret->left, (int64_t)((double)left / rate + 0.5));
    else
        snprintf(ret->left, sizeof ret->left, "-:--");
}

/* ---- lines ---------------------------------------------------------------------------------- */

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH_USUAL;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

/* A name, made harmless, and figures at the right. */
static void add_line(struct co_buf *screen, const char *name, const char *figures, size_t width)
{
    size_t taken = strlen(figures) + 2; /* with a space before, and the last column free */
    co_column_add(screen, name, width > taken ? width - taken : 0);
    co_buf_addf(screen, " %.*s\n", (int)(width - 2), figures);
}

/* What has come of late counts, half of it as much each time: a file that stalls is seen to. */
static void measure(struct co_progress_row *row, int64_t now)
{
    uint64_t fresh = row->bytes > row->measured ? row->bytes - row->measured : 0;
    bool is_first = row->measured_ns == row->start_ns;
    if (now - row->measured_ns < MEASURE_NS)
        return;
    double rate = rate_of(is_first ? row->bytes - row->resumed : fresh, now - row->measured_ns);
    row->rate = is_first || rate < 1 ? rate : (row->rate + rate) / 2;
    row->measured = row->bytes;
    row->measured_ns = now;
}

static void add_row(
    struct co_buf *screen, const struct co_progress_row *row, size_t width, int64_t now)
{
    struct figures figures;
    char text[2 * FIGURES_MAX];
    int64_t left = row->size < 0 ? -1 : row->size - (int64_t)row->bytes;
    bool is_young = row->measured_ns == row->start_ns;
    fill(&figures, row->bytes,
        is_young ? rate_of(row->bytes - row->resumed, now - row->start_ns) : row->rate, left);
    if (row->size > 0)
        snprintf(figures.share, sizeof figures.share, "%3.0f%%",
            100.0 * (double)row->bytes / (double)row->size);
    else
        snprintf(figures.share, sizeof figures.share, "    ");
    if (width < NARROW)
        snprintf(text, sizeof text, "%s %11s", row->size > 0 ? figures.share : figures.bytes,
            figures.speed);
    else
        snprintf(text, sizeof text, "%s %9s %11s %8s", figures.share, figures.bytes, figures.speed,
            figures.left);
    add_line(screen, row->name, text, width);
}

static void add_total(
    struct co_buf *screen, const struct co_progress *progress, size_t width, int64_t now)
{
    struct figures figures;
    char text[2 * FIGURES_MAX], name[FIGURES_MAX];
    fill(&figures, progress->bytes, rate_of(progress->bytes, now - progress->start_ns), -1);
    snprintf(name, sizeof name, "%zu of %zu file%s", progress->files_here, progress->files,
        progress->files == 1 ? "" : "s");
    write_time(figures.left, sizeof figures.left, (now - progress->start_ns) / SECOND);
    if (width < NARROW)
        snprintf(text, sizeof text, "%s", figures.bytes);
    else
        snprintf(text, sizeof text, "%9s %11s %8s", figures.bytes, figures.speed, figures.left);
    add_line(screen, name, text, width);
}

/* ---- the screen ----------------------------------------------------------------------------- */

static void put(const struct co_buf *screen)
{
    ssize_t written = screen->error ? 0 : write(STDERR_FILENO, screen->at, screen->size);
    (void)written;
}

static void add_erasure(struct co_buf *screen, struct co_progress *progress)
{
    if (progress->drawn_rows > 0)
        co_buf_addf(screen, "\033[%uA\r\033[J", progress->drawn_rows);
    progress->drawn_rows = 0;
}

static void draw(struct co_progress *progress)
{
    struct co_buf screen = CO_BUF(4 * SCREEN_MAX);
    if (!progress->visible)
        return;
    int64_t now = co_now_ns();
    if (now - progress->drawn_ns < REDRAW_NS)
        return;
    size_t width = terminal_width();
    progress->drawn_ns = now;
    add_erasure(&screen, progress);
    for (size_t i = 0; i < CO_PROGRESS_ROWS; i++)
        if (progress->rows[i].used) {
            measure(&progress->rows[i], now);
            add_row(&screen, &progress->rows[i], width, now);
            progress->drawn_rows++;
        }
    if (progress->files > 1) {
        add_total(&screen, progress, width, now);
        progress->drawn_rows++;
    }
    put(&screen);
    co_buf_free(&screen);
}

/* Takes the lines off the screen; `total`: but for the one of all files. */
static void end_drawing(struct co_progress *progress, bool total)
{
    struct co_buf screen = CO_BUF(SCREEN_MAX);
    if (!progress->visible)
        return;
    add_erasure(&screen, progress);
    if (total)
        add_total(&screen, progress, terminal_width(), co_now_ns());
    put(&screen);
    co_buf_free(&screen);
    progress->drawn_ns = 0;
}

void co_progress_hide(struct co_progress *progress)
{
    end_drawing(progress, false);
}

void co_progress_finish(struct co_progress *progress)
{
    end_drawing(progress, progress->begun);
}

int co_progress_watch(void *arg)
{
    struct co_progress *progress = arg;
    while (progress->visible && co_sleep(WATCH_MS) == 0)
        draw(progress);
    return 0;
}

/* ---- what happens --------------------------------------------------------------------------- */

void co_progress_start(struct co_progress *progress, size_t files, bool wanted)
{
    *progress = (struct co_progress){
        .visible = wanted && isatty(STDERR_FILENO), .files = files, .start_ns = co_now_ns()};
}

static struct co_progress_row *row_of(struct co_progress *progress, size_t index)
{
    for (size_t i = 0; i < CO_PROGRESS_ROWS; i++)
        if (progress->rows[i].used && progress->rows[i].index == index)
            return &progress->rows[i];
    return NULL;
}

void co_progress_begin(struct co_progress *progress, size_t index, const char *name)
{
    progress->begun = true;
    if (!progress->visible)
        return;
    struct co_progress_row *known = row_of(progress, index);
    if (known) {
        known->name = name;
        return;
    }
    for (size_t i = 0; i < CO_PROGRESS_ROWS; i++)
        if (!progress->rows[i].used) {
            int64_t now = co_now_ns();
            progress->rows[i] = (struct co_progress_row){.index = index,
                .name = name,
                .size = -1,
                .start_ns = now,
                .measured_ns = now,
                .used = true};
            break;
        }
    draw(progress);
}

void co_progress_step(
    struct co_progress *progress, size_t index, uint64_t bytes, uint64_t resumed, int64_t size)
{
    struct co_progress_row *row = row_of(progress, index);
    if (row) {
        if (bytes > row->bytes && row->bytes >= resumed)
            progress->bytes += bytes - row->bytes;
        row->bytes = bytes;
        row->resumed = resumed;
        row->size = size;
    }
    draw(progress);
}

void co_progress_end(struct co_progress *progress, size_t index, bool is_here)
{
    struct co_progress_row *row = row_of(progress, index);
    if (row)
        row->used = false;
    progress->files_here += is_here;
    draw(progress);
}
