/* SPDX-License-Identifier: MIT */
/*
 * A file in segments: parts of one version, got at once.
 *
 * They are written to their places in one partial file, behind whose end lies a map of what has
 * come. The bytes are on the disk before the map says so; so what a map says is true, whenever the
 * process or the machine ended. The map is of the version that the partial file's name stands for,
 * as all that is asked for, and the source compares what it brings with it: two versions are never
 * spliced.
 */
#include "base/map.h"
#include "coronet/fiber.h"
#include "transfer/downloading.h"

#include <errno.h>
#include <stdlib.h>

#define SEGMENTS_MAX 16
#define SEGMENT_MIN  (256U << 10) /* bytes: less is not worth a request */
#define SAVE_BYTES   (4U << 20)   /* that a kill may cost */
#define SAVE_NS      CO_SECOND    /* likewise, of a slow download */
#define SAVE_LAST_MS 10000        /* for the last map, when all has to end */
#define MAP_MARK     0x31706d67733c6f63

/* As it lies behind the file's end. */
struct map {
    uint64_t mark, size, count;
    struct co_download_span segments[SEGMENTS_MAX];
    uint64_t sum; /* of all before it */
};

struct co_download_parts {
    struct co_download *download;
    const struct co_version *version;
    const struct co_download_source *source;
    struct co_upload *file;
    struct map map;
    uint64_t missing, resumed;
    uint64_t unsaved;
    int64_t saved_ns;
    bool is_saving;
    bool is_void; /* what has come is of no use: it is to be got as a whole */
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
    uint64_t start = 0;
    for (size_t i = 0; i < map->count; start = map->segments[i++].end)
        if (map->segments[i].at < start || map->segments[i].at > map->segments[i].end)
            return false;
    return start == size;
}

static void divide(struct map *map, uint64_t size, unsigned wanted)
{
    uint64_t most = size / SEGMENT_MIN;
    *map = (struct map){.mark = MAP_MARK, .size = size};
    map->count = most < 1 ? 1 : wanted < most ? wanted : most;
    map->count = map->count < SEGMENTS_MAX ? map->count : SEGMENTS_MAX;
    uint64_t each = size / map->count;
    for (size_t i = 0; i < map->count; i++)
        map->segments[i] =
            (struct co_download_span){i * each, i + 1 == map->count ? size : (i + 1) * each};
}

/* What came after the copy was made is for the next map. */
static int save(struct co_download_parts *parts)
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

static int save_now_and_then(struct co_download_parts *parts, size_t more)
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

int co_download_part_take(struct co_download_part *part, const void *bytes, size_t size)
{
    struct co_download_parts *parts = part->parts;
    struct co_download_span *missing = part->missing;
    uint64_t left = missing->end - missing->at;
    size = size < left ? size : (size_t)left;
    int rc = co_upload_write_at(parts->file, bytes, size, missing->at);
    if (rc < 0)
        return rc;
    missing->at += size;
    parts->missing -= size;
    co_download_tell(parts->download, parts->map.size - parts->missing, parts->resumed,
        (int64_t)parts->map.size);
    rc = save_now_and_then(parts, size);
    return rc == 0 && size == left ? 1 : rc;
}

static int run_part(void *arg)
{
    struct co_download_part *part = arg;
    const struct co_download_source *source = part->parts->source;
    int rc = source->bring(source->arg, part);
    part->parts->is_void |= rc == CO_DOWNLOAD_WHOLE || rc == CO_ECHANGED;
    return rc == CO_DOWNLOAD_WHOLE ? CO_EEOF : rc;
}

static struct co_download_part part_of(struct co_download_parts *parts, size_t nth)
{
    struct co_download_span *segments = parts->map.segments;
    return (struct co_download_part){
        parts, parts->file, nth > 0 ? segments[nth - 1].end : 0, &segments[nth]};
}

/* One that fails ends the others: the next try goes on with all. */
static int run_all(struct co_download_parts *parts)
{
    unsigned wanted = parts->download->segments;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.children_max = wanted ? wanted : 1});
    for (size_t i = 0; i < parts->map.count; i++) {
        struct co_download_part part = part_of(parts, i);
        if (part.missing->at < part.missing->end)
            co_go_copy(&group, run_part, &part);
    }
    return co_group_close(&group);
}

