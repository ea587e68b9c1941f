/* SPDX-License-Identifier: MIT */
/* A file in segments: what its map says is on the disk, whenever the power goes. */
#include "fibers.h"

#include "transfer/downloading.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE  (9U << 20) /* bytes: some maps are written meanwhile */
#define PIECE 65536U
#define PARTS 3

/* ---- the disk ------------------------------------------------------------------------------- */

/* What of the file was written and what of that has been synced, a byte for each piece. */
static struct {
    pthread_mutex_t lock;
    bool written[SIZE / PIECE], synced[SIZE / PIECE];
    unsigned maps, syncs;
    uint64_t told; /* bytes that the last map says are here */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* As segments.c lays it behind the file. */
struct map {
    uint64_t mark, size, count;
    struct co_download_span segments[16];
    uint64_t sum;
};

static void check_map(const struct map *map, bool is_synced)
{
    uint64_t start = 0;
    disk.maps++;
    disk.told = 0;
    for (uint64_t i = 0; i < map->count; start = map->segments[i++].end) {
        disk.told += map->segments[i].at - start;
        for (uint64_t at = start; at < map->segments[i].at; at += PIECE)
            CHECK(!is_synced || disk.synced[at / PIECE]);
    }
}

/* These stand in libc's place. */
int fsync(int fd)
{
    bool written[SIZE / PIECE];
    pthread_mutex_lock(&disk.lock);
    memcpy(written, disk.written, sizeof written);
    pthread_mutex_unlock(&disk.lock);
    int rc = (int)syscall(SYS_fsync, fd);
    pthread_mutex_lock(&disk.lock);
    disk.syncs++;
    memcpy(disk.synced, written, sizeof written);
    pthread_mutex_unlock(&disk.lock);
    return rc;
}

ssize_t pwritev2(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
    (void)fd, (void)pieces, (void)count, (void)offset, (void)flags;
    errno = EAGAIN; /* so that all is written by pwrite */
    return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    pthread_mutex_lock(&disk.lock);
    if (offset == SIZE)
        check_map(bytes, disk.syncs > 0);
    else
        disk.written[(size_t)offset / PIECE] = true;
    pthread_mutex_unlock(&disk.lock);
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

/* ---- the file ------------------------------------------------------------------------------- */

static struct {
    char folder[64], path[80];
    struct co_tree *tree;
    uint64_t brought;    /* bytes */
    uint64_t part_bytes; /* after which the second part breaks off; 0: never */
} site;

static int site_open(void)
{
    memset(&site, 0, sizeof site);
    memset(disk.written, 0, sizeof disk.written);
    memset(disk.synced, 0, sizeof disk.synced);
    disk.maps = disk.syncs = 0;
    strcpy(site.folder, "/tmp/coronet-segments-XXXXXX");
    REQUIRE(mkdtemp(site.folder));
    snprintf(site.path, sizeof site.path, "%s/a", site.folder);
    const struct co_tree_options whole = {.hidden = true, .rights = CO_MAY_ALL};
    return co_tree_open(&site.tree, site.folder, &whole);
}

/* Nothing else may lie in the folder. */
static int site_close(void)
{
    co_tree_free(site.tree);
    unlink(site.path);
    CHECK_INT(rmdir(site.folder), 0);
    return 0;
}

static void fill(char *piece, uint64_t offset)
{
    memset(piece, (int)(1 + offset / PIECE % 251), PIECE);
}

/* Each has bytes of its own, as a pool thread may be writing them. */
static int bring(void *arg, struct co_download_part *part)
{
    char *piece = malloc(PIECE);
    int rc = piece ? 0 : -ENOMEM;
    (void)arg;
    while (rc == 0) {
        uint64_t at = part->missing->at;
        if (site.part_bytes && part->start > 0 && at - part->start >= site.part_bytes)
            break;
        fill(piece, at);
        site.brought += PIECE;
        rc = co_download_part_take(part, piece, PIECE);
    }
    free(piece);
    return rc == 0 ? CO_EEOF : rc < 0 ? rc : 0;
}

static int download(struct co_download *download)
{
    const struct co_download_source source = {.bring = bring};
    struct co_version version = {.name = CO_BUF(64), .size = SIZE, .modified = CO_DOWNLOAD_NO_TIME};
    download->tree = site.tree;
    download->path = CO_TEXT("a");
    download->segments = PARTS;
    co_buf_add_string(&version.name, "one");
    int rc = co_download_segments(download, &version, &source);
    co_buf_free(&version.name);
    return rc;
}

static bool is_whole(void)
{
    static char piece[PIECE], right[PIECE];
    FILE *file = fopen(site.path, "rb");
    bool good = file != NULL;
    for (uint64_t at = 0; good && at < SIZE; at += PIECE) {
        fill(right, at);
        good = fread(piece, 1, PIECE, file) == PIECE && memcmp(piece, right, PIECE) == 0;
    }
    good = good && fgetc(file) == EOF;
    if (file)
        fclose(file);
    return good;
}

FIBER_TEST(what_a_map_says_is_on_the_disk)
{
    REQUIRE(site_open() == 0);
    CHECK_INT(download(&(struct co_download){0}), 0);
    CHECK(is_whole());
    CHECK(disk.maps >= 2 && disk.syncs > disk.maps);
    return site_close();
}

FIBER_TEST(without_sync_nothing_waits_for_the_disk)
{
    REQUIRE(site_open() == 0);
    CHECK_INT(download(&(struct co_download){.no_sync = true}), 0);
    CHECK(is_whole());
    CHECK(disk.maps >= 2);
    CHECK_INT(disk.syncs, 0);
    return site_close();
}

FIBER_TEST(what_broke_off_is_told_by_the_last_map)
{
    struct co_download broken = {0};
    REQUIRE(site_open() == 0);
    site.part_bytes = 1U << 20;
    CHECK_INT(download(&broken), CO_EEOF);
    CHECK(disk.told >= 1U << 20);
    CHECK_INT(broken.kept, disk.told);
    uint64_t told = disk.told;
    site.part_bytes = site.brought = 0;
    CHECK_INT(download(&(struct co_download){.resume = true}), 0);
    CHECK_INT(site.brought, SIZE - told);
    CHECK(is_whole());
    return site_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_map_says_is_on_the_disk),
        cmocka_unit_test(without_sync_nothing_waits_for_the_disk),
        cmocka_unit_test(what_broke_off_is_told_by_the_last_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
