/* SPDX-License-Identifier: MIT */
/*
 * A file in segments: parts of one version, got at once.
 *
 * They are written to their places in one partial file, behind whose end lies a map of what has
 * come. The bytes are on the disk before the map says so; so what a map says is true, whenever the
 * process or the machine ended. The map is of the version that the partial file's name stands for,
 * as all that is asked for, and every answer is compared with it: two versions are never spliced.
 */
#include "base/map.h"
#include "coronet/fiber.h"
#include "http/client.h"
#include "transfer/downloading.h"

#include <errno.h>
#include <stdlib.h>

#define SEGMENTS_MAX 16
#define SEGMENT_MIN  (256U << 10) /* bytes: less is not worth a request */
#define SAVE_BYTES   (4U << 20)   /* that a kill may cost */
#define SAVE_NS      CO_SECOND    /* likewise, of a slow download */
#define SAVE_LAST_MS 10000        /* for the last map, when all has to end */
#define MAP_MARK     0x31706d67733c6f63

struct segment {
    uint64_t at, end; /* what is missing: from at on, up to end */
};

/* As it lies behind the file's end. */
struct map {
    uint64_t mark, size, count;
    struct segment segments[SEGMENTS_MAX];
    uint64_t sum; /* of all before it */
};

struct parts {
    struct co_download *download;
    const struct co_version *version;
    co_http_response *first; /* the answer to the whole, for the segment that begins it */
    struct co_upload *file;
    struct map map;
    uint64_t missing, resumed;
    uint64_t unsaved;
    int64_t saved_ns;
    bool is_saving;
    bool no_ranges; /* the server sends the whole when asked for a part */
};

struct part {
    struct parts *parts;
    struct segment *segment;
};

/* ---- the map -------------------------------------------------------------------------------- */

static uint64_t sum_of(const struct map *map)
{
    static const uint64_t key[2] = {MAP_MARK, SEGMENTS_MAX};
    return co_siphash(key, map, offsetof(struct map, sum));
}

static uint64_t missing_of(const struct map *map)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < map->count; i++)
        missing += map->segments[i].end - map->segments[i].at;
    return missing;
}

static bool is_sound(const struct map *map, uint64_t size)
{
    if (map->mark != MAP_MARK || map->size != size || map->count == 0 ||
        map->count > SEGMENTS_MAX || map->sum != sum_of(map))
        return false;
    for (size_t i = 0; i < map->count; i++)
        if (map->segments[i].at > map->segments[i].end || map->segments[i].end > size)
            return false;
    return true;
}

static void divide(struct map *map, uint64_t size, unsigned wanted)
{
    uint64_t most = size / SEGMENT_MIN;
    *map = (struct map){.mark = MAP_MARK, .size = size};
    map->count = most < 1 ? 1 : wanted < most ? wanted : most;
    map->count = map->count < SEGMENTS_MAX ? map->count : SEGMENTS_MAX;
    uint64_t each = size / map->count;
    for (size_t i = 0; i < map->count; i++)
        map->segments[i] = (struct segment){i * each, i + 1 == map->count ? size : (i + 1) * each};
}

/* What came after the copy was made is for the next map. */
static int save(struct parts *parts)
{
    struct map map = parts->map;
    map.sum = sum_of(&map);
    parts->unsaved = 0;
    int rc = parts->download->no_sync ? 0 : co_upload_sync(parts->file);
    if (rc == 0)
        rc = co_upload_write_at(parts->file, &map, sizeof map, map.size);
    parts->saved_ns = co_now_ns();
    return rc;
}

static int save_now_and_then(struct parts *parts, size_t more)
{
    parts->unsaved += more;
    if (parts->is_saving ||
        (parts->unsaved < SAVE_BYTES && co_now_ns() - parts->saved_ns < SAVE_NS))
        return 0;
    parts->is_saving = true;
    int rc = save(parts);
    parts->is_saving = false;
    return rc;
}

/* ---- a segment ------------------------------------------------------------------------------ */

/* Stores what comes, up to the segment's end. */
static int receive(struct part *part, co_http_response *response)
{
    struct parts *parts = part->parts;
    struct segment *segment = part->segment;
    while (segment->at < segment->end) {
        co_text piece;
        ssize_t n = co_http_response_next(response, &piece);
        if (n <= 0)
            return n < 0 ? (int)n : CO_EEOF;
        uint64_t left = segment->end - segment->at;
        size_t size = piece.size < left ? piece.size : (size_t)left;
        int rc = co_upload_write_at(parts->file, piece.at, size, segment->at);
        if (rc < 0)
            return rc;
        segment->at += size;
        parts->missing -= size;
        co_download_tell(parts->download, parts->map.size - parts->missing, parts->resumed,
            (int64_t)parts->map.size);
        rc = save_now_and_then(parts, size);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int no_part(struct parts *parts, bool whole)
{
    parts->no_ranges = whole;
    return co_fail(CO_EEOF, whole ? "the server gives no parts of the file"
                                  : "the server has another version of the file now");
}

static int run_part(void *arg)
{
    struct part *part = arg;
    struct parts *parts = part->parts;
    const uint64_t range[2] = {part->segment->at, part->segment->end - 1};
    co_http_response *response;
    bool whole = false;
    if (parts->first && range[0] == 0)
        return receive(part, parts->first);
    int rc = co_download_ask(parts->download, parts->version, range, &response, &whole);
    if (rc < 0)
        return rc;
    if (!response)
        return no_part(parts, whole);
    rc = receive(part, response);
    co_http_response_close(response);
    return rc;
}

/* One that fails ends the others: the next try goes on with all. */
static int run_all(struct parts *parts)
{
    unsigned wanted = parts->download->segments;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.children_max = wanted ? wanted : 1});
    for (size_t i = 0; i < parts->map.count; i++) {
        struct part part = {parts, &parts->map.segments[i]};
        if (part.segment->at < part.segment->end)
            co_go_copy(&group, run_part, &part);
    }
    return co_group_close(&group);
}

