/* SPDX-License-Identifier: MIT */
/* `coronet mirror` as a function: a folder here as one elsewhere, or the other way. */
#ifndef CO_APP_MIRROR_H
#define CO_APP_MIRROR_H

#include "transfer/means.h"
#include "transfer/mirror.h"

struct co_mirror_settings {
    struct co_remote_options remote; /* its client is not looked at */
    const char *folder;              /* the one here */
    struct co_means_settings means;
    struct co_mirror mirror; /* its sides are not looked at; is_upload says which is which */
};

/* Mirrors, making the folder here where it is to be filled; it goes again where there is nothing to
 * fill it from. Suspends. As co_mirror_run; CO_EINVALID
 * for a URL that is none; the folder's error. */
int co_app_mirror(struct co_mirror_settings *settings);

#endif
