/* SPDX-License-Identifier: MIT */
/* OpenSSL's errors as ours. Its queue is the thread's, and several fibers use it in turn: whoever
 * calls OpenSSL empties it before, and reads it here before anything else can run. */
#include "tls/tls.h"

#include <errno.h>
#include <openssl/err.h>

int co_tls_failure(int code, const char *what)
{
    unsigned long error = ERR_peek_last_error(); /* the first cause is libcrypto's detail */
    const char *reason = ERR_reason_error_string(error);
    bool memory = ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    ERR_clear_error();
    if (memory)
        return -ENOMEM;
    return co_fail(code, "%s: %s", what, reason ? reason : "unknown reason");
}
