/* SPDX-License-Identifier: MIT */
/* Faults beneath the clients: HTTP over both versions and through a proxy, FTP, downloads. The
 * servers are ours and meet the faults, too. */
#include "site.h"

#include "transfer/download.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 256
#define HEAD_MS    2000 /* a send that failed may leave an answer to be waited for */

/* ---- one request ---------------------------------------------------------------------------- */

static const char upload[] = "told piece by piece";

struct telling {
    size_t at;
};

static ssize_t tell_some(void *arg, void *ret_bytes, size_t size)
{
    struct telling *telling = arg;
    size_t left = sizeof upload - 1 - telling->at, piece = left < 8 ? left : 8;
    if (piece > size)
        piece = size;
    memcpy(ret_bytes, upload + telling->at, piece);
    telling->at += piece;
    return (ssize_t)piece;
}

static int tell_again(void *arg)
{
    ((struct telling *)arg)->at = 0;
    return 0;
}

/* What is asked, and the right answer. */
struct errand {
    const char *path, *method;
    bool told;     /* with a body from a source ... */
    int64_t size;  /* ... that is announced so; that one comes back */
    size_t length; /* of the pattern, from its start on; 0: none */
};

static const struct errand errands[] = {
    {.path = "/medium.bin", .length = SITE_MEDIUM}, {.path = "/medium.bin", .method = "HEAD"},
    {.path = "/echo", .method = "POST", .told = true, .size = sizeof upload - 1},
    {.path = "/echo", .method = "POST", .told = true, .size = -1},
    {.path = "/folder", .method = "HEAD"}, /* which leads on to /folder/ */
};

/* The next piece of a body is the right one. */
static bool is_right(const struct errand *errand, size_t at, const char *piece, size_t size)
{
    const char *right = errand->told ? upload : http_pattern;
    size_t length = errand->told ? sizeof upload - 1 : errand->length;
    return at + size <= length && memcmp(right + at, piece, size) == 0;
}

/* 0; 1 when the server said that it could not; negative. */
static int hear(const struct errand *errand, co_http_response *response)
{
    char piece[512];
    size_t size = 0, length = errand->told ? sizeof upload - 1 : errand->length;
    ssize_t n;
    bool right = true;
    int status = co_http_response_status(response);
    while ((n = co_http_response_read(response, piece, sizeof piece)) > 0) {
        right &= is_right(errand, size, piece, (size_t)n);
        size += (size_t)n;
    }
    if (n == 0 && status == 200 && !(right && size == length))
        room_problem("a wrong body of %zu bytes for %s", size, errand->path);
    return n < 0 ? (int)n : status != 200;
}

static int fetch(co_http_client *client, const struct site *site, const struct errand *errand)
{
    char url[PATH_BYTES];
    struct telling telling = {0};
    const struct co_http_source source = {errand->size, tell_some, tell_again, &telling};
    co_http_response *response;
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", co_address_port(&site->where), errand->path);
    int rc = co_http_fetch(&response, client,
        &(struct co_http_fetch){
            .url = url, .method = errand->method, .source = errand->told ? &source : NULL});
    if (rc < 0)
        return rc;
    rc = hear(errand, response);
    co_http_response_close(response);
    return rc;
}

/* ---- a client ------------------------------------------------------------------------------- */

struct visit {
    const struct site *site;
    co_http_client *client;
    const struct errand *errand;
    int result;
};

static int fetch_one(void *arg)
{
    struct visit *visit = arg;
    visit->result = fetch(visit->client, visit->site, visit->errand);
    return 0;
}

/* One after the other, so that connections are used again; and all at once. */
static int fetch_all(struct visit *visit)
{
    struct visit visits[CO_LENGTH(errands)];
    co_group group;
    int rc = 0;
    for (size_t i = 0; i < CO_LENGTH(errands) && rc >= 0; i++)
        rc = fetch(visit->client, visit->site, &errands[i]);
    co_group_open(&group, NULL);
    for (size_t i = 0; i < CO_LENGTH(errands); i++) {
        visits[i] = (struct visit){visit->site, visit->client, &errands[i], 0};
        co_go(&group, fetch_one, &visits[i]);
    }
    int failed = co_group_close(&group);
    for (size_t i = 0; i < CO_LENGTH(errands) && failed == 0; i++)
        failed = visits[i].result < 0 ? visits[i].result : 0;
    return rc < 0 ? rc : failed;
}

