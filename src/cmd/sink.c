/* SPDX-License-Identifier: MIT */
#include "cmd/sink.h"

#include "cmd/message.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PENDING_MAX (1u << 20) /* bytes of lines that wait: some 5,000 */
#define HURRY_BYTES (PENDING_MAX / 8)
#define GATHER_MS   100  /* lines wait this long for company */
#define RETRY_MS    250  /* between attempts to write to what does not take it */
#define CLOSE_MS    2000 /* for the last lines */
#define FILE_MODE   0640 /* logs name people's addresses */

struct co_sink {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, up to `fd` */
    pthread_cond_t wake;
    struct co_buf pending;
    size_t line_start; /* of the line being appended */
    uint64_t dropped;  /* lines */
    bool reopen, stop, ended;
    bool started;
    int (*open)(void *arg); /* the file again */
    void *open_arg;
    /* the thread's alone */
    int fd, folder; /* folder: what `name` is in; -1 for standard output */
    const char *path, *name;
    uid_t uid;
    gid_t gid;
    struct co_buf batch;
    size_t written; /* of the batch */
    int failure;    /* why the last write failed, 0 when it did not */
};

/* ---- opening ------------------------------------------------------------------------------ */

static int file_create(const struct co_sink *sink, int flags)
{
    int fd = openat(sink->folder, sink->name, flags | O_CREAT | O_EXCL, FILE_MODE);
    if (fd < 0)
        return -errno;
    if (sink->uid != geteuid() && fchown(fd, sink->uid, sink->gid) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

/* Not through a link and not a file that has another name: who may write to the log's folder could
 * otherwise have us append to any file. A FIFO without reader is -ENXIO, and never waited for. */
int co_sink_file(void *arg)
{
    const struct co_sink *sink = arg;
    const int flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct stat found;
    int fd = openat(sink->folder, sink->name, flags);
    if (fd < 0)
        return errno == ENOENT ? file_create(sink, flags) : -errno;
    if (fstat(fd, &found) == 0 && (!S_ISREG(found.st_mode) || found.st_nlink == 1))
        return fd;
    close(fd);
    return -EMLINK;
}

/* The folder is held open: after the privileges are gone its path may be closed to us. */
static int folder_open(struct co_sink *sink)
{
    const char *slash = strrchr(sink->path, '/');
    char *folder = slash ? strndup(sink->path, (size_t)(slash - sink->path) + 1) : strdup(".");
    if (!folder)
        return -ENOMEM;
    sink->name = slash ? slash + 1 : sink->path;
    sink->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = sink->folder < 0 ? -errno : 0;
    free(folder);
    return rc;
}

static int target_open(struct co_sink *sink)
{
    sink->folder = -1;
    sink->fd = STDOUT_FILENO;
    if (strcmp(sink->path, "-") == 0)
        return 0;
    int rc = folder_open(sink);
    if (rc == 0)
        rc = sink->fd = co_sink_file(sink);
    return rc < 0 ? rc : 0;
}

static void reopen(struct co_sink *sink)
{
    if (sink->folder < 0)
        return;
    int fd = sink->open(sink->open_arg);
    if (fd < 0) {
        co_error(
            "cannot reopen the log %s: %s; the old one stays open", sink->path, co_explain(fd));
        return;
    }
    close(sink->fd);
    sink->fd = fd;
}

/* ---- the thread --------------------------------------------------------------------------- */

static uint64_t count_lines(const char *at, size_t size)
{
    uint64_t lines = 0;
    for (const char *end = at + size; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    return lines;
}

static bool batch_is_done(const struct co_sink *sink)
{
    return sink->written == sink->batch.size;
}

static void batch_write(struct co_sink *sink)
{
    while (!batch_is_done(sink)) {
        ssize_t n =
            write(sink->fd, sink->batch.at + sink->written, sink->batch.size - sink->written);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int error = errno;
            if (sink->failure != error)
                co_error("cannot write to the log %s: %s; lines that find no room will be dropped",
                    sink->path, error == EAGAIN ? "its reader is stuck" : co_explain(-error));
            sink->failure = error;
            return;
        }
        sink->written += (size_t)n;
    }
    sink->failure = 0;
}

static struct timespec after_ms(int64_t ms)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ns = now.tv_nsec + ms * 1000000;
    return (struct timespec){now.tv_sec + ns / 1000000000, ns % 1000000000};
}

/* Waits until there is something to do, a little longer for lines to gather, or, when writing
 * fails, for the time of the next attempt. The lock is held. */
static void wait_for_work(struct co_sink *sink)
{
    while (!sink->failure && sink->pending.size == 0 && !sink->stop && !sink->reopen)
        pthread_cond_wait(&sink->wake, &sink->lock);
    if (sink->stop || sink->reopen || (!sink->failure && sink->pending.size >= HURRY_BYTES))
        return;
    const struct timespec until = after_ms(sink->failure ? RETRY_MS : GATHER_MS);
    pthread_cond_timedwait(&sink->wake, &sink->lock, &until);
}

static void batch_take(struct co_sink *sink)
{
    struct co_buf empty = sink->batch;
    sink->batch = sink->pending;
    sink->written = 0;
    sink->pending = empty;
    co_buf_clear(&sink->pending);
}

static void batch_drop(struct co_sink *sink)
{
    sink->dropped += count_lines(sink->batch.at + sink->written, sink->batch.size - sink->written);
    sink->written = sink->batch.size;
    sink->failure = 0;
}

static void report_dropped(struct co_sink *sink)
{
    if (sink->dropped > 0 && !sink->failure)
        co_error("log %s: %llu lines were dropped", sink->path, (unsigned long long)sink->dropped);
    if (!sink->failure)
        sink->dropped = 0;
}

static void *write_lines(void *arg)
{
    struct co_sink *sink = arg;
    bool stop = false;
    pthread_mutex_lock(&sink->lock);
    while (!stop || sink->pending.size > 0) {
        wait_for_work(sink);
        bool reopens = sink->reopen;
        stop = sink->stop;
        sink->reopen = false;
        if (batch_is_done(sink))
            batch_take(sink);
        pthread_mutex_unlock(&sink->lock);
        batch_write(sink);
        if (reopens)
            reopen(sink);
        pthread_mutex_lock(&sink->lock);
        if ((reopens || stop) && sink->failure)
            batch_drop(sink); /* the rest of a line has no place in another file */
        report_dropped(sink);
    }
    sink->ended = true;
    pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->lock);
    return NULL;
}

