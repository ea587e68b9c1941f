/* SPDX-License-Identifier: MIT */
/*
 * A conversation with an FTP server on the virtual backend: a folder, users, a client that looks at
 * each reply and makes each data connection that it is told of. Nothing may be left of it.
 */
#ifndef CO_FUZZ_FTP_CONVERSATION_H
#define CO_FUZZ_FTP_CONVERSATION_H

#include "app/certificates.h"
#include "coronet.h"
#include "net/stream.h"
#include "runtime/rt.h"
#include "runtime/virtual.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_MAX   8192
#define REPLIES_MAX (1 << 18)
#define PATIENCE_MS 3600000 /* of virtual time: for every timeout of the server's */

static char folder[64];

struct run {
    const uint8_t *data;
    size_t size, first;
    bool implicit;                /* TLS from the first byte */
    int (*greet)(struct run *);   /* before anything else on a new connection; NULL: nothing */
    co_task *send;                /* the input */
    int (*move)(co_stream *data); /* a data connection of which the server has told */
    co_ftp_server *server;
    co_listener *listener;
    co_group *clients; /* of data connections */
    co_stream *control;
    char replies[REPLIES_MAX];
    size_t size_read;
    bool in_tls;  /* what comes are no replies any more */
    unsigned iac; /* bytes of an answer of Telnet's (IAC, WONT or DONT, an option) that have come */
};

static struct run *the_run;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return strcmp(path, folder) == 0 ? 0 : remove(path);
}

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        abort();
    close(fd);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    rmdir(folder);
}

static void make_folder(void)
{
    char path[128];
    if (!*folder) {
        snprintf(folder, sizeof folder, "/tmp/coronet-fuzz-XXXXXX");
        if (!mkdtemp(folder))
            abort();
        atexit(remove_folder);
    }
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    snprintf(path, sizeof path, "%s/sub", folder);
    mkdir(path, 0755);
    put("file", "one\ntwo\r\n");
    put("sub/inner", "inner");
}

static int authenticate(
    void *arg, const char *peer, co_text name, co_text password, struct co_account *ret)
{
    (void)arg, (void)peer, (void)password;
    ret->rights = co_text_equal(name, CO_TEXT("a")) ? CO_MAY_ALL : CO_MAY_ADD;
    return name.size < 4 ? 0 : -EACCES;
}

static void hear(void *arg, const struct co_ftp_event *event)
{
    (void)arg;
    assert(event->reply >= 100 && event->command.size > 0);
    assert(event->path.size == 0 || event->path.at[0] == '/');
}

/* ---- the client ----------------------------------------------------------------------------- */

static int data_client(void *port)
{
    struct run *run = the_run;
    co_address address;
    co_stream *data;
    if (co_address_parse("127.0.0.1", (int)(intptr_t)port, &address) < 0 ||
        co_connect(&data, &address) < 0)
        return 0;
    run->move(data);
    co_abort(data);
    return 0;
}

/* Takes what comes, to the end. */
static void drink(co_stream *data)
{
    char bytes[512];
    while (co_read(data, bytes, sizeof bytes) > 0)
        ;
}

/* Each line is a reply or a part of one (RFC 959 4.2). */
static void check_line(struct run *run, const char *line, size_t size)
{
    unsigned port;
    assert(size >= 4 && line[size - 1] == '\r');
    run->in_tls |= size >= 4 && memcmp(line, "234 ", 4) == 0;
    bool begins = line[0] >= '1' && line[0] <= '5' && (line[3] == ' ' || line[3] == '-');
    assert(begins || line[0] == ' ');
    assert(!memmem(line, size, folder, strlen(folder)));
    if (size < 64 && sscanf(line, "229 Entering Extended Passive Mode (|||%u|).", &port) == 1)
        co_go(run->clients, data_client, (void *)(intptr_t)port);
}

static void check_replies(struct run *run)
{
    size_t at = 0;
    char *end;
    while (!run->in_tls && (end = memchr(run->replies + at, '\n', run->size_read - at))) {
        size_t size = (size_t)(end - run->replies) - at;
        check_line(run, run->replies + at, size);
        at += size + 1;
    }
    memmove(run->replies, run->replies + at, run->size_read - at);
    run->size_read -= at;
}

/* Telnet's answers come between replies, and an option may be any byte. */
static void take_byte(struct run *run, char byte)
{
    unsigned char code = (unsigned char)byte;
    unsigned before = run->iac;
    run->iac = before == 0 ? code == 255 : before == 1 ? 2 * (code == 252 || code == 254) : 0;
    if (before == 1 && run->iac == 0)
        run->replies[run->size_read++] = '?'; /* it was a name's */
    if (before < 2 && run->iac == 0)
        run->replies[run->size_read++] = byte;
}

static int read_replies(void *arg)
{
    struct run *run = arg;
    char bytes[512];
    ssize_t n = 1;
    while (n > 0) {
        n = co_read(run->control, bytes, sizeof bytes);
        for (ssize_t i = 0; i < n && !run->in_tls; i++)
            take_byte(run, bytes[i]);
        check_replies(run);
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int serve(void *arg)
{
    struct run *run = arg;
    return run->implicit ? co_ftps_serve_listener(run->server, run->listener)
                         : co_ftp_serve_listener(run->server, run->listener);
}

static int converse(void *arg)
{
    struct run *run = arg;
    co_group server, clients;
    const struct co_group_options patience = {.timeout_ms = PATIENCE_MS, .keep_going = true};
    if (co_listen(&run->listener, "127.0.0.1:0", NULL) < 0)
        abort();
    co_group_open(&server, NULL);
    co_go(&server, serve, run);
    co_group_open(&clients, &patience);
    run->clients = &clients;
    if (co_connect(&run->control, co_listener_address(run->listener)) < 0)
        abort();
    if (!run->greet || run->greet(run) == 0) {
        co_go(&clients, read_replies, run);
        co_go(&clients, run->send, run);
    }
    if (co_group_close(&clients) < 0)
        abort(); /* the session did not end with its connection */
    co_abort(run->control);
    co_group_drain(&server);
    int rc = co_group_close(&server);
    co_listener_close(run->listener);
    if (co_virtual_sockets_open(co_rt_current()) > 0)
        abort();
    return rc;
}

/* One for all runs. */
static co_tls *make_tls(void)
{
    static const char *const hosts[] = {"localhost", NULL};
    struct co_buf chain = CO_BUF(CO_CERTIFICATE_BYTES), key = CO_BUF(CO_CERTIFICATE_BYTES);
    co_tls *tls;
    if (co_self_signed_make(hosts, 1790000000, &chain, &key) < 0)
        abort();
    const struct co_tls_certificate pair = {.chain = co_buf_text(&chain), .key = co_buf_text(&key)};
    if (co_tls_server(
            &tls, &(struct co_tls_options){.certificates = &pair, .certificate_count = 1}) < 0)
        abort();
    co_buf_free(&chain);
    co_buf_free(&key);
    return tls;
}

/* The server has `run->data` said to it. */
static void run_conversation(struct run *run)
{
    static co_tls *tls;
    if (!tls)
        tls = make_tls();
    const struct co_ftp_options options = {
        .authenticate = authenticate, .event = hear, .no_sync = true, .tls = tls};
    the_run = run;
    make_folder();
    if (co_ftp_server_new(&run->server, folder, &options) < 0)
        abort();
    if (co_run(converse, run, &(struct co_run_options){.backend = "virtual"}) < 0)
        abort();
    co_ftp_server_free(run->server);
}

#endif
