/* SPDX-License-Identifier: MIT */
#include "codec/socks.h"

#define VERSION       5 /* of SOCKS */
#define LOGIN_VERSION 1 /* of RFC 1929 */
#define CONNECT       1
#define HEAD_BYTES    4 /* of a reply, before its address */
#define PORT_BYTES    2

#define VERSION_4     4 /* of SOCKS 4's questions; its replies have 0 */
#define REPLY_BYTES_4 8

static void add_byte(struct co_buf *out, unsigned byte)
{
    co_buf_add_char(out, (char)byte);
}

static unsigned byte_at(co_text bytes, size_t at)
{
    return (unsigned char)bytes.at[at];
}

/* ---- what we say ---------------------------------------------------------------------------- */

void co_socks_greet(struct co_buf *out, bool with_login)
{
    add_byte(out, VERSION);
    add_byte(out, with_login ? 2 : 1);
    add_byte(out, CO_SOCKS_OPEN);
    if (with_login)
        add_byte(out, CO_SOCKS_LOGIN);
}

static void add_text(struct co_buf *out, co_text text)
{
    add_byte(out, (unsigned)text.size);
    co_buf_add_text(out, text);
}

int co_socks_login(struct co_buf *out, co_text name, co_text password)
{
    if (name.size == 0 || name.size > CO_SOCKS_TEXT_MAX || password.size > CO_SOCKS_TEXT_MAX)
        return CO_EINVALID;
    add_byte(out, LOGIN_VERSION);
    add_text(out, name);
    add_text(out, password);
    return out->error;
}

/* An address's bytes; 0: a name has any number of them. */
static size_t address_bytes(unsigned kind)
{
    return kind == CO_SOCKS_IPV4 ? 4 : kind == CO_SOCKS_IPV6 ? 16 : 0;
}

int co_socks_connect(struct co_buf *out, enum co_socks_address kind, co_text address, uint16_t port)
{
    size_t size = address_bytes(kind);
    if (address.size == 0 || address.size > CO_SOCKS_TEXT_MAX || (size && address.size != size))
        return CO_EINVALID;
    add_byte(out, VERSION);
    add_byte(out, CONNECT);
    add_byte(out, 0);
    add_byte(out, kind);
    if (size)
        co_buf_add_text(out, address);
    else
        add_text(out, address);
    add_byte(out, port >> 8);
    add_byte(out, port & 0xff);
    return out->error;
}

/* ---- what we hear --------------------------------------------------------------------------- */

/* Two bytes, of which the first is the version. */
static ssize_t read_pair(co_text bytes, unsigned version, unsigned *ret)
{
    if (bytes.size > 0 && byte_at(bytes, 0) != version)
        return CO_EPROTO;
    if (bytes.size < 2)
        return 0;
    *ret = byte_at(bytes, 1);
    return 2;
}

ssize_t co_socks_method_read(co_text bytes, unsigned *ret_method)
{
    return read_pair(bytes, VERSION, ret_method);
}

ssize_t co_socks_login_read(co_text bytes, unsigned *ret_status)
{
    return read_pair(bytes, LOGIN_VERSION, ret_status);
}

/* A whole reply's bytes; 0: that cannot be told yet. */
static ssize_t reply_size(co_text bytes)
{
    if (bytes.size < HEAD_BYTES)
        return 0;
    size_t size = address_bytes(byte_at(bytes, 3));
    if (size > 0)
        return (ssize_t)(HEAD_BYTES + size + PORT_BYTES);
    if (byte_at(bytes, 3) != CO_SOCKS_NAME)
        return CO_EPROTO;
    return bytes.size == HEAD_BYTES
               ? 0
               : (ssize_t)(HEAD_BYTES + 1 + byte_at(bytes, HEAD_BYTES) + PORT_BYTES);
}

ssize_t co_socks_reply_read(co_text bytes, unsigned *ret_reply)
{
    unsigned reply;
    ssize_t size = read_pair(bytes, VERSION, &reply);
    if (size > 0 && reply == CO_SOCKS_GRANTED)
        size = reply_size(bytes);
    if (size > 0 && (size_t)size > bytes.size)
        size = 0;
    if (size > 0)
        *ret_reply = reply;
    return size;
}

const char *co_socks_reason(unsigned reply)
{
    static const char *const reasons[] = {
        [CO_SOCKS_GRANTED] = "granted",
        [CO_SOCKS_FAILED] = "it failed",
        [CO_SOCKS_FORBIDDEN] = "its rules forbid it",
        [CO_SOCKS_NETWORK_UNREACHABLE] = "network unreachable",
        [CO_SOCKS_HOST_UNREACHABLE] = "host unreachable",
        [CO_SOCKS_CONNECTION_REFUSED] = "connection refused",
        [CO_SOCKS_EXPIRED] = "time to live expired",
        [CO_SOCKS_NO_COMMAND] = "it does not know that command",
        [CO_SOCKS_NO_ADDRESS] = "it does not know that kind of address",
    };
    return reply < CO_LENGTH(reasons) ? reasons[reply] : "for a reason of its own";
}

/* ---- SOCKS 4 -------------------------------------------------------------------------------- */

static bool fits_in_4(co_text text)
{
    return text.size <= CO_SOCKS_TEXT_MAX && co_text_find(text, '\0') < 0;
}

static void add_until_nul(struct co_buf *out, co_text text)
{
    co_buf_add_text(out, text);
    add_byte(out, 0);
}

/* 4a: an address 0.0.0.x that is none says that a name follows. */
int co_socks4_connect(
    struct co_buf *out, enum co_socks_address kind, co_text address, uint16_t port, co_text user)
{
    bool good = kind == CO_SOCKS_IPV4 ? address.size == 4
                                      : kind == CO_SOCKS_NAME && address.size && fits_in_4(address);
    if (!good || !fits_in_4(user))
        return CO_EINVALID;
    add_byte(out, VERSION_4);
    add_byte(out, CONNECT);
    add_byte(out, port >> 8);
    add_byte(out, port & 0xff);
    co_buf_add_text(out, kind == CO_SOCKS_NAME ? CO_TEXT("\0\0\0\1") : address);
    add_until_nul(out, user);
    if (kind == CO_SOCKS_NAME)
        add_until_nul(out, address);
    return out->error;
}

ssize_t co_socks4_reply_read(co_text bytes, unsigned *ret_reply)
{
    unsigned reply;
    ssize_t size = read_pair(bytes, 0, &reply);
    if (size > 0 && reply == CO_SOCKS4_GRANTED)
        size = bytes.size < REPLY_BYTES_4 ? 0 : REPLY_BYTES_4;
    if (size > 0)
        *ret_reply = reply;
    return size;
}

const char *co_socks4_reason(unsigned reply)
{
    switch (reply) {
    case CO_SOCKS4_GRANTED: return "granted";
    case CO_SOCKS4_FAILED: return "it was refused or failed";
    case CO_SOCKS4_NO_IDENTD: return "it finds no identd here that says who asks";
    case CO_SOCKS4_OTHER_USER: return "identd here names another user";
    default: return "for a reason of its own";
    }
}