static int check(struct co_download_parts *parts)
{
    const struct co_download_source *source = parts->source;
    struct co_download_part all[SEGMENTS_MAX];
    for (size_t i = 0; i < parts->map.count; i++)
        all[i] = part_of(parts, i);
    int rc = source->check ? source->check(source->arg, all, parts->map.count) : 0;
    parts->is_void |= rc == CO_ECHANGED;
    return rc;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* offset: 0 to begin anew. */
static struct co_upload_options options_of(
    const struct co_download_parts *parts, co_text uploader, uint64_t offset)
{
    return (struct co_upload_options){
        .start = offset > 0 ? CO_UPLOAD_RESUME : CO_UPLOAD_ANEW,
        .offset = offset,
        .uploader = uploader,
        .partial_only = true,
        .fresh = !co_download_replaces(parts->download),
    };
}

/* The bytes of the partial file that may be gone on with; 0: there is none. */
static uint64_t size_there(const struct co_download_parts *parts, co_text uploader)
{
    const struct co_download *download = parts->download;
    uint64_t size;
    bool is_there =
        download->resume && co_upload_partial(download->tree, download->path, uploader, &size) == 0;
    return is_there ? size : 0;
}

static int open_at(struct co_download_parts *parts, co_text uploader, uint64_t offset)
{
    const struct co_download *download = parts->download;
    struct co_upload_options options = options_of(parts, uploader, offset);
    return co_upload_open(&parts->file, download->tree, download->path, &options);
}

/* Goes on with what is there. 1: there is nothing to go on with. */
static int open_old(struct co_download_parts *parts, co_text uploader)
{
    struct map map;
    uint64_t size = (uint64_t)parts->version->size, there = size_there(parts, uploader);
    if (there != size + sizeof map || open_at(parts, uploader, there) < 0)
        return 1;
    if (co_upload_read_at(parts->file, &map, sizeof map, size) == sizeof map &&
        is_sound(&map, size)) {
        parts->map = map;
        return 0;
    }
    co_upload_abort(parts->file, false);
    return 1;
}

/* Makes the file whose first bytes are here the one of all parts. */
static int begin(struct co_download_parts *parts, uint64_t here)
{
    struct map *map = &parts->map;
    uint64_t size = (uint64_t)parts->version->size;
    divide(map, size, parts->download->segments);
    for (size_t i = 0; i < map->count && map->segments[i].at < here; i++)
        map->segments[i].at = here < map->segments[i].end ? here : map->segments[i].end;
    int rc = co_upload_resize(parts->file, size + sizeof *map);
    if (rc == 0)
        rc = save(parts);
    if (rc < 0)
        co_upload_abort(parts->file, false);
    return rc;
}

/* Goes on with what was begun without parts, whose partial file it stays. 1: as open_old. */
static int open_begun(struct co_download_parts *parts)
{
    co_text uploader = co_buf_text(&parts->version->name);
    uint64_t here = size_there(parts, uploader);
    if (here == 0 || here > (uint64_t)parts->version->size || open_at(parts, uploader, here) < 0)
        return 1;
    return begin(parts, here);
}

static int open_new(struct co_download_parts *parts, co_text uploader)
{
    int rc = open_at(parts, uploader, 0);
    return rc < 0 ? rc : begin(parts, 0);
}

/* All has come: the map goes. */
static int finish(struct co_download_parts *parts)
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

static int run(struct co_download_parts *parts)
{
    parts->missing = missing_of(&parts->map);
    parts->resumed = parts->map.size - parts->missing;
    parts->saved_ns = co_now_ns();
    int rc = run_all(parts);
    if (rc == 0)
        rc = check(parts);
    if (rc == 0)
        return finish(parts);
    co_scope grace;
    co_scope_shield(&grace, SAVE_LAST_MS);
    bool kept = !parts->is_void && save(parts) == 0;
    (void)co_scope_close(&grace);
    if (co_upload_abort(parts->file, kept) > 0)
        parts->download->kept = parts->map.size - missing_of(&parts->map);
    return rc;
}

static bool is_wanted(const struct co_download *download, const struct co_version *version)
{
    return download->segments > 1 && version->size >= 2 * SEGMENT_MIN;
}

static int open_and_run(struct co_download_parts *parts, co_text uploader)
{
    parts->map.size = (uint64_t)parts->version->size;
    bool wanted = is_wanted(parts->download, parts->version);
    int rc = open_old(parts, uploader);
    if (rc == 1)
        rc = open_old(parts, co_buf_text(&parts->version->name));
    if (rc == 1 && wanted)
        rc = open_begun(parts);
    if (rc == 1 && wanted)
        rc = open_new(parts, uploader);
    if (rc == 0)
        rc = run(parts);
    return parts->is_void ? CO_DOWNLOAD_WHOLE : rc;
}

bool co_download_may_segment(const struct co_download *download, const struct co_version *version)
{
    return version->name.size > 0 && (download->resume || is_wanted(download, version));
}

int co_download_segments(struct co_download *download, const struct co_version *version,
    const struct co_download_source *source)
{
    if (!co_download_may_segment(download, version))
        return 1;
    struct co_download_parts *parts = calloc(1, sizeof *parts);
    struct co_buf uploader = CO_BUF(version->name.size_max + 16);
    if (!parts)
        return -ENOMEM;
    *parts = (struct co_download_parts){.download = download, .version = version, .source = source};
    co_buf_add_text(&uploader, co_buf_text(&version->name));
    co_buf_add_string(&uploader, "\nsegments");
    int rc = uploader.error ? uploader.error : open_and_run(parts, co_buf_text(&uploader));
    co_buf_free(&uploader);
    free(parts);
    return rc;
}
