/* SPDX-License-Identifier: MIT */
/* `coronet put` as a function: files to a folder elsewhere, several at once, each tried again where
 * that may help. */
#ifndef CO_APP_PUT_H
#define CO_APP_PUT_H

#include "transfer/insist.h"
#include "transfer/means.h"

struct co_put_settings {
    const char *const *files; /* count of them; "-": standard input, of which there is one */
    size_t count;
    struct co_remote_options remote; /* a URL that ends with a slash: the folder, and the files keep
                                        their names; else that of the one file */
    struct co_means_settings means;
    bool resume;      /* go on with what an earlier run has sent, where the server can */
    unsigned jobs;    /* files at once; 0: 1 */
    unsigned retries; /* of each file, after failures that may pass */
    struct co_transfer_events events;
};

/* Puts them all. Suspends. 0 also when some failed, events.ended has been told; CO_EINVALID for a
 * URL that is none; -ENOMEM, CO_ECANCELED, CO_EDEADLINE. */
int co_app_put(const struct co_put_settings *settings);

/* Does the URL's path end with a slash, so that files keep their names there? */
bool co_put_is_to_folder(const char *url);

#endif
