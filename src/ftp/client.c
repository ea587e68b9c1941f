/* SPDX-License-Identifier: MIT */
/*
 * The client's connection: connected, greeted, encrypted, logged in; and its end.
 *
 * Asked for TLS, nothing but AUTH is ever said in clear: no list of features is asked for first,
 * which somebody on the way could thin out, and every refusal ends it (RFC 4217; attacks F06).
 */
#include "ftp/client.h"

#include "dial/race.h"
#include "net/address.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS    30000
#define REPLY_MS      60000
#define GOODBYE_MS    2000
#define SILENCE_S     60 /* of the control connection, before TCP asks whether it is still there */
#define PORT          21
#define PORT_IMPLICIT 990

static const char *const alpn[] = {"ftp", NULL}; /* ALPACA (attacks F10) */

/* ---- made and ended -------------------------------------------------------------------------- */

static void client_free(co_ftp_client *client)
{
    co_tls_free(client->own_tls);
    co_buf_free(&client->reply);
    co_buf_free(&client->features);
    co_buf_free(&client->entry);
    co_buf_free(&client->home);
    free(client->host);
    free(client->where);
    free(client);
}

static void fill_defaults(struct co_ftp_client_options *options)
{
    if (options->connect_ms == 0)
        options->connect_ms = CONNECT_MS;
    if (options->reply_ms == 0)
        options->reply_ms = REPLY_MS;
    if (options->min_rate == 0)
        options->min_rate = 1;
    if (!options->user) {
        options->user = "anonymous";
        options->password = options->password ? options->password : "anonymous@";
    }
    if (!options->password)
        options->password = "";
}

int co_ftp_client_where(const char *host, unsigned port, char ret[CO_FTP_WHERE_MAX])
{
    bool is_ipv6 = strchr(host, ':');
    int size = snprintf(
        ret, CO_FTP_WHERE_MAX, "%s%s%s:%u", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);
    return size < 0 || size >= CO_FTP_WHERE_MAX ? CO_EADDRESS : 0;
}

static int client_new(co_ftp_client **ret, const char *host, unsigned port,
    const struct co_ftp_client_options *options)
{
    co_ftp_client *client = calloc(1, sizeof *client);
    char where[CO_FTP_WHERE_MAX];
    if (!client)
        return -ENOMEM;
    if (options)
        client->options = *options;
    fill_defaults(&client->options);
    if (port == 0)
        port = client->options.security == CO_FTP_IMPLICIT ? PORT_IMPLICIT : PORT;
    int rc = co_ftp_client_where(host, port, where);
    client->host = strdup(host);
    client->where = strdup(where);
    client->reply = CO_BUF(CO_FTP_REPLY_MAX);
    client->features = CO_BUF(CO_FTP_REPLY_MAX);
    client->entry = CO_BUF(CO_FTP_REPLY_MAX);
    client->home = CO_BUF(CO_FTP_REPLY_MAX);
    client->doing = "log in";
    client->what = "";
    if (!client->host || !client->where)
        rc = -ENOMEM;
    if (rc < 0)
        client_free(client);
    else
        *ret = client;
    return rc;
}

void co_ftp_abort(co_ftp_client *client)
{
    if (!client)
        return;
    co_ftp_transfer_abort(client->transfer);
    co_abort(client->control);
    client_free(client);
}

static void say_goodbye(co_ftp_client *client)
{
    if (co_ftp_client_begin(client, "quit", NULL) == 0)
        co_ftp_client_ask(client, "QUIT", NULL);
}

void co_ftp_quit(co_ftp_client *client)
{
    if (!client)
        return;
    co_scope grace;
    co_scope_shield(&grace, co_ftp_client_patience(client, GOODBYE_MS));
    co_ftp_transfer_abort(client->transfer);
    client->is_away = false;
    say_goodbye(client);
    co_scope_close(&grace);
    int rc = co_close(client->control);
    (void)rc; /* nothing was said that is not confirmed */
    client_free(client);
}

int co_ftp_last_code(const co_ftp_client *client)
{
    return client->code;
}

co_text co_ftp_last_text(const co_ftp_client *client)
{
    return co_buf_text(&client->reply);
}

bool co_ftp_client_is_proxied(const co_ftp_client *client)
{
    return client->options.proxy && *client->options.proxy;
}

