/* SPDX-License-Identifier: MIT */
/* `coronet ls` as a function: what a folder elsewhere holds. */
#ifndef CO_APP_LS_H
#define CO_APP_LS_H

#include "transfer/means.h"

struct co_ls_settings {
    struct co_remote_options remote; /* its URL may name a file; its client is not looked at */
    struct co_means_settings means;
    bool recursive;
    bool details;  /* size and time are wanted: each is asked for where the list does not tell */
    unsigned jobs; /* of that at once; 0: 1 */
    /* Told of each entry, its path from the URL on. Must not suspend. Negative ends it all. */
    int (*entry)(void *arg, co_text path, const struct co_remote_entry *entry);
    /* Told of a folder ("": the URL) that cannot be listed (CO_ESTATUS: status), or not whole
     * (CO_ETRUNCATED). Must not suspend. */
    void (*failed)(void *arg, const char *path, int rc, int status);
    void *arg;
};

/* Lists. Suspends. 0 also when some folders failed, `failed` has been told; CO_EINVALID for a URL
 * that is none; -ENOMEM, CO_ECANCELED, CO_EDEADLINE; what `entry` returned. */
int co_app_ls(const struct co_ls_settings *settings);

#endif
