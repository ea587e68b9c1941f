/* SPDX-License-Identifier: MIT */
#include "codec/ftp_address.h"

#include <arpa/inet.h>
#include <errno.h>

/* The text before the next `delimiter`, taken off with it; false when there is none. */
static bool take_field(co_text *rest, char delimiter, co_text *ret)
{
    ssize_t end = co_text_find(*rest, delimiter);
    if (end < 0)
        return false;
    *ret = (co_text){rest->at, (size_t)end};
    *rest = co_text_after(*rest, (size_t)end + 1);
    return true;
}

int co_ftp_port_parse(co_text argument, union co_ftp_address *ret)
{
    uint8_t bytes[6];
    co_text field;
    for (size_t i = 0; i < CO_LENGTH(bytes); i++) {
        uint64_t number;
        if (i == CO_LENGTH(bytes) - 1)
            field = argument;
        else if (!take_field(&argument, ',', &field))
            return CO_EINVALID;
        if (field.size > 3 || co_text_number(field, UINT8_MAX, &number) < 0)
            return CO_EINVALID;
        bytes[i] = (uint8_t)number;
    }
    *ret = (union co_ftp_address){.v4 = {.sin_family = AF_INET}};
    memcpy(&ret->v4.sin_addr, bytes, 4);
    memcpy(&ret->v4.sin_port, bytes + 4, 2);
    return 0;
}

/* The number of a host into `ret`, which has inet_pton's layout for the family. */
static bool read_host(int family, co_text host, void *ret)
{
    char text[INET6_ADDRSTRLEN];
    if (host.size >= sizeof text || co_text_find(host, '\0') >= 0)
        return false;
    memcpy(text, host.at, host.size);
    text[host.size] = '\0';
    return inet_pton(family, text, ret) == 1;
}

int co_ftp_eprt_parse(co_text argument, union co_ftp_address *ret)
{
    co_text rest = co_text_after(argument, 1), protocol, host, port;
    uint64_t protocol_number, port_number;
    char delimiter = argument.size ? argument.at[0] : ' ';
    if (delimiter < 33 || delimiter > 126)
        return CO_EINVALID;
    if (!take_field(&rest, delimiter, &protocol) || !take_field(&rest, delimiter, &host) ||
        !take_field(&rest, delimiter, &port) || rest.size)
        return CO_EINVALID;
    if (co_text_number(protocol, UINT64_MAX, &protocol_number) < 0)
        return CO_EINVALID;
    if (protocol_number != 1 &&
        protocol_number != 2) /* RFC 2428 2: of another, the rest may differ */
        return -EAFNOSUPPORT;
    if (co_text_number(port, UINT16_MAX, &port_number) < 0)
        return CO_EINVALID;
    union co_ftp_address address = {.any = {0}};
    if (protocol_number == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port_number);
        if (!read_host(AF_INET, host, &address.v4.sin_addr))
            return CO_EINVALID;
    } else {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port_number);
        if (!read_host(AF_INET6, host, &address.v6.sin6_addr))
            return CO_EINVALID;
    }
    *ret = address;
    return 0;
}

void co_ftp_port_write(struct co_buf *out, const struct sockaddr_in *address)
{
    uint8_t bytes[6];
    memcpy(bytes, &address->sin_addr, 4);
    memcpy(bytes + 4, &address->sin_port, 2);
    for (size_t i = 0; i < CO_LENGTH(bytes); i++) {
        if (i)
            co_buf_add_char(out, ',');
        co_buf_add_number(out, bytes[i]);
    }
}

void co_ftp_eprt_write(struct co_buf *out, const union co_ftp_address *address)
{
    char host[INET6_ADDRSTRLEN] = "";
    bool v4 = address->any.sa_family == AF_INET;
    if (v4)
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
    else
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
    co_buf_addf(out, "|%d|%s|%u|", v4 ? 1 : 2, host,
        ntohs(v4 ? address->v4.sin_port : address->v6.sin6_port));
}
