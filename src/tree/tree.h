/* SPDX-License-Identifier: MIT */
/*
 * The confined tree: one directory, and nothing but what lies beneath it.
 *
 * Every path is resolved by the kernel beneath the directory's descriptor (openat2 with
 * RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS), so that no spelling of a path and no race with a link
 * leads out; there is no check of strings to get wrong. Relative links within the tree work; links
 * that lead out, and absolute ones, do not exist (-ENOENT), and neither do names that begin with a
 * dot, in any component of what is asked for, unless the tree shows hidden files. (A visible link
 * to a hidden name works: somebody made it for that.) The names of unfinished uploads (upload.h)
 * exist in no tree. Files are opened with O_NONBLOCK and then
 * asked what they are, so a FIFO or device stops nobody; only regular files and directories exist.
 * What is mounted within the tree belongs to it, but for the kernel's own file systems (/proc and
 * the like), whose files are no files. Cold look-ups go to a pool thread: RESOLVE_CACHED tells.
 *
 * Paths are what co_url_path_decode yields: relative, without empty or dot segments (others do not
 * exist), with a trailing slash only where a folder is meant; "" is the root.
 *
 * A tree does not change once open: threads may share it. What its holder may not do fails with
 * -EPERM, in every call below.
 */
#ifndef CO_TREE_H
#define CO_TREE_H

#include "base/base.h"
#include "coronet/account.h"

#define CO_TREE_PATH_MAX 4095 /* bytes: the kernel's PATH_MAX without the NUL */

struct co_tree;

/* What whoever holds the tree may do is an enum co_right. The calls ask, so that no protocol can
 * forget to. */
struct co_tree_options {
    bool hidden;            /* show names that begin with a dot */
    unsigned rights;        /* enum co_right; 0: CO_MAY_BROWSE */
    struct co_quota *quota; /* of what is written; borrowed; NULL: none */
    /* Nobody is served by this thread: what takes a disk a moment, if anything, is done here and
     * not by a pool thread, whose hop costs more; unless the disk turns out to be slow. */
    bool at_once;
};

enum co_tree_kind {
    CO_TREE_FILE,
    CO_TREE_FOLDER,
};

/* What identifies a file's content: any change of it changes one of these. */
struct co_tree_stat {
    enum co_tree_kind kind;
    uint64_t size, inode, device;
    int64_t modified_ns, changed_ns; /* mtime and ctime, ns since 1970 */
    uint32_t mode;                   /* permission bits */
};

/* Opens the directory. Works inside and outside of a fiber. 0, -ENOENT, -ENOTDIR, -EACCES, -ENOMEM;
 * -ENOSYS when the kernel has no openat2 (Linux before 5.6). */
int co_tree_open(
    struct co_tree **ret, const char *directory, const struct co_tree_options *options);
void co_tree_free(struct co_tree *tree);

/* The same for a folder within another tree: a user's home. Its root is the folder that the path
 * names now; the options are its own, nothing of them comes from the tree above. Suspends. Errors
 * as co_tree_open_path. */
int co_tree_open_below(struct co_tree **ret, struct co_tree *above, co_text path,
    const struct co_tree_options *options);

unsigned co_tree_rights(const struct co_tree *tree);

/* Bytes of all files that lie in the tree now: hidden ones and partial uploads, too, links not. For
 * the quota, before anything is written. Asks no right. Suspends: the whole tree is read. 0,
 * CO_ETOOBIG when there are too many folders, -errno. */
int co_tree_usage(struct co_tree *tree, uint64_t *ret_bytes);

/* How many more bytes can be kept in a folder: what its disk has for this process, and the quota
 * leaves. Whoever may list or add may ask. Suspends. Errors as co_tree_open_path. */
int co_tree_available(struct co_tree *tree, co_text path, uint64_t *ret_bytes);

/*
 * Opens a file (CO_MAY_READ) or folder (that or CO_MAY_LIST) for reading. Suspends when
 * the path is not in the kernel's cache.
 * ret_fd: the caller's to close with co_tree_close; close-on-exec, non-blocking.
 * Returns 0; -ENOENT, -EACCES (exists but this process may not read it), -ENOTDIR, -ELOOP,
 * -ENAMETOOLONG, -EBUSY (renames or a lease interfered without pause: try again), -EMFILE ...;
 * CO_ECANCELED, CO_EDEADLINE.
 */
int co_tree_open_path(
    struct co_tree *tree, co_text path, int *ret_fd, struct co_tree_stat *ret_stat);
void co_tree_close(int fd);

/* What the path names now. Never opens the file itself. Whoever may only add sees folders, to find
 * their way; files are -EPERM. Returns as co_tree_open_path. */
int co_tree_stat_path(struct co_tree *tree, co_text path, struct co_tree_stat *ret);

/* May this process go into the folder that the path names now? 0, -ENOTDIR, -EACCES, or as
 * co_tree_stat_path. */
int co_tree_enter(struct co_tree *tree, co_text path);

bool co_tree_stat_equal(const struct co_tree_stat *a, const struct co_tree_stat *b);

/* Whether the path names just what `known`, from this tree, describes, unchanged. Suspends as
 * co_tree_stat_path, but is faster for names directly beneath the root. */
bool co_tree_names(struct co_tree *tree, co_text path, const struct co_tree_stat *known);

/* Reads up to `size` bytes at `offset`; cold pages are read on a pool thread (suspends). Returns
 * the count, 0 at the end, -errno. */
ssize_t co_tree_read(int fd, void *ret_bytes, size_t size, uint64_t offset);

struct co_tree_entry {
    const char *name;         /* NUL-terminated; any bytes but '/' */
    struct co_tree_stat stat; /* a link's: of what it leads to */
    bool is_link;
};

/*
 * Reads a folder (CO_MAY_LIST) as it comes from the disk: a batch at a time, on a pool thread.
 * Entries are those of co_tree_list, which stands on this. Suspends. 0, or as co_tree_open_path;
 * the tree must outlive the reader.
 */
struct co_tree_reader;
int co_tree_reader_open(struct co_tree_reader **ret, struct co_tree *tree, co_text path);

/* The next entries, which live until the next call. Suspends. Returns how many, 0 at the end,
 * -errno, CO_ECANCELED, CO_EDEADLINE. */
ssize_t co_tree_reader_next(struct co_tree_reader *reader, const struct co_tree_entry **ret);

/* Does not suspend; NULL is allowed. */
void co_tree_reader_close(struct co_tree_reader *reader);

/*
 * Lists a folder (CO_MAY_LIST). Entries that do not exist (hidden, broken or leading out, neither
 * file nor folder) or cannot be looked at are left out; but for want of memory or descriptors the
 * call fails. The directory is read on a pool thread in batches; suspends. ret_entries: malloc'ed
 * array, names and all; free with co_tree_entries_free. At most entries_max are listed, and at most
 * 64 MiB of them; *ret_more tells whether there were more. Order: as the directory has them.
 * Returns the count, or as co_tree_open_path.
 */
ssize_t co_tree_list(struct co_tree *tree, co_text path, size_t entries_max,
    struct co_tree_entry **ret_entries, bool *ret_more);
void co_tree_entries_free(struct co_tree_entry *entries, size_t count);

#endif