/* ---- the users' side ---------------------------------------------------------------------- */

static void sink_free(struct co_sink *sink)
{
    if (sink->folder >= 0 && sink->fd >= 0)
        close(sink->fd);
    if (sink->folder >= 0)
        close(sink->folder);
    co_buf_free(&sink->pending);
    co_buf_free(&sink->batch);
    pthread_cond_destroy(&sink->wake);
    pthread_mutex_destroy(&sink->lock);
    free(sink);
}

int co_sink_open(struct co_sink **ret, const char *path, const struct co_identity *owner)
{
    pthread_condattr_t attributes;
    struct co_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return -ENOMEM;
    sink->path = path;
    sink->uid = owner ? owner->uid : geteuid();
    sink->gid = owner ? owner->gid : getegid();
    sink->pending = sink->batch = CO_BUF(PENDING_MAX);
    pthread_mutex_init(&sink->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sink->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    co_sink_reopen_by(sink, co_sink_file, sink);
    int rc = target_open(sink);
    if (rc < 0)
        sink_free(sink);
    else
        *ret = sink;
    return rc;
}

int co_sink_start(struct co_sink *sink)
{
    int rc = -pthread_create(&sink->thread, NULL, write_lines, sink);
    sink->started = rc == 0;
    return rc;
}

void co_sink_reopen_by(struct co_sink *sink, int (*open)(void *arg), void *arg)
{
    sink->open = open;
    sink->open_arg = arg;
}

struct co_buf *co_sink_begin(struct co_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    sink->line_start = sink->pending.size;
    return &sink->pending;
}

void co_sink_end(struct co_sink *sink)
{
    size_t before = sink->line_start;
    if (sink->pending.error) {
        sink->pending.size = before;
        sink->pending.error = 0;
        sink->dropped++;
    }
    bool first = before == 0 && sink->pending.size > 0;
    bool hurry = before < HURRY_BYTES && sink->pending.size >= HURRY_BYTES;
    if (first || hurry)
        pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->lock);
}

static void tell(struct co_sink *sink, bool *what)
{
    pthread_mutex_lock(&sink->lock);
    *what = true;
    pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->lock);
}

void co_sink_reopen(struct co_sink *sink)
{
    tell(sink, &sink->reopen);
}

void co_sink_close(struct co_sink *sink)
{
    if (!sink)
        return;
    if (!sink->started && co_sink_start(sink) < 0) {
        sink_free(sink);
        return;
    }
    tell(sink, &sink->stop);
    const struct timespec until = after_ms(CLOSE_MS);
    int rc = 0;
    pthread_mutex_lock(&sink->lock);
    while (!sink->ended && rc == 0)
        rc = pthread_cond_timedwait(&sink->wake, &sink->lock, &until);
    bool ended = sink->ended;
    pthread_mutex_unlock(&sink->lock);
    if (!ended) { /* it hangs in a write, and keeps what it uses until the process ends */
        co_error("log %s: its reader is stuck; the last lines are lost", sink->path);
        return;
    }
    pthread_join(sink->thread, NULL);
    sink_free(sink);
}
