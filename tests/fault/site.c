/* SPDX-License-Identifier: MIT */
#include "site.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PATH_BYTES 128
#define LONG_AGO   1000000000 /* seconds since 1970 */

/* ---- its folder -------------------------------------------------------------------------------
 */

static void put(const char *name, const void *bytes, size_t size)
{
    char path[PATH_BYTES];
    const struct timespec times[] = {{.tv_sec = LONG_AGO}, {.tv_sec = LONG_AGO}};
    snprintf(path, sizeof path, "%s/site/%s", room_folder(), name);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0 ||
        utimensat(AT_FDCWD, path, times, 0) < 0)
        abort();
}

static void put_zipped(const char *name, const void *bytes, size_t size)
{
    static uint8_t out[SITE_SMALL];
    z_stream z = {
        .next_in = (Bytef *)(uintptr_t)bytes,
        .avail_in = (uInt)size,
        .next_out = out,
        .avail_out = sizeof out,
    };
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    put(name, out, z.total_out);
    deflateEnd(&z);
}

static void folder_make(void)
{
    static bool made;
    char path[PATH_BYTES];
    if (made)
        return;
    made = true;
    http_pattern_make();
    snprintf(path, sizeof path, "%s/site", room_folder());
    int rc = mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/site/folder", room_folder());
    rc = rc < 0 ? rc : mkdir(path, 0755);
    if (rc < 0)
        abort();
    put("small.txt", http_pattern, SITE_SMALL);
    put("medium.bin", http_pattern, SITE_MEDIUM);
    put("large.bin", http_pattern, SITE_LARGE);
    put("large.txt", http_pattern, SITE_LARGE);
    put("page.css", http_pattern, SITE_SMALL);
    put_zipped("page.css.gz", http_pattern, SITE_SMALL);
    snprintf(path, sizeof path, "%s/site/shared", room_folder());
    if (mkdir(path, 0755) < 0)
        abort();
    put("shared/there", "hello", 5);
    put("folder/one.txt", "1", 1);
    put("folder/two.txt", "2", 1);
    snprintf(path, sizeof path, "%s/site/folder/link.txt", room_folder());
    if (symlink("one.txt", path) < 0)
        abort();
}

/* ---- its handlers -----------------------------------------------------------------------------
 */

static int echo(co_http_request *request, void *arg)
{
    char body[512];
    size_t size = 0;
    ssize_t n = 0;
    (void)arg;
    while (size < sizeof body && (n = co_http_read(request, body + size, sizeof body - size)) > 0)
        size += (size_t)n;
    return n < 0 ? (int)n : co_http_reply(request, 200, "text/plain", body, size);
}

/* In pieces, and with fields; whatever goes wrong is the last call's to say. */
static int stream(co_http_request *request, void *arg)
{
    (void)arg;
    co_http_set(request, "X-Kind", "stream");
    co_http_set(request, "Set-Cookie", "a=b");
    co_http_begin(request, 200, "text/plain");
    co_http_write(request, "one ", 4);
    co_sleep(0);
    co_http_write(request, "two ", 4);
    return co_http_write(request, "three", 5);
}

/* Everybody has the same account. */
static int authenticate(
    void *arg, const char *peer, co_text name, co_text password, struct co_account *ret)
{
    (void)arg, (void)peer, (void)name, (void)password;
    *ret = (struct co_account){.rights = CO_MAY_ALL};
    return 0;
}

/* ---- serving ----------------------------------------------------------------------------------
 */

int site_open(struct site *site, uint64_t limit_rate)
{
    static const char *const headers[] = {"X-Served-By: faults", NULL};
    const struct co_http_options options = {.headers = headers, .limit_rate = limit_rate};
    const struct co_http_files_options files = {.cors = "*", .cache_seconds = 60};
    const struct co_http_files_options shared = {.authenticate = authenticate};
    char path[PATH_BYTES];
    folder_make();
    *site = (struct site){0};
    int rc = co_http_server_new(&site->server, &options);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof path, "%s/site", room_folder());
    co_http_route(site->server, "POST /echo", echo, NULL);
    co_http_route(site->server, "GET /stream", stream, NULL);
    co_http_files(site->server, "/", path, &files);
    snprintf(path, sizeof path, "%s/site/shared", room_folder());
    co_http_files(site->server, "/shared/", path, &shared);
    rc = co_listen(&site->listener, "127.0.0.1:0", NULL);
    if (rc < 0) {
        co_http_server_free(site->server);
        return rc;
    }
    site->where = *co_listener_address(site->listener);
    return 0;
}

static int serve(void *arg)
{
    struct site *site = arg;
    return co_http_serve_listener(site->server, site->listener);
}

void site_serve(struct site *site)
{
    co_group_open(&site->group, NULL);
    co_go(&site->group, serve, site);
    for (int i = 0; i < 3; i++) /* the fibers that it starts shall have begun too */
        co_sleep(0);
}

int site_close(struct site *site)
{
    co_group_drain(&site->group);
    int rc = co_group_close(&site->group);
    co_listener_close(site->listener);
    co_http_server_free(site->server);
    return rc;
}

/* ---- asking -----------------------------------------------------------------------------------
 */

int site_ask_all(const struct site *site, const struct ask *asks, size_t count)
{
    co_stream *peer = NULL;
    int first = 0;
    for (size_t i = 0; i < count; i++) {
        bool ends = false;
        int rc = peer ? 0 : co_connect(&peer, &site->where);
        if (rc == 0)
            rc = http_ask(peer, &asks[i], &ends);
        if (ends) {
            co_abort(peer);
            peer = NULL;
        }
        if (rc < 0 && first == 0)
            first = rc;
    }
    int closed = co_close(peer);
    return first < 0 ? first : closed;
}

void site_must_go_on(const struct site *site)
{
    static const struct ask asks[] = {
        {"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n", .status = 200, .content = {0, SITE_SMALL}},
        {"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n", .status = 200, .content = {0, SITE_LARGE}},
        {"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", .status = 200, .text = "one two three"},
    };
    const struct fault *fault = fault_get();
    if (fault->code == CO_OP_ACCEPT && fault->error == EBADF && fault_struck())
        return; /* the listener itself is what broke */
    for (size_t i = 0; i < CO_LENGTH(asks); i++) {
        co_stream *peer;
        bool ends;
        int rc = co_connect(&peer, &site->where);
        if (rc == 0) {
            rc = http_ask(peer, &asks[i], &ends);
            co_abort(peer);
        }
        if (rc != 0)
            room_problem("the server does not go on: %s", rc < 0 ? co_error_name(rc) : "an error");
    }
}

int site_work(int (*clients)(const struct site *site), uint64_t limit_rate)
{
    struct site site;
    int rc = site_open(&site, limit_rate);
    if (rc < 0)
        return rc;
    site_serve(&site);
    fault_begin();
    rc = clients(&site);
    fault_end();
    site_must_go_on(&site);
    int served = site_close(&site);
    return rc < 0 ? rc : served;
}
