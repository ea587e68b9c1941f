/* SPDX-License-Identifier: MIT */
/* OpenSSL's errors as ours. Its queue is the thread's, and several fibers use it in turn: whoever
 * calls OpenSSL empties it before, and reads it here before anything else can run. */
#include "tls/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* What begins as no record of TLS does, such as an answer in clear, has no version to OpenSSL. */
static const char *reason_of(unsigned long error)
{
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER)
        return "what came is no TLS (is it the right port?)";
    const char *reason = ERR_reason_error_string(error);
    return reason ? reason : "unknown reason";
}

int co_tls_failure(int code, const char *what)
{
    unsigned long error = ERR_peek_last_error(); /* the first cause is libcrypto's detail */
    const char *reason = reason_of(error);
    bool memory = ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    ERR_clear_error();
    if (memory)
        return -ENOMEM;
    return co_fail(code, "%s: %s", what, reason);
}
