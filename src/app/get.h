/* SPDX-License-Identifier: MIT */
/* `coronet get` as a function: URLs to files in a folder, several at once, each tried again where
 * that may help. */
#ifndef CO_APP_GET_H
#define CO_APP_GET_H

#include "transfer/insist.h"
#include "transfer/means.h"

struct co_get_settings {
    const char *const *urls; /* count of them */
    size_t count;
    const char *folder; /* where files go */
    bool makes_folder;  /* where it is missing */
    const char *name;   /* of the one file; NULL: each URL's own */
    bool replace, resume, no_sync;
    bool same_stays;                    /* a file of that name, size and time is the one */
    bool newer;                         /* only what is newer than the file that is here */
    bool server_names;                  /* Content-Disposition may name them; without this, too,
                                           where a URL does not and `newer` need not know */
    const struct co_checksum *checksum; /* of the one file; NULL: none */
    unsigned jobs;                      /* files at once; 0: 1 */
    unsigned per_host;                  /* of those, of one host; 0: no limit */
    int64_t max_time_ms;                /* no try is waited for that would begin later; 0: any */
    unsigned segments;                  /* of each file at once; 0: 1 */
    unsigned retries;                   /* of each file, after failures that may pass */
    uint64_t size_max;                  /* of each file; 0: no limit */
    struct co_http_fetch what;          /* for each; its URL is not looked at */
    struct co_means_settings means;
    bool ascii; /* FTP: files are text */
    /* Instead of files: takes all bytes of all bodies, in the URLs' order, one at a time; none
     * at the end of each, when all must be out. Must not suspend. May be NULL. */
    int (*write)(void *arg, const void *bytes, size_t size);
    bool head; /* of each response the head alone, instead of the body; by HEAD */
    struct co_transfer_events events; /* of each URL, by its place; `arg` is write's as well */
};

/* Gets them all. Suspends. 0 also when some failed, `ended` has been told; -ENOMEM, CO_ECANCELED,
 * CO_EDEADLINE; the folder's error. */
int co_app_get(const struct co_get_settings *settings);

#endif
