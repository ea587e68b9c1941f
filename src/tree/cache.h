/* SPDX-License-Identifier: MIT */
/*
 * A cache of open and small files of one tree, for one shard.
 *
 * What changes on disk is seen by the next request: an entry is used only when its path has been
 * looked up again since input last arrived (rt->input_serial), so that a batch of requests that
 * came together shares one look-up (and a pipelined burst costs one), while a request that came
 * after a change always sees it. A file changed less than CO_TREE_SETTLED_NS before it was read is
 * not trusted the second time: two changes within one tick of the file system's clock look alike.
 * Folders are opened each time.
 *
 * Bounded by entries and bytes; the least recently used goes first. An entry in use (referenced)
 * outlives its place in the cache. Descriptors are closed when nobody has used them for a while: a
 * removed file keeps the disk's room as long as it is open.
 */
#ifndef CO_TREE_CACHE_H
#define CO_TREE_CACHE_H

#include "tree/tree.h"

#define CO_TREE_CACHE_ENTRIES 1024        /* per shard */
#define CO_TREE_CACHE_BYTES   (32u << 20) /* of content, and what is made of it, per shard */
#define CO_TREE_CACHE_OPEN    128 /* of the entries may hold a descriptor: others need some */
#define CO_TREE_CACHE_OPEN_NS (10 * CO_SECOND) /* then one that nobody used is closed */
#define CO_TREE_INLINE_MAX    (64u << 10)      /* larger files are kept open, not read */
#define CO_TREE_SETTLED_NS    20000000LL       /* two ticks of the coarsest clock (HZ=100) */

struct co_tree_cache;

struct co_tree_file {
    struct co_tree_stat stat;
    char *bytes; /* the whole content when small, else NULL */
    int fd;      /* open when not small or a folder, else -1 */
    /* What the user of the cache made of the file (a response head, say), freed by `free_made` with
     * the entry. NULL at first. What is large in it is to be told to co_tree_cache_grow. */
    void *made;
    void (*free_made)(void *made);
};

int co_tree_cache_new(struct co_tree_cache **ret, struct co_tree *tree); /* inside a fiber */
void co_tree_cache_free(struct co_tree_cache *cache);

/*
 * The file or folder at the path, opened, or read if small. Suspends when it is cold. Small content
 * is as long as its stat says: a file that changes while it is read is read again, a few times, and
 * then given with fd only; an fd's content may change at any time, `stat` tells what it was. ret: a
 * reference; give it back with co_tree_cache_release. Returns as co_tree_open_path. Misses
 * (-ENOENT) are not cached.
 */
int co_tree_cache_get(struct co_tree_cache *cache, co_text path, struct co_tree_file **ret);
/* What was made of the file keeps so many more bytes, as long as it is in the cache. */
void co_tree_cache_grow(struct co_tree_cache *cache, struct co_tree_file *file, size_t bytes);

void co_tree_cache_release(struct co_tree_cache *cache, struct co_tree_file *file);

#endif
