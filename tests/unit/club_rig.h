/* SPDX-License-Identifier: MIT */
/* Clients that show certificates of an authority, and a server that asks for them. */
#ifndef CO_TEST_CLUB_RIG_H
#define CO_TEST_CLUB_RIG_H

#include "forge.h"

#include "tls/layer.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static inline struct identity identity_of_forged(const struct forged *forged)
{
    struct identity identity;
    BIO *secret = BIO_new(BIO_s_mem());
    text_of(forged->x, identity.chain, sizeof identity.chain);
    PEM_write_bio_PrivateKey(secret, forged->key, NULL, NULL, 0, NULL, NULL);
    pem_take(secret, identity.key, sizeof identity.key);
    return identity;
}

/* An authority, and somebody that it has signed for. */
struct club {
    struct forged authority;
    char trusted[4096];
};

static inline void club_new(struct club *ret)
{
    static const struct paper usual;
    ret->authority = forge(&usual, "club", NULL);
    text_of(ret->authority.x, ret->trusted, sizeof ret->trusted);
}

static inline struct identity member(const struct club *club, const struct paper *paper)
{
    struct forged made = forge(paper, NULL, &club->authority);
    struct identity identity = identity_of_forged(&made);
    forged_free(&made);
    return identity;
}

/* How a visit went for either side. */
struct visit {
    int server,
        client; /* 0, or why not; of a client, after the server has heard of its certificate */
    bool resumed;
    char peer[64]; /* whom the server sees; "": nobody */
};

static inline struct visit visit(co_tls *server_tls, co_tls *client_tls)
{
    struct side server = {.tls = server_tls}, client = {.tls = client_tls, .host = "localhost"};
    struct co_tls_info info = {0};
    struct visit visit = {0};
    char c = 'x';
    CHECK_INT(meet(&server, &client), 0);
    if (server.result == 0)
        CHECK_INT(co_write(server.stream, &c, 1), 0);
    ssize_t n = client.result == 0 ? co_read(client.stream, &c, 1) : client.result;
    visit.server = server.result;
    visit.client = n < 0 ? (int)n : 0;
    if (server.result == 0)
        CHECK_INT(co_tls_info(server.stream, &info), 0);
    visit.resumed = info.resumed;
    snprintf(visit.peer, sizeof visit.peer, "%s", info.peer ? info.peer : "");
    CHECK_INT(co_close(client.stream) == 0 || client.result < 0 || n < 0, 1);
    CHECK_INT(co_close(server.stream) == 0 || server.result < 0, 1);
    return visit;
}

/* A server for localhost that has these demands on clients. */
static inline co_tls *server_of(
    const struct identity *own, enum co_tls_clients clients, const char *authorities)
{
    const struct co_tls_certificate certificate = certificate_of(own);
    const struct co_tls_options options = {.certificates = &certificate,
        .certificate_count = 1,
        .clients = clients,
        .authorities = co_text_of(authorities)};
    co_tls *tls = NULL;
    CHECK_INT(co_tls_server(&tls, &options), 0);
    return tls;
}

/* A client that shows `own`, or nothing when that is NULL. */
static inline co_tls *client_of(const struct identity *trusted, const struct identity *own)
{
    const struct co_tls_certificate certificate =
        own ? certificate_of(own) : (struct co_tls_certificate){0};
    const struct co_tls_options options = {.authorities = co_text_of(trusted->chain),
        .certificates = &certificate,
        .certificate_count = own != NULL};
    co_tls *tls = NULL;
    CHECK_INT(co_tls_client(&tls, &options), 0);
    return tls;
}

static inline struct visit visit_as(
    co_tls *server, const struct identity *trusted, const struct identity *own, int version)
{
    co_tls *client = client_of(trusted, own);
    SSL_CTX_set_max_proto_version(client->set->contexts[0], version);
    struct visit result = visit(server, client);
    co_tls_free(client);
    return result;
}

#define FOR_CLIENTS .purpose = "clientAuth", .names = ""

static const struct paper ann = {.subject = "ann", FOR_CLIENTS};

/* How long the client's latest ticket is good for, as it was told. */
static inline long life_of_ticket(const co_tls *client)
{
    const SSL_SESSION *session = client->sessions.at[0].session;
    return session ? (long)SSL_SESSION_get_ticket_lifetime_hint(session) : -1;
}

#endif
