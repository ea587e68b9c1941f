/* SPDX-License-Identifier: MIT */
/*
 * Uploads: a file appears under its name only when it is whole and on the disk.
 *
 * The bytes go to a hidden file in the same folder, ".coronet-HASH.part", whose name is a keyed
 * hash of who uploads what, so that whoever was interrupted can go on, also after the server died.
 * co_upload_commit syncs it, renames it over the name, syncs the folder: only then may success be
 * told. Such names exist for nobody, in no listing, even in a tree that shows hidden names. Two
 * uploads to one name by one uploader: the second takes a name of its own, the last one complete
 * wins whole (attacks M05). The old file stays untouched until the commit; a link that has the name
 * is replaced itself. Bytes are counted against the tree's quota as they are written, each once: a
 * partial file is counted as long as it lies there, the old file's bytes return with the commit
 * (attacks F18), and those that a continued file has in common with the old one may stand above the
 * limit until then. No partial file is kept that nobody could go on from: a copy to append to, more
 * than the limit of a file, what stands above the quota, what may not have its name.
 *
 * New files get the mode 0666 less the umask, or what the folder's default ACL says; a replaced
 * file's permission bits are kept. Partial files older than CO_UPLOAD_KEPT_SECONDS are removed when
 * an upload to their folder begins, at most once an hour for each folder.
 */
#ifndef CO_TREE_UPLOAD_H
#define CO_TREE_UPLOAD_H

#include "tree/tree.h"

#define CO_UPLOAD_KEPT_SECONDS (7 * 24 * 3600)

struct co_upload;

enum co_upload_start {
    CO_UPLOAD_ANEW, /* from nothing */
    /* From `offset` bytes of the uploader's partial file, where it has as many and is younger than
     * the whole file; or else of the whole file. */
    CO_UPLOAD_RESUME,
    CO_UPLOAD_APPEND, /* from all of the whole file; from the uploader's partial one when there is
                         none */
};

struct co_upload_options {
    enum co_upload_start start;
    uint64_t offset;   /* CO_UPLOAD_RESUME: -EINVAL when there are fewer bytes than that */
    co_text uploader;  /* who: a user's name; partial files are theirs alone */
    bool partial_only; /* CO_UPLOAD_RESUME: never of the whole file, which may be another version */
    bool whole_only;   /* CO_UPLOAD_RESUME: of nothing else, if there is one: it was compared */
    bool fresh;        /* only if nothing has that name, at the commit too (-EEXIST) */
    uint64_t size_max; /* of the whole file; 0: no limit. More is -EFBIG, and no partial stays */
    bool copy_later;   /* what takes long is left to co_upload_copy */
};

/*
 * Begins. Suspends. Rights: CO_MAY_ADD for a new name, CO_MAY_CHANGE where a file is
 * replaced or continued. What it starts from is taken over by reflink where the file system can,
 * else copied on a pool thread. The tree must outlive the upload. -EPERM (also for a name that the
 * tree hides, and for one of a FIFO or the like), -EISDIR, -ENOENT (the folder), -EINVAL, -EFBIG,
 * -ENOSPC, -EDQUOT (the quota, too), -EBUSY (64 uploads of one name by one uploader) ...
 */
int co_upload_open(struct co_upload **ret, struct co_tree *tree, co_text path,
    const struct co_upload_options *options);

/* Copies what the upload starts from, if that has not been done: before anything else is done with
 * it but an abort, which removes what has been copied so far. Suspends, a slice at a time. 0;
 * -EINVAL when the file has become shorter meanwhile; -ENOSPC, -EDQUOT, -EIO, CO_ECANCELED ... */
int co_upload_copy(struct co_upload *upload);

/* Bytes it has now: those it started from included. */
uint64_t co_upload_size(const struct co_upload *upload);

/* Its time once it is whole; else that of the last write. Does not suspend. */
void co_upload_set_modified(struct co_upload *upload, int64_t modified_ns);

/* Appends all the bytes. Suspends when the disk is slow. 0; -ENOSPC, -EDQUOT, -EFBIG, -EIO: what
 * was written so far counts; CO_ECANCELED, CO_EDEADLINE. (Whoever sets RLIMIT_FSIZE ignores
 * SIGXFSZ.) */
