/* SPDX-License-Identifier: MIT */
#include "tree/cache.h"

#include "base/list.h"
#include "base/map.h"
#include "runtime/rt.h"
#include "tree/lookup.h"

#include <errno.h>
#include <stdlib.h>

#define READ_TRIES_MAX                                                                             \
 3 /* a file that still changes then is being written: keep it open instead                        \
    */

/* Some file systems (FAT, ext3, old NFS) keep whole seconds, FAT even ones only. */
#define COARSE_SETTLED_NS (2 * CO_SECOND + CO_TREE_SETTLED_NS)

/* Entries of a kind, the most recently used first. */
struct shelf {
    struct co_link entries;
    size_t count, count_max;
};

/* Closes descriptors that nobody uses, of all caches of one runtime. A cache may outlive that. */
struct closer {
    struct co_kept kept;
    struct co_timer timer;
    struct co_link caches;
};

struct co_tree_cache {
    struct co_tree *tree;
    struct co_map paths;
    struct shelf read, open; /* small files' content; large files' descriptors */
    size_t bytes;            /* of all entries */
    struct closer *closer;
    struct co_link link; /* among the closer's caches, until its runtime ends */
};

struct entry {
    struct co_tree_file file;
    struct co_link link;
    struct shelf *shelf;       /* NULL: not, or no longer, in the cache */
    size_t bytes;              /* of content in memory, and of what was made of it */
    int64_t used_ns;           /* when it was last given out */
    uint64_t validated_serial; /* rt->input_serial before the look-up that found it so */
    unsigned references;       /* the cache's own is one */
    bool settled;
    uint32_t path_size;
    char path[];
};

static co_text entry_path(const struct entry *entry)
{
    return (co_text){entry->path, entry->path_size};
}

static struct entry *entry_new(co_text path, uint64_t serial)
{
    if (path.size > CO_TREE_PATH_MAX)
        return NULL;
    struct entry *entry = malloc(sizeof *entry + path.size);
    if (!entry)
        return NULL;
    *entry = (struct entry){
        .file.fd = -1,
        .used_ns = co_rt_current()->now,
        .validated_serial = serial,
        .references = 1,
        .path_size = (uint32_t)path.size,
    };
    if (path.size > 0)
        memcpy(entry->path, path.at, path.size);
    return entry;
}

static void entry_release(struct entry *entry)
{
    assert(entry->references > 0);
    if (--entry->references > 0)
        return;
    if (entry->file.made && entry->file.free_made)
        entry->file.free_made(entry->file.made);
    co_tree_close(entry->file.fd);
    free(entry->file.bytes);
    free(entry);
}

/* ---- places in the cache ------------------------------------------------------------------ */

static void cache_drop(struct co_tree_cache *cache, struct entry *entry)
{
    if (!entry->shelf)
        return;
    co_map_remove(&cache->paths, entry_path(entry));
    co_list_remove(&entry->link);
    entry->shelf->count--;
    entry->shelf = NULL;
    cache->bytes -= entry->bytes;
    entry_release(entry);
}

static struct entry *shelf_last(const struct shelf *shelf)
{
    return CO_CONTAINER(shelf->entries.prev, struct entry, link);
}

static void shelf_drop_last(struct co_tree_cache *cache, struct shelf *shelf)
{
    cache_drop(cache, shelf_last(shelf));
}

/* Only what was read has bytes to speak of. */
static void cache_shrink(struct co_tree_cache *cache)
{
    while (cache->bytes > CO_TREE_CACHE_BYTES && !co_list_empty(&cache->read.entries))
        shelf_drop_last(cache, &cache->read);
}

/* Puts a loaded file in, in place of what another fiber may have put there meanwhile. Without
 * memory for its place it is still good for this once. */
static void cache_add(struct co_tree_cache *cache, struct entry *entry)
{
    struct entry *before = co_map_get(&cache->paths, entry_path(entry));
    if (before)
        cache_drop(cache, before);
    if (co_map_set(&cache->paths, entry_path(entry), entry) < 0)
        return;
    entry->references++;
    entry->shelf = entry->file.bytes ? &cache->read : &cache->open;
    co_list_prepend(&entry->shelf->entries, &entry->link);
    entry->shelf->count++;
    entry->bytes = entry->file.bytes ? (size_t)entry->file.stat.size : 0;
    cache->bytes += entry->bytes;
    while (entry->shelf->count > entry->shelf->count_max)
        shelf_drop_last(cache, entry->shelf);
    cache_shrink(cache);
    if (entry->shelf == &cache->open && cache->closer->timer.due == CO_NEVER)
        co_timer_set(
            co_rt_current(), &cache->closer->timer, entry->used_ns + CO_TREE_CACHE_OPEN_NS);
}