/* After the faults the same client, with what connections it has kept, gets right answers. */
static void client_must_go_on(struct visit *visit)
{
    const struct fault *fault = fault_get();
    if (fault->code == CO_OP_ACCEPT && fault->error == EBADF && fault_struck())
        return;                      /* the listener itself is what broke */
    for (size_t i = 0; i < 3; i++) { /* not all: it takes its time */
        int rc = fetch(visit->client, visit->site, &errands[i]);
        if (rc != 0)
            room_problem("the client does not go on with %s: %s", errands[i].path,
                rc < 0 ? co_error_name(rc) : "an error");
    }
}

/* The client's own limits are no hang. */
static int own_limit(int rc)
{
    return rc == CO_EDEADLINE && co_status() == 0 ? -ETIMEDOUT : rc;
}

static int visit_with(const struct site *site, const struct co_http_client_options *options)
{
    struct visit visit = {.site = site};
    int rc = co_http_client_new(&visit.client, options);
    if (rc < 0)
        return rc;
    rc = fetch_all(&visit);
    fault_end();
    rc = own_limit(rc);
    client_must_go_on(&visit);
    co_http_client_free(visit.client);
    return rc;
}

static int visit_http1(const struct site *site)
{
    return visit_with(site, &(struct co_http_client_options){
                                .version = CO_HTTP_1, .connect_ms = HEAD_MS, .head_ms = HEAD_MS});
}

static int visit_http2(const struct site *site)
{
    return visit_with(site, &(struct co_http_client_options){
                                .version = CO_HTTP_2, .connect_ms = HEAD_MS, .head_ms = HEAD_MS});
}

/* ---- a proxy -------------------------------------------------------------------------------- */

static int pass_on(void *arg)
{
    co_stream **pair = arg;
    char bytes[1024];
    ssize_t n;
    int rc = 0;
    while (rc == 0 && (n = co_read(pair[0], bytes, sizeof bytes)) > 0)
        rc = co_write(pair[1], bytes, (size_t)n);
    if (rc == 0)
        rc = co_shutdown_write(pair[1]);
    return rc;
}

/* RFC 9110 9.3.6: both ways at once. */
static int tunnel(co_stream *client, co_stream *server)
{
    co_stream *there[] = {client, server}, *back[] = {server, client};
    co_group group;
    int rc = co_print(client, "HTTP/1.1 200 OK\r\n\r\n");
    if (rc < 0)
        return rc;
    co_group_open(&group, NULL);
    co_go(&group, pass_on, there);
    co_go(&group, pass_on, back);
    return co_group_close(&group);
}

/* Whoever asks for whatever is connected to the site. */
static int proxy(co_stream *client, void *arg)
{
    const struct site *site = arg;
    char line[PATH_BYTES];
    co_stream *server;
    ssize_t n;
    do
        n = co_read_line(client, line, sizeof line);
    while (n > 0 && strcmp(line, "\r\n") != 0 && strcmp(line, "\n") != 0 && line[0]);
    if (n < 0)
        return (int)n;
    int rc = co_connect(&server, &site->where);
    if (rc < 0)
        return rc;
    rc = tunnel(client, server);
    co_abort(server);
    return rc;
}

struct proxying {
    const struct site *site;
    co_listener *listener;
};

static int serve_proxy(void *arg)
{
    const struct proxying *proxying = arg;
    return co_serve_listener(proxying->listener, proxy, (void *)(uintptr_t)proxying->site, NULL);
}

