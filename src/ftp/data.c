/* SPDX-License-Identifier: MIT */
/*
 * Data connections (RFC 959 3.2, 5.2; RFC 2428): where the next one comes from, and making it.
 *
 * Passive: a ticket of the broker's (net/broker.h) or a port of the shard's (net/ports.h), for one
 * connection of the control connection's peer; strangers who knock are turned away and the rightful
 * one is waited for (attacks F02).
 * Active: only ever to the control connection's peer, and not to the ports of services (F01).
 */
#include "base/error.h"
#include "ftp/session.h"
#include "net/address.h"
#include "net/connect.h"
#include "net/listener.h"
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>

#define ACTIVE_PORT_MIN  1024
#define ACTIVE_PORT_FROM 20

void co_ftp_data_forget(struct co_ftp_session *session)
{
    co_port_return(&session->shard->ports, session->data.port, false);
    co_ticket_free(session->data.ticket);
    free(session->data.peer);
    session->data = (struct co_ftp_data){.kind = CO_FTP_DATA_NONE};
}

void co_ftp_data_spare(const struct co_ftp_session *session)
{
    if (session->data.ticket)
        co_ticket_spare(session->data.ticket);
}

bool co_ftp_data_is_prepared(struct co_ftp_session *session)
{
    if (session->data.kind == CO_FTP_DATA_NONE)
        co_ftp_reply(session, 425, "First say where to, by PASV, EPSV, PORT or EPRT.");
    else if (session->server->options.require_tls && !session->data_secure)
        co_ftp_reply(session, 521, "Data is encrypted here; first PBSZ 0, then PROT P.");
    else
        return true;
    return false;
}

/* ---- passive -------------------------------------------------------------------------------- */

/* Our end of the control connection. */
static void local_address(const struct co_ftp_session *session, co_address *ret)
{
    co_stream_local(session->control, ret);
    co_address_unmap(ret);
}

/* Listens where the control connection came in; the port is written into that address. */
static int passive_open(struct co_ftp_session *session, co_address *local)
{
    struct co_broker *broker = session->server->broker;
    co_address peer;
    co_ftp_data_forget(session);
    co_stream_peer(session->control, &peer);
    int family = local->size ? local->as.any.sa_family : AF_UNSPEC;
    if (family != AF_INET && family != AF_INET6)
        return -EAFNOSUPPORT;
    int rc = broker ? co_ticket_take(broker, &peer, local, &session->data.ticket)
                    : co_port_draw(&session->shard->ports, local, &session->data.port);
    if (rc == 0)
        session->data.kind = CO_FTP_DATA_PASSIVE;
    return rc;
}

static int passive_failed(struct co_ftp_session *session, int rc)
{
    if (rc == -EADDRINUSE)
        return co_ftp_reply(session, 425, "All ports for passive transfers are taken; try again.");
    return co_ftp_reply(session, 425, "No port could be opened (%s).", co_error_sentence(rc));
}

/* What the peer shall connect to. */
static void announce(const struct co_ftp_session *session, co_address *address)
{
    const struct co_ftp_server *server = session->server;
    co_address peer;
    co_stream_peer(session->control, &peer);
    co_ftp_announce(server->announced, server->announced_count, &peer, address);
}

int co_ftp_on_pasv(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    co_address address;
    char room[64];
    struct co_buf text = {.at = room, .room = sizeof room, .size_max = sizeof room};
    (void)command;
    if (session->epsv_all)
        return co_ftp_reply(session, 501, "After EPSV ALL only EPSV is answered.");
    local_address(session, &address);
    if (address.size == 0 || address.as.any.sa_family != AF_INET)
        return co_ftp_reply(session, 425, "PASV is for IPv4; use EPSV.");
    int rc = passive_open(session, &address);
    if (rc < 0)
        return passive_failed(session, rc);
    announce(session, &address);
    co_buf_add_string(&text, "Entering Passive Mode (");
    co_ftp_port_write(&text, (const struct sockaddr_in *)&address.as.any);
    co_buf_add_string(&text, ").");
    return co_ftp_reply_text(session, 227, co_buf_text(&text));
}

/* RFC 2428 3: the family, if named, must be the control connection's; "ALL" forbids all other ways.
 */
int co_ftp_on_epsv(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    co_address address;
    if (co_text_equal_nocase(command->argument, CO_TEXT("ALL"))) {
        session->epsv_all = true;
        return co_ftp_reply(session, 200, "Only EPSV from now on.");
    }
    local_address(session, &address);
    const char *family = address.size && address.as.any.sa_family == AF_INET6 ? "2" : "1";
    uint64_t number;
    if (command->argument.size && co_text_number(command->argument, 99, &number) < 0)
        return co_ftp_reply(session, 501, "Expected nothing, 1, 2 or ALL.");
    if (command->argument.size && !co_text_equal(command->argument, co_text_of(family)))
        return co_ftp_reply(
            session, 522, "Use protocol %s, as on this connection (%s).", family, family);
    int rc = passive_open(session, &address);
    if (rc < 0)
        return passive_failed(session, rc);
    return co_ftp_reply(
        session, 229, "Entering Extended Passive Mode (|||%u|).", co_address_port(&address));
}

/* ---- active --------------------------------------------------------------------------------- */

