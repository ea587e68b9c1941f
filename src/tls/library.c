/* SPDX-License-Identifier: MIT */
/*
 * Servers have a context of OpenSSL's library of their own, with its usual algorithms and with our
 * key schedule (schedule.h): so nothing changes for whatever else the process does with OpenSSL.
 *
 * It is made once and never freed. Each thread that has drawn random bytes by it would have to say
 * so before it was (OPENSSL_thread_stop_ex), and whoever frees a server does not know those
 * threads.
 */
#include "tls/library.h"

#include "base/base.h"
#include "tls/schedule.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <string.h>

#define USUAL "default"

static OSSL_LIB_CTX *own; /* NULL: not made */

/* OpenSSL's: 0 ends the walk. */
static int is_usual(OSSL_PROVIDER *provider, void *arg)
{
    (void)arg;
    return strcmp(OSSL_PROVIDER_get0_name(provider), USUAL) == 0;
}

/* Where the system's configuration names others, as for FIPS, they and they alone are to be used.
 */
static bool has_usual_alone(void)
{
    return OSSL_PROVIDER_available(NULL, USUAL) == 1 &&
           OSSL_PROVIDER_do_all(NULL, is_usual, NULL) == 1;
}

static void make(void)
{
    OSSL_LIB_CTX *context = has_usual_alone() ? OSSL_LIB_CTX_new() : NULL;
    if (context &&
        OSSL_PROVIDER_add_builtin(context, CO_SCHEDULE_PROVIDER, co_schedule_provider) == 1 &&
        OSSL_PROVIDER_load(context, USUAL) && OSSL_PROVIDER_load(context, CO_SCHEDULE_PROVIDER))
        own = context;
    else
        OSSL_LIB_CTX_free(context);
    ERR_clear_error();
}

struct co_tls_library co_tls_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make);
    return (struct co_tls_library){own, own ? "?provider=" CO_SCHEDULE_PROVIDER : NULL};
}
