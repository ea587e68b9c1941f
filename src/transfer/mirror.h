/* SPDX-License-Identifier: MIT */
/*
 * One tree made as another is, one of them here.
 *
 * Folder by folder both sides are listed; what differs is transferred by some fibers at once, what
 * is too much is deleted if that is wanted. One failure does not end the rest. Deleted is only what
 * the rules let through, and only by a list of which it is certain that nothing is missing (attacks
 * C07): never after a failure, never by a page that is no listing, and never all of a tree because
 * the other one is empty.
 */
#ifndef CO_TRANSFER_MIRROR_H
#define CO_TRANSFER_MIRROR_H

#include "transfer/insist.h"
#include "transfer/remote.h"

struct co_mirror_rules {
    const char *const *includes; /* NULL-terminated, as is the other; may be NULL */
    const char *const *excludes;
};

enum co_mirror_act {
    CO_MIRROR_TRANSFER, /* a file */
    CO_MIRROR_MAKE,     /* a folder */
    CO_MIRROR_DELETE,
};

struct co_mirror_totals {
    uint64_t transferred, equal, deleted; /* files */
    uint64_t passed_over;                 /* what is neither file nor folder */
    uint64_t folders;                     /* with something in them, that both sides have listed */
};

struct co_mirror {
    struct co_remote *from, *to;
    struct co_tree *tree; /* whichever side is here */
    bool is_upload;       /* that is `from` */
    struct co_mirror_rules rules;
    bool delete_others;
    bool newer; /* only files that are newer than what is there */
    bool dry_run, no_sync;
    unsigned jobs, retries;
    struct co_transfer_events events; /* of files that are transferred */
    /* Told of what is done, in a dry run of what would be, and of what cannot be done; path "": the
     * whole. None may suspend. */
    void (*act)(void *arg, enum co_mirror_act act, const char *path);
    void (*failed)(void *arg, const char *path, int rc, int status);
    void *arg;
    struct co_mirror_totals totals; /* out */
    bool is_begun;                  /* out: there is something to mirror: `from` has been listed */
};

/* Mirrors. Suspends. 0 also when some failed, which has been told; -ENOMEM, CO_ECANCELED,
 * CO_EDEADLINE. */
int co_mirror_run(struct co_mirror *mirror);

/*
 * Do the rules let it through? A pattern with a slash is matched against the whole path, any other
 * one against the name; a slash at its end says that it is of folders alone. What an --exclude
 * matches is left out, unless an --include matches it, too; where there are includes and no
 * excludes, files that none matches are left out.
 */
bool co_mirror_takes(const struct co_mirror_rules *rules, co_text path, bool is_folder);

#endif
