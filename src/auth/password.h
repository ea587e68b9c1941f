/* SPDX-License-Identifier: MIT */
/*
 * Password hashes, by libxcrypt: yescrypt is made; yescrypt, bcrypt and SHA-512 are checked. Slow
 * on purpose (tens of milliseconds, 16 MiB): for pool threads, behind login.h's gate. No runtime
 * needed.
 */
#ifndef CO_AUTH_PASSWORD_H
#define CO_AUTH_PASSWORD_H

#include "base/base.h"

#define CO_PASSWORD_MAX 256 /* bytes; more is refused before it is hashed */
#define CO_HASH_MAX     384 /* crypt(3)'s output, with NUL */

/* What nobody's password is hashed with: the kind and cost (up to the third '$') of those that are
 * made. */
#define CO_HASH_NOBODY "$y$j9T$CoronetKnowsNobody...."

/* A new yescrypt hash with a random salt. 0, CO_ETOOBIG, CO_EINVALID (a NUL), -errno. */
int co_password_hash(co_text password, char ret_hash[CO_HASH_MAX]);

/* Is it of a kind that we check? */
bool co_hash_is_known(co_text hash);

/* Compares in constant time. hash NULL (no such user), broken or of no known kind: computes all the
 * same with CO_HASH_NOBODY, and says no. 1: it is, 0: it is not; -ENOMEM: nobody knows. */
int co_password_is(co_text password, const char *hash);

#endif
