/* SPDX-License-Identifier: MIT */
#include "tls/hello.h"

#define SNI_HEAD_BYTES 5 /* the list's length, the type, the name's length */

#define P256   23 /* RFC 8446 4.2.7 */
#define P384   24
#define X25519 29

bool co_hello_name(SSL *ssl, char ret[CO_HELLO_NAME_MAX + 1])
{
    const uint8_t *at;
    size_t size;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &at, &size) ||
        size <= SNI_HEAD_BYTES || at[2] != TLSEXT_NAMETYPE_host_name)
        return false;
    size_t length = (size_t)at[3] << 8 | at[4];
    if (length > size - SNI_HEAD_BYTES || length > CO_HELLO_NAME_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        ret[i] = (char)co_lower((char)at[SNI_HEAD_BYTES + i]);
    ret[length] = '\0';
    return strlen(ret) == length;
}

static unsigned number(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* The first of our groups for which there is a key (RFC 8446 4.2.8); 0: none. */
static unsigned first_share(SSL *ssl)
{
    const uint8_t *at;
    size_t size;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_key_share, &at, &size))
        return 0;
    for (size_t i = 2; i + 4 <= size; i += 4 + number(at + i + 2)) {
        unsigned group = number(at + i);
        if (group == P256 || group == P384 || group == X25519)
            return group;
    }
    return 0;
}

static bool supports_fast(SSL *ssl)
{
    const uint8_t *at;
    size_t size;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_groups, &at, &size))
        return true; /* then it has no P-384 either */
    for (size_t i = 2; i + 2 <= size; i += 2)
        if (number(at + i) == P256 || number(at + i) == X25519)
            return true;
    return false;
}

bool co_hello_agrees_slowly(SSL *ssl)
{
    unsigned share = first_share(ssl);
    return share ? share == P384 : !supports_fast(ssl);
}