int co_upload_write(struct co_upload *upload, const void *bytes, size_t size);

/*
 * The writing end of an empty pipe, which stays the upload's, for bytes that come in bulk from a
 * socket: co_stream_splice moves up to CO_UPLOAD_PIPE_BYTES into it and co_upload_drain on into the
 * file, and nobody copies them on the way. -1: so few have come that it is not worth it, or there
 * is none to be had: co_upload_write. Does not suspend.
 */
int co_upload_pipe(struct co_upload *upload);
#define CO_UPLOAD_PIPE_BYTES (1u << 20)

/* Appends the bytes that were moved into the pipe, all of which `size` tells. As
 * co_upload_write. */
int co_upload_drain(struct co_upload *upload, size_t size);

/*
 * For parts in any order (upload_parts.c): a file that has its length from the beginning, with
 * holes where nothing has come yet. All suspend when the disk is slow, and return as
 * co_upload_write. What has come is for the caller to know: a partial file tells nothing of its
 * holes.
 */

/* Makes it that long, longer or shorter. */
int co_upload_resize(struct co_upload *upload, uint64_t size);

/* Within its length; all of it. */
int co_upload_write_at(struct co_upload *upload, const void *bytes, size_t size, uint64_t offset);

/* As co_tree_read. */
ssize_t co_upload_read_at(
    const struct co_upload *upload, void *ret_bytes, size_t size, uint64_t offset);

/* What was written is on the disk. */
int co_upload_sync(struct co_upload *upload);

/* Makes the file whole under its name, durably. Suspends; the upload is freed in any case. 0, or
 * -errno: then the partial file is kept, or removed when it never can become whole. sync: false
 * trusts the kernel's write-back. Without CO_MAY_CHANGE, -EEXIST when something has got the
 * name meanwhile. CO_ECANCELED, CO_EDEADLINE: nothing was done but to keep the partial file. */
int co_upload_commit(struct co_upload *upload, bool sync);

/* A whole file at once (whole.c). */
struct co_upload_whole {
    const void *bytes;
    size_t size;
    co_text uploader; /* as co_upload_options */
    bool dated;       /* it gets this time, as by co_upload_set_modified */
    int64_t modified_ns;
    int64_t now; /* seconds since 1970 */
    bool sync;   /* as co_upload_commit */
};

/* Makes a file of bytes that are all there, under a name that nothing has: no moment shows a part
 * of it, and none is ever left behind. A partial file by this uploader gives way. Suspends. 0; 1
 * when it cannot be made so, and nothing was done: co_upload_open and the rest can, or tell why
 * not; -errno: it could not be made durable; CO_ECANCELED, CO_EDEADLINE: nothing was done. */
int co_upload_whole(struct co_tree *tree, co_text path, const struct co_upload_whole *file);

/* Ends without a file. keep: the partial stays for a resume (unless there is another already, or
 * nobody could go on from it); of an upload that found no room only what it was resumed from.
 * Returns the bytes that stay. Suspends, also when the scope has ended. NULL is allowed. */
uint64_t co_upload_abort(struct co_upload *upload, bool keep);

/* Ends for now: what has come is kept for the rest to come, and may be acknowledged. Other partial
 * files of that name, which nobody works on any more, give way. Suspends; the upload is freed in
 * any case. 0; -EBUSY: another upload has begun before this one and is still at work; -EDQUOT when
 * only a loan of the quota's holds it; -errno. */
int co_upload_pause(struct co_upload *upload);

/* Bytes of the uploader's partial file for that name; -ENOENT when there is none, or none that a
 * resume would go on from; -EPERM for whoever may neither add nor change. Suspends. */
int co_upload_partial(struct co_tree *tree, co_text path, co_text uploader, uint64_t *ret_bytes);

/* The same, and a descriptor to read it by, for co_tree_close. Suspends. */
int co_upload_partial_open(
    struct co_tree *tree, co_text path, co_text uploader, int *ret_fd, uint64_t *ret_bytes);

#endif