/* ---- the file ------------------------------------------------------------------------------- */

static struct co_upload_options options_of(const struct parts *parts, co_text uploader, bool resume)
{
    return (struct co_upload_options){
        .start = resume ? CO_UPLOAD_RESUME : CO_UPLOAD_ANEW,
        .offset = resume ? parts->map.size + sizeof parts->map : 0,
        .uploader = uploader,
        .partial_only = true,
        .fresh = !co_download_replaces(parts->download),
    };
}

/* Goes on with what is there. 1: there is nothing to go on with. */
static int open_old(struct parts *parts, co_text uploader)
{
    struct map map;
    uint64_t size = (uint64_t)parts->version->size, there = 0;
    const struct co_download *download = parts->download;
    if (!download->resume ||
        co_upload_partial(download->tree, download->path, uploader, &there) < 0 ||
        there != size + sizeof map)
        return 1;
    struct co_upload_options options = options_of(parts, uploader, true);
    if (co_upload_open(&parts->file, download->tree, download->path, &options) < 0)
        return 1;
    if (co_upload_read_at(parts->file, &map, sizeof map, size) == sizeof map &&
        is_sound(&map, size)) {
        parts->map = map;
        return 0;
    }
    co_upload_abort(parts->file, false);
    return 1;
}

static int open_new(struct parts *parts, co_text uploader)
{
    const struct co_download *download = parts->download;
    uint64_t size = (uint64_t)parts->version->size;
    struct co_upload_options options = options_of(parts, uploader, false);
    int rc = co_upload_open(&parts->file, download->tree, download->path, &options);
    if (rc < 0)
        return rc;
    divide(&parts->map, size, download->segments);
    rc = co_upload_resize(parts->file, size + sizeof parts->map);
    if (rc == 0)
        rc = save(parts);
    if (rc < 0)
        co_upload_abort(parts->file, false);
    return rc;
}

/* All has come: the map goes. */
static int finish(struct parts *parts)
{
    const struct co_download *download = parts->download;
    int rc = co_upload_resize(parts->file, parts->map.size);
    if (rc == 0)
        rc = co_download_verify(download, parts->file);
    if (rc == 0) {
        co_download_date(download, parts->version, parts->file);
        return co_upload_commit(parts->file, !download->no_sync);
    }
    co_upload_abort(parts->file, false);
    return rc;
}

static int run(struct parts *parts)
{
    parts->missing = missing_of(&parts->map);
    parts->resumed = parts->map.size - parts->missing;
    parts->saved_ns = co_now_ns();
    if (parts->resumed > 0)
        parts->first = NULL;
    int rc = run_all(parts);
    if (rc == 0)
        return finish(parts);
    co_scope grace;
    co_scope_shield(&grace, SAVE_LAST_MS);
    bool kept = !parts->no_ranges && save(parts) == 0;
    (void)co_scope_close(&grace);
    if (co_upload_abort(parts->file, kept) > 0)
        parts->download->kept = parts->map.size - missing_of(&parts->map);
    return rc;
}

static bool is_wanted(const struct co_download *download, const struct co_version *version)
{
    return download->segments > 1 && version->size >= 2 * SEGMENT_MIN;
}

static int open_and_run(struct parts *parts, co_text uploader)
{
    parts->map.size = (uint64_t)parts->version->size;
    int rc = open_old(parts, uploader);
    if (rc == 1 && is_wanted(parts->download, parts->version))
        rc = open_new(parts, uploader);
    if (rc == 0)
        rc = run(parts);
    return parts->no_ranges ? CO_DOWNLOAD_WHOLE : rc;
}

int co_download_segments(
    struct co_download *download, const struct co_version *version, co_http_response *response)
{
    if (version->name.size == 0 || (!download->resume && !is_wanted(download, version)))
        return 1;
    struct parts *parts = calloc(1, sizeof *parts);
    struct co_buf uploader = CO_BUF(version->name.size_max + 16);
    if (!parts)
        return -ENOMEM;
    *parts = (struct parts){.download = download, .version = version, .first = response};
    co_buf_add_text(&uploader, co_buf_text(&version->name));
    co_buf_add_string(&uploader, "\nsegments");
    int rc = uploader.error ? uploader.error : open_and_run(parts, co_buf_text(&uploader));
    co_buf_free(&uploader);
    free(parts);
    return rc;
}
