/* SPDX-License-Identifier: MIT */
/*
 * One confined look-up: the only place where a path of the tree meets the kernel.
 *
 * The rooms of this floor go through it; floors above use tree.h.
 */
#ifndef CO_TREE_LOOKUP_H
#define CO_TREE_LOOKUP_H

#include "coronet/fiber.h"
#include "tree/tree.h"

#include <sys/stat.h>

#define CO_TREE_SWEPT 64 /* folders whose last sweep a tree remembers (partial.h) */

struct co_tree {
    int root;               /* O_PATH */
    uint64_t device, inode; /* of the root */
    bool hidden;            /* names with a leading dot exist */
    bool resolve_cached;    /* the kernel knows RESOLVE_CACHED (Linux 5.12) */
    bool rename_noreplace;  /* may be tried: not every file system knows it */
    bool link_open;         /* the same of naming a file by its descriptor alone */
    bool at_once;           /* see co_tree_options */
    unsigned rights;        /* enum co_right */
    struct co_quota *quota;
    uint64_t secret[2]; /* keys the names of partial files */
    /* All that changes, and no harm when it is lost: which folders were swept in which hour, and
     * how many jobs still go to the pool since the disk was slow, and whether partial files lie in
     * the folders that nobody works on: a sweep has found some, or an upload has left one. */
    _Atomic uint64_t swept[CO_TREE_SWEPT];
    _Atomic unsigned sweeps; /* under way */
    _Atomic bool has_left;
    _Atomic unsigned slow_jobs;
};

/* May the name be asked for? That it cannot lead out is the kernel's part; "." and ".." are no
 * names in any case, and partial files (partial.h) exist for nobody. */
bool co_lookup_name_exists(co_text name, bool hidden);

/* The same for each name of a path: "" and "a/b/" (a folder) are good; "/a", "a//b", "a/../b" and a
 * NUL within are not. */
bool co_lookup_path_exists(co_text path, bool hidden);

struct co_lookup {
    const struct co_tree *tree;
    const char *path;         /* NUL-terminated, checked by the caller; "." is the root */
    uint64_t flags;           /* of open(2); O_CLOEXEC is added */
    int fd;                   /* result: the caller's to close */
    struct co_tree_stat stat; /* result */
    bool is_missing;          /* result with -ENOENT: so it is, or what a link leads to */
};

/* Looks up without waiting for a disk. 0; -EAGAIN when that could not be done, else as
 * co_lookup_wait. */
int co_lookup_cached(struct co_lookup *lookup);

/* Looks up, waiting for the disk if need be: for a pool thread (arg: struct co_lookup *). 0;
 * -ENOENT also for what leads out of the tree and for what is neither file nor folder; -EBUSY when
 * renames or a lease kept interfering; -errno. */
int co_lookup_wait(void *lookup);

/* Whether this thread may wait for a disk: outside of a runtime. So it may in virtual time, where
 * files are worked on inline: a run depends on its seed, not on what the kernel has cached. */
bool co_lookup_may_wait(void);

/* Runs a blocking function: on a pool thread, or here when this thread may wait. As co_block. */
int co_lookup_offload(co_task *function, void *arg);

/* The same for one that hardly ever waits, if the tree lets it: here as long as the disk is quick.
 */
int co_lookup_offload_slow(struct co_tree *tree, co_task *function, void *arg);

/* The same for cleanup, whose result does not matter: also when the scope has ended or no job can
 * be had. */
void co_lookup_offload_surely(co_task *function, void *arg);

/* What an open descriptor is now. 0, -ENOENT when neither file nor folder, -errno. */
int co_lookup_fstat(int fd, struct co_tree_stat *ret);

/* False, with *ret untouched, when it is neither file nor folder. */
bool co_lookup_convert(const struct stat *st, struct co_tree_stat *ret);

#endif
