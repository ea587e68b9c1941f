/* SPDX-License-Identifier: MIT */
/*
 * The certificate that `coronet serve --self-signed` makes once and keeps: under $STATE_DIRECTORY
 * (a service's, by systemd), $XDG_STATE_HOME/coronet or ~/.local/state/coronet. It is made anew
 * when it is not for all hosts that are served, or about to end.
 */
#ifndef CO_CMD_SELF_SIGNED_H
#define CO_CMD_SELF_SIGNED_H

#include "app/certificates.h"
#include "cmd/options.h"

#include <limits.h>

struct co_self_signed {
    char folder[PATH_MAX], chain[PATH_MAX], key[PATH_MAX];
    char fingerprint[CO_FINGERPRINT_SIZE];
};

/* Finds or makes it, for the hosts of these lists of addresses (NULL-terminated). 0, or an exit
 * code, having said why. */
int co_self_signed_find(struct co_self_signed *ret, const struct co_option_list *const *places);

#endif
