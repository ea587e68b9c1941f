/* SPDX-License-Identifier: MIT */
/*
 * The one answer to "may this secret be told there?" (attacks C01, C11, C13).
 *
 * A secret is the caller's, and meant for the place that he named: one scheme, one host, one port.
 * It goes there and nowhere else, and once a redirection has led away it is told no more, not even
 * on the way back: who sends a client away may send it back with a target of his choice.
 *
 * A header of the caller's is taken for a secret unless its name is one that says what is wanted or
 * sent, and not by whom: without those the answer would be to another question, or a part of a body
 * be taken for the whole.
 */
#ifndef CO_HTTP_SECRETS_H
#define CO_HTTP_SECRETS_H

#include "dial/pool.h"

enum co_secret {
    CO_SECRET_USER,    /* name and password, given apart, in the URL or in a netrc file */
    CO_SECRET_BEARER,  /* a token */
    CO_SECRET_HEADERS, /* of the caller's, Authorization and Cookie among them */
    CO_SECRET_PROXY,   /* what a proxy is told: no server's business */
    CO_SECRET_COUNT
};

/* Where an errand was sent, and where it has come to. */
struct co_secret_way {
    struct co_pool_place from; /* whom the secrets were given for */
    struct co_pool_place to;   /* who would be told */
    bool strayed;              /* in between it was somewhere else */
};

bool co_secret_may_go(enum co_secret secret, const struct co_secret_way *way);

/* May a header of that name go anywhere? */
bool co_secret_is_none(co_text header);

/* Scheme, host and port are the same; the case of the host does not matter. */
bool co_secret_is_same_place(const struct co_pool_place *a, const struct co_pool_place *b);

/* Can nobody listen on the way there: by TLS, or within this machine? */
bool co_secret_is_unheard(const struct co_pool_place *place);

#endif
