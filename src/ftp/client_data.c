/* SPDX-License-Identifier: MIT */
/*
 * The client's data connections (RFC 959 3.2, RFC 2428): passive ones go to the machine that the
 * control connection goes to, whatever address a reply names (attacks F03), through the proxy that
 * leads there; active ones are taken from that machine alone. Over TLS each resumes the control
 * connection's session, by which the server knows that it is the same client's (F07).
 */
#include "codec/ftp_address.h"
#include "ftp/client.h"
#include "net/address.h"
#include "net/listener.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdio.h>

#define STRANGERS_MAX 16 /* that may knock at an active connection's door */
#define NUMBER_MAX    24

/* Our own end, or the server's, of the control connection. */
static co_address end_of(const co_ftp_client *client, bool ours)
{
    co_address address;
    if (ours)
        co_stream_local(client->control, &address);
    else
        co_stream_peer(client->control, &address);
    co_address_unmap(&address);
    return address;
}

static bool is_ipv4(const co_address *address)
{
    return address->size > 0 && address->as.any.sa_family == AF_INET;
}

/* ---- passive --------------------------------------------------------------------------------- */

/* May the server have an address that PASV can tell? */
static bool may_be_ipv4(const co_ftp_client *client)
{
    co_address server = end_of(client, false);
    return co_ftp_client_is_proxied(client) ? !strchr(client->host, ':') : is_ipv4(&server);
}

void co_ftp_door_take(const co_ftp_client *client, struct co_ftp_door *ret)
{
    ret->code = client->code;
    ret->rc = client->code == 229 ? co_ftp_reply_extended(co_buf_text(&client->reply), &ret->port)
                                  : CO_ESTATUS;
}

/* A refusal that is the last word shall be the last reply. */
static int ask_extended(co_ftp_client *client, struct co_ftp_door *door)
{
    if (door->code != 0 && (door->rc == 0 || may_be_ipv4(client)))
        return door->rc;
    int code = co_ftp_client_ask(client, "EPSV", NULL);
    if (code < 0)
        return code;
    co_ftp_door_take(client, door);
    return door->rc;
}

static int ask_passive(co_ftp_client *client, uint16_t *ret_port)
{
    int code = co_ftp_client_ask(client, "PASV", NULL);
    if (code < 0)
        return code;
    if (code != 227)
        return co_ftp_client_fail(client, code < 400 ? CO_EFTP : CO_ESTATUS, NULL);
    int rc = co_ftp_reply_passive(co_buf_text(&client->reply), ret_port);
    return rc < 0 ? co_ftp_client_fail(client, rc, "its reply to PASV names no port") : 0;
}

/* Behind a proxy the control connection's other end is known by its name alone. */
static int connect_through(co_ftp_client *client, uint16_t port, co_stream **ret)
{
    char where[CO_FTP_WHERE_MAX];
    int rc = co_ftp_client_where(client->host, port, where);
    return rc < 0 ? rc : co_ftp_client_dial(client, where, ret);
}

static int connect_to(co_ftp_client *client, uint16_t port, co_stream **ret)
{
    co_address server = end_of(client, false);
    co_scope scope;
    if (co_ftp_client_is_proxied(client))
        return connect_through(client, port, ret);
    co_address_set_port(&server, port);
    co_scope_open(&scope, client->options.connect_ms);
    int rc = co_connect(ret, &server);
    bool late = co_scope_close(&scope) == CO_EDEADLINE && rc == CO_EDEADLINE;
    return late ? co_ftp_client_fail(client, rc, "no data connection in time") : rc;
}

/* PASV is the last hope of IPv4 alone, also where somebody on the way does not know EPSV. */
static int connect_passive(co_ftp_client *client, struct co_ftp_data_way *way)
{
    uint16_t port;
    int rc = -EAFNOSUPPORT;
    if (!client->no_extended) {
        rc = ask_extended(client, &way->door);
        if (rc == 0)
            rc = connect_to(client, way->door.port, &way->stream);
        if (rc == 0 || client->failed || co_status() < 0)
            return rc;
        client->no_extended = may_be_ipv4(client) && way->door.code != 425;
    }
    if (!may_be_ipv4(client))
        return co_ftp_client_fail(client, rc, NULL);
    rc = ask_passive(client, &port);
    return rc == 0 ? connect_to(client, port, &way->stream) : rc;
}

/* ---- active ---------------------------------------------------------------------------------- */

static int tell_address(co_ftp_client *client, const co_address *address)
{
    char room[96];
    struct co_buf text = {.at = room, .room = sizeof room, .size_max = sizeof room};
    union co_ftp_address told = {.any = {0}};
    memcpy(&told, address->as.bytes, address->size < sizeof told ? address->size : sizeof told);
    if (!client->no_extended) {
        co_ftp_eprt_write(&text, &told);
        co_buf_add_char(&text, '\0');
        int code = co_ftp_client_ask(client, "EPRT", room);
        if (code < 0 || code < 300)
            return code < 0 ? code : 0;
        client->no_extended = is_ipv4(address);
        co_buf_clear(&text);
    }
    if (!is_ipv4(address))
        return co_ftp_client_fail(client, CO_ESTATUS, NULL);
    co_ftp_port_write(&text, &told.v4);
    co_buf_add_char(&text, '\0');
    return co_ftp_client_do(client, "PORT", room);
}

