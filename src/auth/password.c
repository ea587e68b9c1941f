/* SPDX-License-Identifier: MIT */
/*
 * crypt(3) with its 32 KiB of state on the heap, which holds the password too and is wiped as one.
 */
#include "auth/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>

_Static_assert(CO_HASH_MAX >= CRYPT_OUTPUT_SIZE, "any hash fits");
_Static_assert(CO_PASSWORD_MAX < CRYPT_MAX_PASSPHRASE_SIZE, "any password fits");

static const char *const known_kinds[] = {"$y$", "$2b$", "$2a$", "$2y$", "$6$"};

/* State with the password in it, NULL when there is no memory. */
static struct crypt_data *state_new(co_text password)
{
    struct crypt_data *state = calloc(1, sizeof *state);
    if (state && password.size > 0)
        memcpy(state->input, password.at, password.size);
    return state;
}

static void state_free(struct crypt_data *state)
{
    explicit_bzero(state, sizeof *state);
    free(state);
}

/* What crypt(3) could not tell from a shorter password, or should not be bothered with. */
static int password_check(co_text password)
{
    if (password.size > CO_PASSWORD_MAX)
        return CO_ETOOBIG;
    return co_text_find(password, '\0') >= 0 ? CO_EINVALID : 0;
}

int co_password_hash(co_text password, char ret_hash[CO_HASH_MAX])
{
    int rc = password_check(password);
    if (rc < 0)
        return rc;
    struct crypt_data *state = state_new(password);
    if (!state)
        return -ENOMEM;
    /* Without bytes of ours the salt comes from the system's random source. */
    if (!crypt_gensalt_rn("$y$", 0, NULL, 0, state->setting, sizeof state->setting) ||
        !crypt_rn(state->input, state->setting, state, sizeof *state))
        rc = -errno;
    else
        memcpy(ret_hash, state->output, CRYPT_OUTPUT_SIZE);
    state_free(state);
    return rc;
}

bool co_hash_is_known(co_text hash)
{
    static const char letters[] = "./0123456789=,$"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    bool known = false;
    for (size_t i = 0; i < CO_LENGTH(known_kinds); i++)
        known |= co_text_starts(hash, co_text_of(known_kinds[i]));
    for (size_t i = 0; i < hash.size; i++)
        known &= hash.at[i] != '\0' && strchr(letters, hash.at[i]) != NULL;
    return known && hash.size < CO_HASH_MAX;
}

/* How long it takes depends on the length alone, which is no secret. */
static bool equal_in_constant_time(const char *a, const char *b)
{
    size_t size = strlen(a);
    unsigned char differs = 0;
    if (strlen(b) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        differs |= (unsigned char)(a[i] ^ b[i]);
    return differs == 0;
}

int co_password_is(co_text password, const char *hash)
{
    bool known = hash && co_hash_is_known(co_text_of(hash));
    if (password_check(password) < 0)
        return 0;
    struct crypt_data *state = state_new(password);
    if (!state)
        return -ENOMEM;
    const char *made = known ? crypt_rn(state->input, hash, state, sizeof *state) : NULL;
    int same = made && equal_in_constant_time(made, hash);
    if (known && !made && errno == ENOMEM)
        same = -ENOMEM;
    if (!made)
        crypt_rn(state->input, CO_HASH_NOBODY, state, sizeof *state);
    state_free(state);
    return same;
}