static int visit_by_proxy(const struct site *site)
{
    struct proxying proxying = {.site = site};
    char url[64];
    co_group group;
    int rc = co_listen(&proxying.listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    snprintf(url, sizeof url, "http://127.0.0.1:%u",
        co_address_port(co_listener_address(proxying.listener)));
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    co_go(&group, serve_proxy, &proxying);
    co_sleep(0);
    /* what is HTTP/2 in clear goes through a tunnel */
    rc = visit_with(site, &(struct co_http_client_options){.version = CO_HTTP_2,
                              .connect_ms = HEAD_MS,
                              .head_ms = HEAD_MS,
                              .proxies = {.http = url}});
    co_group_cancel(&group);
    int ended = co_group_close(&group);
    (void)ended;
    co_listener_close(proxying.listener);
    return rc;
}

/* ---- downloads ------------------------------------------------------------------------------ */

static void here_path(char ret[PATH_BYTES], const char *name)
{
    snprintf(ret, PATH_BYTES, "%s/here%s", room_folder(), name);
}

/* A file here is the right one, whatever has happened. */
static void judge_file(const char *name, size_t length)
{
    static char bytes[PATTERN_SIZE];
    char path[PATH_BYTES];
    here_path(path, name);
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (!file || size != length || memcmp(bytes, http_pattern, length) != 0)
        room_problem("a wrong file of %zu bytes", size);
    if (file)
        fclose(file);
}

static int download(co_http_client *client, struct co_tree *tree, const struct site *site,
    const char *name, unsigned segments)
{
    char url[PATH_BYTES];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", co_address_port(&site->where), name);
    struct co_download one = {
        .client = client,
        .what = {.url = url},
        .tree = tree,
        .path = co_text_of(name),
        .replace = true,
        .resume = true,
        .keep_time = true,
        .modified = CO_DOWNLOAD_NO_TIME,
        .segments = segments,
    };
    return co_download_run(&one);
}

/* Twice: what the first run has left of it the second goes on from. */
static int download_both(co_http_client *client, struct co_tree *tree, const struct site *site)
{
    int first = 0;
    for (unsigned segments = 1; segments <= 2; segments++) {
        char path[PATH_BYTES];
        here_path(path, "/medium.bin");
        unlink(path);
        int rc = download(client, tree, site, "medium.bin", segments);
        fault_end();
        const struct fault *fault = fault_get();
        bool broken = fault->code == CO_OP_ACCEPT && fault->error == EBADF && fault_struck();
        int again = rc < 0 && !broken ? download(client, tree, site, "medium.bin", segments) : rc;
        if (again < 0 && !broken)
            room_problem("a download does not go on: %s", co_error_name(again));
        if (again == 0)
            judge_file("/medium.bin", SITE_MEDIUM);
        first = first < 0 ? first : own_limit(rc);
        fault_begin();
    }
    return first;
}

static int visit_and_keep(const struct site *site)
{
    const struct co_tree_options whole = {.rights = CO_MAY_ALL};
    char path[PATH_BYTES];
    co_http_client *client;
    struct co_tree *tree;
    here_path(path, "");
    mkdir(path, 0755);
    int rc = co_tree_open(&tree, path, &whole);
    if (rc < 0)
        return rc;
    rc = co_http_client_new(
        &client, &(struct co_http_client_options){.connect_ms = HEAD_MS, .head_ms = HEAD_MS});
    if (rc == 0) {
        rc = download_both(client, tree, site);
        co_http_client_free(client);
    }
    co_tree_free(tree);
    return rc;
}

/* ---- FTP ------------------------------------------------------------------------------------ */

struct ftp_site {
    co_ftp_server *server;
    co_listener *listener;
};

static int serve_ftp(void *arg)
{
    const struct ftp_site *site = arg;
    return co_ftp_serve_listener(site->server, site->listener);
}

/* A list has no length: a false end of its connection is its end (RFC 959 3.4). */
static bool end_is_false(void)
{
    return fault_struck() && fault_get()->code == CO_OP_RECEIVE && fault_get()->error == FAULT_END;
}

static int list_ftp(co_ftp_client *client)
{
    struct co_ftp_entry entry;
    co_ftp_list *list;
    unsigned count = 0;
    int rc = co_ftp_list_open(&list, client, "folder");
    if (rc < 0)
        return rc;
    while ((rc = co_ftp_list_next(list, &entry)) > 0)
        count++;
    co_ftp_list_close(list);
    if (rc == 0 && count != 3 && !end_is_false())
        room_problem("a listing of %u entries", count);
    return rc;
}

static int download_ftp(co_ftp_client *client, uint64_t offset)
{
    static char bytes[PATTERN_SIZE];
    co_ftp_transfer *transfer;
    size_t size = 0;
    ssize_t n;
    int rc = co_ftp_download_open(&transfer, client, "medium.bin", offset);
    if (rc < 0)
        return rc;
    while ((n = co_ftp_transfer_read(transfer, bytes + size, sizeof bytes - size)) > 0)
        size += (size_t)n;
    rc = co_ftp_transfer_finish(transfer);
    if (n == 0 && rc == 0 &&
        (size != SITE_MEDIUM - offset || memcmp(bytes, http_pattern + offset, size) != 0))
        room_problem("a wrong download of %zu bytes", size);
    return n < 0 ? (int)n : rc;
}

static int upload_ftp(co_ftp_client *client)
{
    co_ftp_transfer *transfer;
    uint64_t size = 0;
    int rc = co_ftp_upload_open(&transfer, client, "folder/new", CO_FTP_REPLACE, 0);
    if (rc < 0)
        return rc;
    co_ftp_transfer_write(transfer, http_pattern, SITE_MEDIUM);
    rc = co_ftp_transfer_finish(transfer);
    if (rc < 0)
        return rc;
    rc = co_ftp_size(client, "folder/new", &size);
    if (rc == 0 && size != SITE_MEDIUM)
        room_problem("a wrong upload of %llu bytes", (unsigned long long)size);
    return rc < 0 ? rc : co_ftp_delete(client, "folder/new");
}

static int talk_ftp(const struct ftp_site *site)
{
    co_ftp_client *client;
    const struct co_ftp_client_options options = {
        .min_rate = -1, .connect_ms = HEAD_MS, .reply_ms = HEAD_MS};
    int rc = co_ftp_connect(
        &client, "127.0.0.1", co_address_port(co_listener_address(site->listener)), &options);
    if (rc < 0)
        return rc;
    rc = list_ftp(client);
    if (rc == 0)
        rc = download_ftp(client, 0);
    if (rc == 0)
        rc = download_ftp(client, 700);
    if (rc == 0)
        rc = upload_ftp(client);
    co_ftp_quit(client);
    return rc;
}

/* What an upload that was given up has left is not part of the next run. */
static void remove_leftovers(void)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/site/folder/new", room_folder());
    unlink(path);
}