static void entry_touch(struct entry *entry)
{
    entry->used_ns = co_rt_current()->now;
    if (!entry->shelf || entry->shelf->entries.next == &entry->link)
        return;
    co_list_remove(&entry->link);
    co_list_prepend(&entry->shelf->entries, &entry->link);
}

/* ---- descriptors that nobody uses --------------------------------------------------------- */

static const char closer_key;

/* When the next one is due; CO_NEVER: none is open. */
static int64_t close_unused(struct co_tree_cache *cache, int64_t now)
{
    struct shelf *open = &cache->open;
    while (!co_list_empty(&open->entries)) {
        int64_t due = shelf_last(open)->used_ns + CO_TREE_CACHE_OPEN_NS;
        if (due > now)
            return due;
        shelf_drop_last(cache, open);
    }
    return CO_NEVER;
}

static void closer_fire(struct co_rt *rt, struct co_timer *timer)
{
    struct closer *closer = CO_CONTAINER(timer, struct closer, timer);
    int64_t first = CO_NEVER;
    for (struct co_link *at = closer->caches.next; at != &closer->caches; at = at->next) {
        int64_t due = close_unused(CO_CONTAINER(at, struct co_tree_cache, link), rt->now);
        if (due < first)
            first = due;
    }
    if (first != CO_NEVER)
        co_timer_set(rt, timer, first);
}

/* The runtime ends, and its timers with it. */
static void closer_free(struct co_kept *kept)
{
    struct closer *closer = CO_CONTAINER(kept, struct closer, kept);
    while (co_list_pop(&closer->caches))
        ;
    free(closer);
}

static struct closer *closer_of(struct co_rt *rt)
{
    struct co_kept *kept = co_rt_kept(rt, &closer_key);
    if (kept)
        return CO_CONTAINER(kept, struct closer, kept);
    struct closer *closer = malloc(sizeof *closer);
    if (!closer || co_timer_reserve(rt) < 0) {
        free(closer);
        return NULL;
    }
    closer->kept = (struct co_kept){.key = &closer_key, .free = closer_free};
    co_timer_init(&closer->timer, closer_fire);
    co_list_init(&closer->caches);
    co_rt_keep(rt, &closer->kept);
    return closer;
}

/* ---- loading ------------------------------------------------------------------------------ */

/* Whether any change after `read_ns`, the calendar time before the file was looked at, must show in
 * its times. A time in the future (a clock that is off) never settles: slow, but right. */
static bool is_settled(const struct co_tree_stat *stat, int64_t read_ns)
{
    int64_t last = stat->changed_ns > stat->modified_ns ? stat->changed_ns : stat->modified_ns;
    bool coarse = stat->changed_ns % CO_SECOND == 0;
    return read_ns - last >= (coarse ? COARSE_SETTLED_NS : CO_TREE_SETTLED_NS);
}