/* lftp says so of ::1, and means where it comes from. */
static bool is_unspecified(const union co_ftp_address *address)
{
    return address->any.sa_family == AF_INET ? address->v4.sin_addr.s_addr == INADDR_ANY
                                             : IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

static int active_set(struct co_ftp_session *session, const union co_ftp_address *given)
{
    co_address peer,
        address = {.size = given->any.sa_family == AF_INET ? sizeof given->v4 : sizeof given->v6};
    memcpy(address.as.bytes, given, address.size);
    co_address_unmap(&address);
    co_stream_peer(session->control, &peer);
    if (is_unspecified(given)) {
        unsigned port = co_address_port(&address);
        address = peer;
        co_address_set_port(&address, port);
    }
    if (session->server->options.no_active)
        return co_ftp_reply(session, 501, "Active transfers are switched off; use PASV or EPSV.");
    if (session->epsv_all)
        return co_ftp_reply(session, 501, "After EPSV ALL only EPSV is answered.");
    if (!co_address_same_host(&peer, &address))
        return co_ftp_reply(
            session, 501, "Data goes only to the address that you come from; use PASV or EPSV.");
    if (co_address_port(&address) < ACTIVE_PORT_MIN)
        return co_ftp_reply(session, 501, "Data does not go to ports below %d.", ACTIVE_PORT_MIN);
    co_ftp_data_forget(session);
    session->data.peer = malloc(sizeof *session->data.peer);
    if (!session->data.peer)
        return co_ftp_reply_error(session, -ENOMEM);
    *session->data.peer = address;
    session->data.kind = CO_FTP_DATA_ACTIVE;
    return co_ftp_reply(session, 200, "The data will come to that port.");
}

int co_ftp_on_port(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    union co_ftp_address address;
    if (co_ftp_port_parse(command->argument, &address) < 0)
        return co_ftp_reply(session, 501, "Expected h1,h2,h3,h4,p1,p2.");
    return active_set(session, &address);
}

int co_ftp_on_eprt(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    union co_ftp_address address;
    int rc = co_ftp_eprt_parse(command->argument, &address);
    if (rc == -EAFNOSUPPORT)
        return co_ftp_reply(session, 522, "Only IPv4 and IPv6 are spoken here, use (1,2).");
    if (rc < 0)
        return co_ftp_reply(session, 501, "Expected |1|address|port| or |2|address|port|.");
    return active_set(session, &address);
}

/* ---- making it ------------------------------------------------------------------------------ */

/* Is it the one that the port was drawn for? Then the port is given back; any other is cut. */
static bool is_expected(struct co_ftp_session *session, co_stream *stream)
{
    co_address rightful, peer;
    co_stream_peer(session->control, &rightful);
    co_stream_peer(stream, &peer);
    if (!co_address_same_host(&peer, &rightful)) {
        co_abort(stream);
        return false;
    }
    co_port_return(&session->shard->ports, session->data.port, true);
    session->data.port = NULL;
    return true;
}

static int accept_peer(struct co_ftp_session *session, co_stream **ret)
{
    co_stream *stream;
    do {
        int rc = co_accept(&stream, session->data.port->listener);
        if (rc < 0)
            return rc;
    } while (!is_expected(session, stream));
    *ret = stream;
    return 0;
}

bool co_ftp_data_take(struct co_ftp_session *session, co_stream **ret)
{
    co_stream *stream;
    if (!session->data.port || session->data_secure ||
        co_accept_now(&stream, session->data.port->listener) < 0 || !is_expected(session, stream))
        return false;
    co_ftp_data_forget(session);
    *ret = stream;
    return true;
}

struct begun {
    const struct co_ftp_options *options;
    int control;
    unsigned port;
};

static int begin_blocking(void *arg)
{
    const struct begun *begun = arg;
    return begun->options->connect(begun->options->connect_arg, begun->control, begun->port);
}

/* From the address that the peer came to, and from its port 20 where we may (RFC 959 3.2, RFC 1123
 * 4.1.2.12): firewalls expect both. */
static int connect_peer(const struct co_ftp_session *session, co_stream **ret)
{
    co_address from;
    struct begun begun = {
        .options = &session->server->options,
        .control = co_stream_raw(session->control),
        .port = co_address_port(session->data.peer),
    };
    if (begun.options->connect) {
        int raw = co_block(begin_blocking, &begun);
        return raw < 0 ? raw : co_connect_adopt(ret, raw, session->data.peer);
    }
    local_address(session, &from);
    co_address_set_port(&from, ACTIVE_PORT_FROM);
    return co_connect_from(ret, session->data.peer, &from);
}

/* Whose it is not, or who does not shake hands, gets nothing. */
static int secure(struct co_ftp_session *session, co_stream *data)
{
    int rc = co_ftp_secure_data(session, data);
    if (rc < 0 && co_status() < 0)         /* ABOR, or nobody is there any more: */
        co_abort(data);                    /* nothing is waited for */
    else if (rc < 0 && co_close(data) < 0) /* it has been told why by an alert, */
        return rc;                         /* or cannot be told any more */
    return rc;
}

int co_ftp_data_open(struct co_ftp_session *session, co_stream **ret)
{
    co_scope scope;
    struct co_ftp_data *data = &session->data;
    co_scope_open(&scope, session->server->options.data_timeout_ms);
    int rc = data->ticket                        ? co_ticket_accept(data->ticket, ret)
             : data->kind == CO_FTP_DATA_PASSIVE ? accept_peer(session, ret)
                                                 : connect_peer(session, ret);
    co_ftp_data_forget(session);
    if (rc == 0 && session->data_secure)
        rc = secure(session, *ret);
    co_scope_close(&scope);
    return rc;
}
