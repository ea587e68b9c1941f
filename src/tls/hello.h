/* SPDX-License-Identifier: MIT */
/* What a client's hello asks for, read before OpenSSL acts on it. */
#ifndef CO_TLS_HELLO_H
#define CO_TLS_HELLO_H

#include "base/base.h"

#include <openssl/ssl.h>

#define CO_HELLO_NAME_MAX 255 /* bytes of a host's name (RFC 1035 2.3.4) */

/* The first host's name of the client's SNI (RFC 6066 3), in lower case. */
bool co_hello_name(SSL *ssl, char ret[CO_HELLO_NAME_MAX + 1]);

/* Would keys be agreed on by P-384, which takes two milliseconds and would hold the loop? */
bool co_hello_agrees_slowly(SSL *ssl);

#endif