/* Fills `bytes`. The count, less than `size` at the file's end, or -errno. */
static ssize_t read_all(int fd, char *bytes, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = co_tree_read(fd, bytes + got, size - got, got);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* Reads the content once. 1: it is whole and did not change meanwhile; 0: it did, stat is new. */
static int entry_read(struct entry *entry)
{
    struct co_tree_file *file = &entry->file;
    size_t size = (size_t)file->stat.size;
    char *bytes = malloc(size ? size : 1);
    if (!bytes)
        return -ENOMEM;
    struct co_tree_stat after;
    ssize_t got = read_all(file->fd, bytes, size);
    int rc = got < 0 ? (int)got : co_lookup_fstat(file->fd, &after);
    if (rc == 0 && (size_t)got == size && co_tree_stat_equal(&file->stat, &after)) {
        file->bytes = bytes;
        return 1;
    }
    free(bytes);
    if (rc == 0)
        file->stat = after;
    return rc;
}

/* The time by the clock that dates files. Virtual time has nothing to do with it: there, nothing
 * settles. */
static int64_t wall_now(void)
{
    struct co_rt *rt = co_rt_current();
    return rt->backend->is_virtual ? 0 : rt->backend->wall(rt);
}

/* Opens what the path names and reads it if it is small. */
static int entry_load(struct co_tree *tree, struct entry *entry)
{
    struct co_tree_file *file = &entry->file;
    int64_t read_ns = wall_now();
    int rc = co_tree_open_path(tree, entry_path(entry), &file->fd, &file->stat);
    if (rc < 0)
        return rc;
    for (int tries = 0; tries < READ_TRIES_MAX; tries++) {
        if (file->stat.kind == CO_TREE_FOLDER || file->stat.size > CO_TREE_INLINE_MAX)
            break;
        rc = entry_read(entry);
        if (rc < 0)
            return rc;
        if (rc > 0) {
            co_tree_close(file->fd);
            file->fd = -1;
            break;
        }
        read_ns = wall_now();
    }
    entry->settled = is_settled(&file->stat, read_ns);
    return 0;
}

/* ---- the cache ---------------------------------------------------------------------------- */

static void shelf_init(struct shelf *shelf, size_t count_max)
{
    *shelf = (struct shelf){.count_max = count_max};
    co_list_init(&shelf->entries);
}

int co_tree_cache_new(struct co_tree_cache **ret, struct co_tree *tree)
{
    struct closer *closer = closer_of(co_rt_current());
    struct co_tree_cache *cache = closer ? malloc(sizeof *cache) : NULL;
    if (!cache)
        return -ENOMEM;
    uint64_t secret[2];
    co_random(secret, sizeof secret);
    *cache = (struct co_tree_cache){.tree = tree, .closer = closer};
    co_list_append(&closer->caches, &cache->link);
    co_map_init(&cache->paths, secret);
    shelf_init(&cache->read, CO_TREE_CACHE_ENTRIES - CO_TREE_CACHE_OPEN);
    shelf_init(&cache->open, CO_TREE_CACHE_OPEN);
    *ret = cache;
    return 0;
}

void co_tree_cache_free(struct co_tree_cache *cache)
{
    if (!cache)
        return;
    co_list_remove(&cache->link);
    while (!co_list_empty(&cache->read.entries))
        shelf_drop_last(cache, &cache->read);
    while (!co_list_empty(&cache->open.entries))
        shelf_drop_last(cache, &cache->open);
    co_map_free(&cache->paths);
    free(cache);
}

/* Whether the entry, found at another serial, may be used at this one. It leaves the cache if not.
 * The look-up suspends, so that other fibers may drop the entry meanwhile: hold it. */
static bool cache_revalidate(struct co_tree_cache *cache, struct entry *entry, uint64_t serial)
{
    if (entry->settled && co_tree_names(cache->tree, entry_path(entry), &entry->file.stat)) {
        entry->validated_serial = serial;
        return true;
    }
    cache_drop(cache, entry);
    return false;
}

static int cache_load(
    struct co_tree_cache *cache, co_text path, uint64_t serial, struct co_tree_file **ret)
{
    struct entry *entry = entry_new(path, serial);
    if (!entry)
        return path.size > CO_TREE_PATH_MAX ? -ENAMETOOLONG : -ENOMEM;
    int rc = entry_load(cache->tree, entry);
    if (rc < 0) {
        entry_release(entry);
        return rc;
    }
    if (entry->file.stat.kind == CO_TREE_FILE)
        cache_add(cache, entry);
    *ret = &entry->file;
    return 0;
}

int co_tree_cache_get(struct co_tree_cache *cache, co_text path, struct co_tree_file **ret)
{
    uint64_t serial = co_rt_current()->input_serial;
    struct entry *entry = co_map_get(&cache->paths, path);
    if (!entry)
        return cache_load(cache, path, serial, ret);
    entry->references++;
    if (entry->validated_serial != serial && !cache_revalidate(cache, entry, serial)) {
        entry_release(entry);
        return cache_load(cache, path, serial, ret);
    }
    entry_touch(entry);
    *ret = &entry->file;
    return 0;
}

void co_tree_cache_grow(struct co_tree_cache *cache, struct co_tree_file *file, size_t bytes)
{
    struct entry *entry = CO_CONTAINER(file, struct entry, file);
    if (!entry->shelf)
        return;
    entry->bytes += bytes;
    cache->bytes += bytes;
    cache_shrink(cache);
}

void co_tree_cache_release(struct co_tree_cache *cache, struct co_tree_file *file)
{
    (void)cache;
    entry_release(CO_CONTAINER(file, struct entry, file));
}
