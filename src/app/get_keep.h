/* SPDX-License-Identifier: MIT */
/* What one run of `coronet get` leaves for the next: cookies, and who wants TLS alone. */
#ifndef CO_APP_GET_KEEP_H
#define CO_APP_GET_KEEP_H

#include "app/get.h"
#include "coronet/cookies.h"
#include "coronet/hsts.h"

struct co_get_keep {
    co_cookies *cookies;
    co_hsts *hsts;
};

/* Makes what the settings ask for, with what earlier runs have left; a file that is not there yet
 * has nothing. options: told of it. Suspends. 0; -ENOMEM, the file's error with detail;
 * co_get_keep_close ends it in any case. */
int co_get_keep_open(struct co_get_keep *keep, const struct co_get_settings *settings,
    struct co_http_client_options *options);

/* Writes it to the files, also when the run was cancelled. Suspends. */
void co_get_keep_save(struct co_get_keep *keep, const struct co_get_settings *settings);

void co_get_keep_close(struct co_get_keep *keep);

#endif