static int ftp_work(void *arg)
{
    const struct co_ftp_options options = {.anonymous_rights = CO_MAY_ALL, .no_sync = true};
    char path[PATH_BYTES];
    struct site files; /* whose folder is shown */
    struct ftp_site site;
    co_group group;
    (void)arg;
    int rc = site_open(&files, 0);
    if (rc < 0)
        return rc;
    remove_leftovers();
    snprintf(path, sizeof path, "%s/site", room_folder());
    rc = co_ftp_server_new(&site.server, path, &options);
    if (rc == 0)
        rc = co_listen(&site.listener, "127.0.0.1:0", NULL);
    if (rc == 0) {
        co_group_open(&group, NULL);
        co_go(&group, serve_ftp, &site);
        co_sleep(0);
        fault_begin();
        rc = own_limit(talk_ftp(&site));
        fault_end();
        co_group_drain(&group);
        int served = co_group_close(&group);
        rc = rc < 0 ? rc : served;
        co_listener_close(site.listener);
    }
    co_ftp_server_free(site.server);
    co_listener_close(files.listener);
    co_http_server_free(files.server);
    return rc;
}

/* ---- the rooms ------------------------------------------------------------------------------ */

static int http1_work(void *arg)
{
    (void)arg;
    return site_work(visit_http1, 0);
}

static int http2_work(void *arg)
{
    (void)arg;
    return site_work(visit_http2, 0);
}

static int proxy_work(void *arg)
{
    (void)arg;
    return site_work(visit_by_proxy, 0);
}

static int download_work(void *arg)
{
    (void)arg;
    return site_work(visit_and_keep, 0);
}

static int http1_run(void *arg)
{
    return room_in_time(http1_work, arg);
}

static int http2_run(void *arg)
{
    return room_in_time(http2_work, arg);
}

static int proxy_run(void *arg)
{
    return room_in_time(proxy_work, arg);
}

static int download_run(void *arg)
{
    return room_in_time(download_work, arg);
}

static int ftp_run(void *arg)
{
    return room_in_time(ftp_work, arg);
}

const struct room client_http1_room = {"client_http1", http1_run, false};
const struct room client_http2_room = {"client_http2", http2_run, false};
const struct room client_proxy_room = {"client_proxy", proxy_run, false};
const struct room client_download_room = {"client_download", download_run, false};
const struct room client_ftp_room = {"client_ftp", ftp_run, false};