int co_ftp_client_dial(const co_ftp_client *client, const char *where, co_stream **ret)
{
    const struct co_dial_options dial = {.family = client->options.family,
        .timeout_ms = client->options.connect_ms,
        .answers = client->options.answers,
        .proxy = client->options.proxy,
        .proxy_tls = client->options.proxy_tls};
    return co_dial(ret, where, &dial);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static int trust(co_ftp_client *client)
{
    int rc = 0;
    client->tls = client->options.tls;
    if (!client->tls)
        rc = co_tls_client(&client->own_tls, NULL);
    if (client->own_tls)
        client->tls = client->own_tls;
    return rc;
}

/* What the server has sent behind its consent was said by who knows whom: it ends in failure here
 * (attacks F05). */
static int shake_hands(co_ftp_client *client)
{
    const struct co_tls_client_terms terms = {.alpn = alpn};
    co_scope scope;
    int rc = trust(client);
    if (rc < 0)
        return rc;
    co_scope_open(&scope, client->options.connect_ms);
    rc = co_tls_connect_on(client->control, client->tls, client->host, &terms);
    bool late = co_scope_close(&scope) == CO_EDEADLINE && rc == CO_EDEADLINE;
    return late ? co_ftp_client_fail(client, rc, "no TLS in time") : rc;
}

/* RFC 4217 4. */
static int begin_tls(co_ftp_client *client)
{
    int code = co_ftp_client_ask(client, "AUTH", "TLS");
    if (code < 0)
        return code;
    if (code != 234)
        return co_ftp_client_fail(
            client, CO_ETLS, "the server will not have TLS, and nothing was said without it");
    return shake_hands(client);
}

/* ---- the login ------------------------------------------------------------------------------- */

/* RFC 959 5.4: 120 comes before 220 when it takes a while. Whoever is let in before anything has
 * been encrypted is so by somebody on the way, perhaps (attacks F06). */
static int hear_greeting(co_ftp_client *client, bool *ret_inside)
{
    client->awaited = 1;
    int code = co_ftp_client_hear_final(client);
    *ret_inside = code == 230;
    if (code == 230 && client->options.security == CO_FTP_EXPLICIT)
        return co_ftp_client_fail(client, CO_ETLS, "it lets in whom it does not know, without TLS");
    if (code < 0 || code == 220 || code == 230)
        return code < 0 ? code : 0;
    return code >= 400 ? co_ftp_client_fail(client, CO_ESTATUS, NULL)
                       : co_ftp_client_fail(client, CO_EFTP, "it does not greet as FTP");
}

/* USER, and what it takes: none is said before the one ahead of it is answered, lest a password go
 * to who has not asked for it (RFC 959 5.4; 232: RFC 2228). */
static int introduce(co_ftp_client *client)
{
    const struct co_ftp_client_options *options = &client->options;
    int code = co_ftp_client_ask(client, "USER", options->user);
    if (code == 331)
        code = co_ftp_client_ask(client, "PASS", options->password);
    if (code == 332 && options->account)
        code = co_ftp_client_ask(client, "ACCT", options->account);
    if (code == 332)
        return co_ftp_client_fail(client, CO_ELOGIN, NULL);
    if (code < 0 || (code >= 200 && code < 300))
        return code < 0 ? code : 0;
    return co_ftp_client_fail(
        client, code >= 400 && code < 500 && code != 430 ? CO_ESTATUS : CO_ELOGIN, NULL);
}

/* "SHA-256*;SHA-512;...", in any order. */
static bool offers_sha256(co_text line)
{
    const co_text verb = CO_TEXT("HASH "), name = CO_TEXT("SHA-256");
    if (line.size < verb.size || !co_text_equal_nocase((co_text){line.at, verb.size}, verb))
        return false;
    for (line = co_text_after(line, verb.size); line.size >= name.size;
         line = co_text_after(line, 1))
        if (co_text_equal_nocase((co_text){line.at, name.size}, name))
            return true;
    return false;
}

/* RFC 2389 3.2. */
static void learn_features(co_ftp_client *client, bool *ret_utf8)
{
    const co_text facts = CO_TEXT("MLST"), utf8 = CO_TEXT("UTF8");
    co_text rest = co_buf_text(&client->reply), line;
    *ret_utf8 = false;
    while (co_text_next_line(&rest, &line)) {
        line = co_text_trim(co_ftp_reply_inner(line));
        co_text name = {line.at, line.size < facts.size ? line.size : facts.size};
        *ret_utf8 |= co_text_equal_nocase(line, utf8);
        client->sets_times |= co_text_equal_nocase(line, CO_TEXT("MFMT"));
        client->hashes |= offers_sha256(line);
        if (!co_text_equal_nocase(name, facts) || client->facts)
            continue;
        client->facts = true;
        co_buf_add_text(&client->features, co_text_trim(co_text_after(line, facts.size)));
    }
}

/* RFC 4217 9, 10: a refusal of PROT would leave the data in clear; PBSZ's reply changes nothing. */
static int require_protection(co_ftp_client *client, int code)
{
    if (code < 0)
        return code;
    client->data_secure = code < 300;
    return client->data_secure
               ? 0
               : co_ftp_client_break(client, CO_ETLS, "the server will not have data encrypted");
}

static int protect(co_ftp_client *client)
{
    int code = co_ftp_client_ask(client, "PBSZ", "0");
    if (code >= 0)
        code = co_ftp_client_ask(client, "PROT", "P");
    return require_protection(client, code);
}

/* The same and FEAT in one packet: each has one reply, whatever was said before it. FEAT's code, or
 * negative. */
static int protect_and_ask(co_ftp_client *client)
{
    co_cork(client->control);
    int rc = co_ftp_client_say(client, "PBSZ", "0");
    if (rc == 0)
        rc = co_ftp_client_say(client, "PROT", "P");
    if (rc == 0)
        rc = co_ftp_client_say(client, "FEAT", NULL);
    if (rc == 0)
        rc = co_uncork(client->control);
    int code = rc < 0 ? rc : co_ftp_client_hear_final(client);
    if (code >= 0)
        code = co_ftp_client_hear_final(client);
    rc = require_protection(client, code);
    return rc < 0 ? rc : co_ftp_client_hear_final(client);
}

static int ask_features(co_ftp_client *client)
{
    bool secure = client->options.security != CO_FTP_CLEAR;
    if (secure && !client->options.one_by_one)
        return protect_and_ask(client);
    int rc = secure ? protect(client) : 0;
    return rc < 0 ? rc : co_ftp_client_ask(client, "FEAT", NULL);
}

static int settle(co_ftp_client *client)
{
    bool utf8 = false;
    int code = ask_features(client);
    if (code == 211)
        learn_features(client, &utf8);
    if (utf8) /* some need to hear it, none may mind (RFC 2640) */
        code = co_ftp_client_ask(client, "OPTS", "UTF8 ON");
    return code < 0 ? code : 0;
}

static int log_in(co_ftp_client *client)
{
    bool inside = false;
    int rc = 0;
    if (client->options.security == CO_FTP_IMPLICIT)
        rc = shake_hands(client);
    if (rc == 0)
        rc = hear_greeting(client, &inside);
    if (rc == 0 && client->options.security == CO_FTP_EXPLICIT)
        rc = begin_tls(client);
    if (rc == 0 && !inside)
        rc = introduce(client);
    return rc == 0 ? settle(client) : rc;
}

static int check_options(co_ftp_client *client)
{
    const struct co_ftp_client_options *options = &client->options;
    if (!co_ftp_client_may_say(options->user) || !co_ftp_client_may_say(options->password) ||
        (options->account && !co_ftp_client_may_say(options->account)))
        return co_ftp_client_fail(
            client, CO_EINVALID, "a user or password with a line's end in it cannot be said");
    if (options->active && co_ftp_client_is_proxied(client))
        return co_ftp_client_fail(client, CO_EINVALID,
            "the server's data connections do not come through a proxy: passive ones do");
    return 0;
}

static int connect_control(co_ftp_client *client)
{
    int rc = check_options(client);
    if (rc == 0)
        rc = co_ftp_client_dial(client, client->where, &client->control);
    if (rc < 0)
        return rc;
    /* Long transfers leave it silent, and whoever counts connections on the way forgets it. A NOOP
     * might be answered before the transfer, behind it or never; TCP's own question harms nothing.
     */
    co_option_set(client->control, "keepalive", SILENCE_S);
    return log_in(client);
}

int co_ftp_connect(co_ftp_client **ret, const char *host, unsigned port,
    const struct co_ftp_client_options *options)
{
    co_ftp_client *client = NULL;
    int rc = client_new(&client, host, port, options);
    if (rc < 0)
        return rc;
    rc = connect_control(client);
    client->options.user = client->options.password = client->options.account = NULL;
    if (rc < 0)
        co_ftp_abort(client);
    else
        *ret = client;
    return rc;
}