static int listen_active(co_ftp_client *client, co_listener **ret)
{
    co_address local = end_of(client, true);
    if (local.size == 0)
        return co_ftp_client_fail(client, -EAFNOSUPPORT, NULL);
    co_address_set_port(&local, 0);
    int rc = co_listen_expecting(ret, &local, &(struct co_listen_options){.backlog = 8});
    if (rc < 0)
        return co_ftp_client_fail(client, rc, NULL);
    return tell_address(client, co_listener_address(*ret));
}

static int accept_server(co_ftp_client *client, co_listener *listener, co_stream **ret)
{
    co_address server = end_of(client, false), peer;
    co_scope scope;
    int rc = -ECONNABORTED;
    co_scope_open(&scope, client->options.connect_ms);
    for (unsigned i = 0; !*ret && i < STRANGERS_MAX; i++) {
        rc = co_accept(ret, listener);
        if (rc < 0)
            break;
        co_stream_peer(*ret, &peer);
        if (co_address_same_host(&peer, &server))
            break;
        co_abort(*ret);
        *ret = NULL;
        rc = -ECONNABORTED;
    }
    bool late = co_scope_close(&scope) == CO_EDEADLINE && rc == CO_EDEADLINE;
    return rc < 0 ? co_ftp_client_fail(client, rc, late ? "no data connection in time" : NULL) : 0;
}

struct watch {
    co_ftp_client *client;
    co_group *group;
    int rc; /* why nobody will come */
};

/* A server that finds no way says so (425), or leaves. Where it says anything else, it has come. */
static int watch_control(void *arg)
{
    struct watch *watch = arg;
    const uint8_t *bytes;
    ssize_t n = co_peek(watch->client->control, 1, &bytes);
    if (n > 0 && bytes[0] < '4')
        return 0;
    watch->rc = n > 0 ? -ECONNABORTED : n < 0 ? (int)n : CO_EEOF;
    co_group_cancel(watch->group);
    return 0;
}

static int accept_active(co_ftp_client *client, co_listener *listener, co_stream **ret)
{
    co_group group;
    struct watch watch = {.client = client, .group = &group};
    co_group_open(&group, NULL);
    co_go(&group, watch_control, &watch);
    int rc = accept_server(client, listener, ret);
    co_group_cancel(&group);
    int ended = co_group_close(&group);
    if (rc == CO_ECANCELED && co_status() == 0)
        rc = co_ftp_client_fail(client, watch.rc ? watch.rc : ended, NULL);
    return rc;
}

/* ---- either ---------------------------------------------------------------------------------- */

int co_ftp_client_type(co_ftp_client *client, char type)
{
    char argument[] = {type, '\0'};
    if (client->type == type)
        return 0;
    int rc = co_ftp_client_do(client, "TYPE", argument);
    if (rc == 0)
        client->type = type;
    return rc;
}

static int shake_hands(co_ftp_client *client, co_stream *stream)
{
    static const char *const alpn[] = {"ftp", NULL};
    const struct co_tls_client_terms terms = {.alpn = alpn, .parent = client->control};
    co_scope scope;
    co_scope_open(&scope, client->options.connect_ms);
    int rc = co_tls_connect_on(stream, client->tls, client->host, &terms);
    bool late = co_scope_close(&scope) == CO_EDEADLINE && rc == CO_EDEADLINE;
    return late ? co_ftp_client_fail(client, rc, "no TLS in time") : rc;
}

/* RFC 3659 5.3: 350 and nothing else, or the file would begin somewhere else. */
static int say_restart(co_ftp_client *client, uint64_t offset)
{
    char number[NUMBER_MAX];
    snprintf(number, sizeof number, "%llu", (unsigned long long)offset);
    int code = co_ftp_client_ask(client, "REST", number);
    if (code < 0 || code == 350)
        return code < 0 ? code : 0;
    return co_ftp_client_fail(client, code < 400 ? CO_EFTP : CO_ESTATUS, NULL);
}

/* The server begins by 125 or 150; when there is little to send, it may have ended before it has
 * said so. */
static int begin(co_ftp_client *client, struct co_ftp_data_way *way)
{
    int rc = co_ftp_client_say(client, way->verb, way->argument);
    int code = rc < 0 ? rc : co_ftp_client_hear(client);
    if (code < 0)
        return code;
    way->over = code >= 200;
    if (code < 300)
        return 0;
    return code < 400 ? co_ftp_client_break(client, CO_EFTP, NULL)
                      : co_ftp_client_fail(client, CO_ESTATUS, NULL);
}

int co_ftp_data_way_open(co_ftp_client *client, struct co_ftp_data_way *way)
{
    co_listener *listener = NULL;
    int rc =
        client->options.active ? listen_active(client, &listener) : connect_passive(client, way);
    if (rc == 0 && way->restart)
        rc = say_restart(client, way->restart);
    if (rc == 0)
        rc = begin(client, way);
    bool begun = rc == 0;
    if (begun && listener)
        rc = accept_active(client, listener, &way->stream);
    if (rc == 0 && client->data_secure)
        rc = shake_hands(client, way->stream);
    co_listener_close(listener);
    if (rc == 0)
        return 0;
    co_abort(way->stream);
    way->stream = NULL;
    return begun ? co_ftp_client_reason(client, rc) : rc;
}
