/* SPDX-License-Identifier: MIT */
/* What one run leaves for the next: cookies, and who wants TLS alone. */
#ifndef CO_TRANSFER_KEEP_H
#define CO_TRANSFER_KEEP_H

#include "coronet/http_client.h"

struct co_keep_settings {
    bool cookies;           /* take them and tell them, for this run */
    const char *cookie_jar; /* and before and after it, in this file; NULL: no file */
    const char *hsts;       /* the file of hosts that are asked over TLS alone; NULL: none */
    /* Told that a file could not be written. Must not suspend. */
    void (*not_kept)(void *arg, const char *path, int rc);
    void *arg;
};

struct co_keep {
    const struct co_keep_settings *settings;
    bool is_open; /* what earlier runs have left has been read */
    co_cookies *cookies;
    co_hsts *hsts;
};

/* Makes what the settings, which are borrowed, ask for, with what earlier runs have left; a file
 * that is not there yet has nothing. options: told of it. Suspends. 0; -ENOMEM, the file's error
 * with detail; co_keep_close ends it in any case. */
int co_keep_open(struct co_keep *keep, const struct co_keep_settings *settings,
    struct co_http_client_options *options);

/* Writes it to the files, also when the run was cancelled, unless they could not be read. Suspends.
 */
void co_keep_close(struct co_keep *keep);

#endif
