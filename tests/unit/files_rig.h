/* SPDX-License-Identifier: MIT */
/*
 * A folder of a test's own, a server that serves it, and a client that asks: all in one fiber, in
 * which the tests themselves run.
 */
#ifndef CO_TEST_FILES_RIG_H
#define CO_TEST_FILES_RIG_H

#include "over_tls.h"
#include "within.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define GOT_MAX (8u << 20)

static struct {
    char path[64];
    int fd; /* names below are relative to it */
    co_http_server *server;
    uint64_t sent; /* of the last response's body, as the server's event says */
    int error;
    char user[64];         /* of the last request, as its event says */
    char transfers[512];   /* what `transfers_told` tells */
    co_address peer;       /* where the client is; size 0: in this process */
    char got[GOT_MAX + 1]; /* the last response, NUL-terminated */
    size_t got_size;
    char *body; /* within */
    size_t body_size;
} site;

/* ---- the folder ----------------------------------------------------------------------------- */

static inline void put(const char *name, const void *bytes, size_t size)
{
    int fd = openat(site.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static inline void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

/* Size bytes that shrink well, and end in no way that a part of them does. */
static inline const char *plain_bytes(size_t size)
{
    static char bytes[1u << 20];
    assert_true(size <= sizeof bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)('a' + (i / 7 + i / 1000) % 26);
    return bytes;
}

static inline void put_folder(const char *name)
{
    assert_int_equal(mkdirat(site.fd, name, 0755), 0);
}

static inline void set_time(const char *name, int64_t seconds)
{
    struct timespec times[] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(site.fd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* How many partial uploads lie in the folder itself. */
static inline unsigned partials(void)
{
    unsigned count = 0;
    DIR *folder = opendir(site.path);
    assert_non_null(folder);
    for (struct dirent *found; (found = readdir(folder));)
        count += strncmp(found->d_name, ".coronet-", 9) == 0;
    closedir(folder);
    return count;
}

/* ---- the server ----------------------------------------------------------------------------- */

static inline void site_hear(void *arg, const struct co_http_event *event)
{
    (void)arg;
    site.sent = event->body_bytes;
    site.error = event->error;
    snprintf(site.user, sizeof site.user, "%.*s", CO_TEXT_PRINT(event->user));
}

/* "path bytes, ": of a file that went out, "+path bytes by user" of one that came in; with "!" when
 * it was not whole. */
static inline void site_hear_transfer(void *arg, const struct co_http_transfer *transfer)
{
    size_t size = strlen(site.transfers);
    (void)arg;
    snprintf(site.transfers + size, sizeof site.transfers - size, "%s%.*s %llu by %.*s%s, ",
        transfer->is_upload ? "+" : "", CO_TEXT_PRINT(transfer->path),
        (unsigned long long)transfer->bytes, CO_TEXT_PRINT(transfer->user),
        transfer->error ? "!" : "");
}

/* What was told of since the last call. */
static inline const char *transfers_told(void)
{
    static char told[sizeof site.transfers];
    memcpy(told, site.transfers, sizeof told);
    site.transfers[0] = '\0';
    return told;
}

static inline void serve_at(const char *path, const struct co_http_files_options *options)
{
    struct co_http_options server = {.event = site_hear, .transfer = site_hear_transfer};
    co_http_server_free(site.server);
    assert_int_equal(co_http_server_new(&site.server, &server), 0);
    co_http_files(site.server, path, site.path, options);
}

static inline int site_setup(void **state)
{
    (void)state;
    site.peer = (co_address){0};
    site.error = 0;
    site.transfers[0] = '\0';
    snprintf(site.path, sizeof site.path, "/tmp/coronet-files-XXXXXX");
    assert_non_null(mkdtemp(site.path));
    assert_int_equal(chmod(site.path, 0755), 0);
    site.fd = open(site.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    serve_at("/", NULL);
    return 0;
}

static inline int site_remove_one(
    const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static inline int site_teardown(void **state)
{
    (void)state;
    co_http_server_free(site.server);
    site.server = NULL;
    close(site.fd);
    return nftw(site.path, site_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the client ----------------------------------------------------------------------------- */

/* A connection, whose session is a child of the group. room: of the stream in memory. */
static inline co_stream *site_connect(co_group *group, size_t room)
{
    co_stream *peer, *served;
    assert_int_equal(co_memory_pair(&peer, &served, room), 0);
    served->peer.size = (uint8_t)site.peer.size;
    memcpy(served->peer.bytes, site.peer.as.bytes, site.peer.size);
    assert_int_equal(http_meet(group, site.server, served, peer), 0);
    return peer;
}

/* Sends the text as it is and reads all that comes back. */
static inline void talk(const char *text)
{
    co_group group;
    ssize_t n;
    co_group_open(&group, NULL);
    co_stream *peer = site_connect(&group, 65536);
    assert_int_equal(co_write(peer, text, strlen(text)), 0);
    assert_int_equal(co_shutdown_write(peer), 0);
    site.got_size = 0;
    while ((n = co_read(peer, site.got + site.got_size, GOT_MAX - site.got_size)) > 0)
        site.got_size += (size_t)n;
    site.got[site.got_size] = '\0';
    int rc = co_close(peer);
    rc = rc < 0 ? rc : co_group_close(&group);
    assert_true(rc == 0 || site.error);
    site.body = strstr(site.got, "\r\n\r\n");
    assert_non_null(site.body);
    site.body += 4;
    site.body_size = site.got_size - (size_t)(site.body - site.got);
}

/* Takes a chunked body out of its chunks. False when its last chunk is missing. */
static inline bool dechunk(void)
{
    char *from = site.body, *to = site.body;
    for (;;) {
        char *end;
        size_t size = strtoul(from, &end, 16);
        if (end == from || memcmp(end, "\r\n", 2) != 0)
            return false;
        memmove(to, end + 2, size);
        to += size;
        from = end + 2 + size + 2;
        if (size == 0) {
            site.body_size = (size_t)(to - site.body);
            *to = '\0';
            return true;
        }
    }
}

/* Asks for a target with more field lines; the status. A chunked body is put together. */
static inline int ask(const char *method, const char *target, const char *fields)
{
    static char request[1u << 16];
    snprintf(
        request, sizeof request, "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, target, fields);
    talk(request);
    if (strncmp(site.got, "HTTP/1.1 ", 9) != 0)
        fail_msg("no response: %s", site.got);
    if (strstr(site.got, "Transfer-Encoding: chunked") && strcmp(method, "HEAD") != 0 &&
        !site.error)
        assert_true(dechunk());
    return atoi(site.got + 9);
}

static inline int get(const char *target)
{
    return ask("GET", target, "");
}

/* The value of a field of the last response, in a buffer of its own; NULL when there is none. */
static inline const char *field(const char *name)
{
    static char values[8][512];
    static unsigned next;
    char *value = values[next++ % 8], line[64];
    snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *at = strstr(site.got, line);
    if (!at || at > site.body)
        return NULL;
    at += strlen(line);
    size_t size = strcspn(at, "\r");
    snprintf(value, sizeof values[0], "%.*s", (int)size, at);
    return value;
}

/* "Name: value\r\n" of a value that the last response had: for the next request. */
static inline const char *with(const char *name, const char *value)
{
    static char line[600];
    snprintf(line, sizeof line, "%s: %s\r\n", name, value);
    return line;
}

#define assert_field(name, value)                                                                  \
 do {                                                                                              \
  const char *field_value = field(name);                                                           \
  if (!field_value)                                                                                \
   fail_msg("no %s in %s", (name), site.got);                                                      \
  assert_string_equal(field_value, (value));                                                       \
 } while (0)

#define assert_no_field(name) assert_null(field(name))

#define assert_body(bytes, size)                                                                   \
 do {                                                                                              \
  assert_int_equal(site.body_size, (size));                                                        \
  assert_memory_equal(site.body, (bytes), (size));                                                 \
 } while (0)

#define assert_in_body(text)                                                                       \
 do {                                                                                              \
  if (!strstr(site.body, (text)))                                                                  \
   fail_msg("not in the body: %s\n%s", (text), site.body);                                         \
 } while (0)

#define assert_not_in_body(text)                                                                   \
 do {                                                                                              \
  if (strstr(site.body, (text)))                                                                   \
   fail_msg("in the body: %s\n%s", (text), site.body);                                             \
 } while (0)

/* Unpacks the last body's gzip in place. */
static inline void gunzip(void)
{
    static char packed[GOT_MAX];
    memcpy(packed, site.body, site.body_size);
    z_stream z = {.next_in = (Bytef *)packed,
        .avail_in = (uInt)site.body_size,
        .next_out = (Bytef *)site.body,
        .avail_out = (uInt)(GOT_MAX - (size_t)(site.body - site.got))};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    site.body_size = z.total_out;
    site.body[site.body_size] = '\0';
    inflateEnd(&z);
}

#define SITE_TEST(name) cmocka_unit_test_setup_teardown(name, site_setup, site_teardown)

#endif
