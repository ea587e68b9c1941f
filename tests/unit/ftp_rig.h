/* SPDX-License-Identifier: MIT */
/*
 * An FTP server of a folder of a test's own, on the virtual backend's sockets, and a client that
 * talks to it line by line: all in one fiber, in which the tests themselves run (files_rig.h).
 *
 * Users are named after what they may do: "all", "browse", "read", "list", "add", "change"; the
 * password of each is "pw". Each test begins with a folder of its own and ends with a look at what
 * is left: no socket, no descriptor, no fiber.
 *
 * Over TLS (over_tls.h) it is implicit, and data is encrypted.
 */
#ifndef CO_TEST_FTP_RIG_H
#define CO_TEST_FTP_RIG_H

#define OVER_TLS_ALPN "ftp"

#include "codec/ftp_command.h"
#include "files_rig.h"
#include "runtime/rt.h"
#include "runtime/virtual.h"

#include <netinet/in.h>

#define FTP_TEXT_MAX (1u << 20)
#define FTP_LARGE    (1u << 20) /* bytes of "large": more than both ends of a connection hold */

struct ftp_heard {
    enum co_ftp_event_kind kind;
    int reply, error;
    uint64_t bytes;
    bool refused;
    char scheme[8], command[16], path[256], target[256];
};

static struct {
    struct co_ftp_options options;
    co_ftp_server *server;
    co_listener *listener;
    co_group group;
    co_stream *control, *data;
    co_listener *active;           /* where the client waits, after ftp_port */
    bool awaited;                  /* 150 has come, and no data connection yet */
    char reply[FTP_TEXT_MAX];      /* the last one, all its lines, NUL-terminated */
    char got[FTP_TEXT_MAX];        /* what the last data connection brought */
    size_t got_size;               /* all of it, kept or not */
    co_quota *quota;               /* of every user; NULL: none */
    int left;                      /* accounts that `leave` has been told of */
    unsigned sockets, descriptors; /* before the test */
    unsigned heard_count;
    struct ftp_heard heard;
} ftp;

/* ---- the server's side ---------------------------------------------------------------------- */

static inline void ftp_hear(void *arg, const struct co_ftp_event *event)
{
    struct ftp_heard *heard = &ftp.heard;
    (void)arg;
    *heard = (struct ftp_heard){.kind = event->kind,
        .reply = event->reply,
        .error = event->error,
        .bytes = event->bytes,
        .refused = event->refused};
    snprintf(heard->scheme, sizeof heard->scheme, "%s", event->scheme);
    snprintf(heard->command, sizeof heard->command, "%.*s", CO_TEXT_PRINT(event->command));
    snprintf(heard->path, sizeof heard->path, "%.*s", CO_TEXT_PRINT(event->path));
    snprintf(heard->target, sizeof heard->target, "%.*s", CO_TEXT_PRINT(event->target));
    ftp.heard_count++;
}

static inline int ftp_authenticate(
    void *arg, const char *peer, co_text name, co_text password, struct co_account *ret)
{
    static const struct {
        const char *name;
        unsigned rights;
        const char *home;
    } users[] = {
        {"all", CO_MAY_ALL, NULL},
        {"browse", CO_MAY_BROWSE, NULL},
        {"read", CO_MAY_READ, NULL},
        {"list", CO_MAY_LIST, NULL},
        {"add", CO_MAY_ADD, NULL},
        {"change", CO_MAY_CHANGE, NULL},
        {"homeless", CO_MAY_ALL, "nowhere"},
    };
    (void)peer;
    for (size_t i = 0; i < CO_LENGTH(users); i++) {
        if (!co_text_equal(name, co_text_of(users[i].name)) ||
            !co_text_equal(password, CO_TEXT("pw")))
            continue;
        ret->rights = users[i].rights;
        ret->home = users[i].home;
        ret->quota = ftp.quota;
        ret->held = arg;
        return 0;
    }
    return co_text_equal(name, CO_TEXT("banned")) ? -EBUSY : -EACCES;
}

static inline void ftp_leave(void *arg, struct co_account *account)
{
    (void)arg;
    assert_ptr_equal(account->held, &ftp);
    ftp.left++;
}

static inline int ftp_serve(void *arg)
{
    (void)arg;
    return is_over_tls() ? co_ftps_serve_listener(ftp.server, ftp.listener)
                         : co_ftp_serve_listener(ftp.server, ftp.listener);
}

/* Serves the folder with ftp.options. */
static inline void ftp_start(void)
{
    ftp.options.event = ftp_hear;
    ftp.options.authenticate = ftp_authenticate;
    ftp.options.leave = ftp_leave;
    ftp.options.authenticate_arg = &ftp;
    ftp.options.no_sync = true;
    if (is_over_tls())
        ftp.options.tls = over_tls.server;
    assert_int_equal(co_ftp_server_new(&ftp.server, site.path, &ftp.options), 0);
    assert_int_equal(co_listen(&ftp.listener, "127.0.0.1:0", NULL), 0);
    co_group_open(&ftp.group, NULL);
    co_go(&ftp.group, ftp_serve, NULL);
}

/* ---- the client's side ---------------------------------------------------------------------- */

/* Connects from an address: all of 127.0.0.0/8 is this machine. */
static inline int ftp_connect_from(co_stream **ret, const char *from, const co_address *to)
{
    struct co_rt *rt = co_rt_current();
    co_address local;
    co_fd fd;
    assert_int_equal(co_address_parse(from, 0, &local), 0);
    struct co_control bind = {.code = CO_CONTROL_BIND, .address = &local};
    struct co_op op = {.code = CO_OP_CONNECT, .a.connect.address = to};
    assert_int_equal(rt->backend->socket(rt, AF_INET, SOCK_STREAM, 0, &fd), 0);
    assert_int_equal(rt->backend->control(rt, fd, &bind), 0);
    op.fd = fd;
    int rc = (int)co_op_run(&op);
    if (rc < 0) {
        rt->backend->close_fd(rt, fd);
        return rc;
    }
    return co_stream_of_socket(fd, to, ret);
}

/* Over TLS, hands are shaken on a stream. */
static inline void ftp_secure(co_stream *stream)
{
    if (is_over_tls())
        assert_int_equal(co_tls_connect(stream, over_tls.client, "localhost"), 0);
}

/* A reply has come: behind 150 the server shakes hands on the data connection, as soon as there is
 * one. */
static inline int ftp_heed(int code)
{
    if (code == 150 && ftp.data && !co_tls_is_on(ftp.data))
        ftp_secure(ftp.data);
    else if (code == 150)
        ftp.awaited = !ftp.data;
    else if (code >= 225)
        ftp.awaited = false;
    return code;
}

/* Reads one reply, of all its lines. Its code; 0 at the end of the connection; negative. */
static inline int ftp_reply(void)
{
    size_t size = 0;
    char *line;
    do {
        line = ftp.reply + size;
        ssize_t n = co_read_line(ftp.control, line, sizeof ftp.reply / 16);
        if (n <= 0)
            return (int)n;
        size += (size_t)n;
        assert_true(size < sizeof ftp.reply - sizeof ftp.reply / 16);
        if (n < 2 || memcmp(line + n - 2, "\r\n", 2) != 0)
            return CO_EEOF; /* a reset has destroyed the rest */
    } while (memcmp(line, ftp.reply, 3) != 0 || line[3] != ' ');
    return ftp_heed(atoi(ftp.reply));
}

static inline void ftp_send(const char *line)
{
    const struct iovec pieces[] = {co_piece(co_text_of(line)), co_piece(CO_TEXT("\r\n"))};
    assert_int_equal(co_writev(ftp.control, pieces, CO_LENGTH(pieces)), 0);
}

/* Sends a line; the code of the reply. */
static inline int ftp_do(const char *line)
{
    ftp_send(line);
    return ftp_reply();
}

/* Is there a reply, or the end, without anything else happening? */
static inline bool ftp_is_answered(void)
{
    const uint8_t *bytes;
    co_scope scope;
    co_scope_open(&scope, 1000);
    ssize_t n = co_peek(ftp.control, 1, &bytes);
    co_scope_close(&scope);
    return n >= 0;
}

static inline void ftp_open(void)
{
    assert_int_equal(co_connect(&ftp.control, co_listener_address(ftp.listener)), 0);
    ftp_secure(ftp.control);
    assert_int_equal(ftp_reply(), 220);
}

static inline void ftp_login(const char *user)
{
    char line[64];
    ftp_open();
    snprintf(line, sizeof line, "USER %s", user);
    assert_int_equal(ftp_do(line), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftp_do("TYPE I"), 200);
}

static inline void ftp_data_end(void)
{
    co_abort(ftp.data);
    ftp.data = NULL;
}

/* The client's side of a passive connection, instead of what there was. */
static inline void ftp_data_connect(const co_address *address)
{
    ftp_data_end();
    co_listener_close(ftp.active);
    ftp.active = NULL;
    assert_int_equal(co_connect(&ftp.data, address), 0);
    if (ftp.awaited)
        ftp_secure(ftp.data);
    ftp.awaited = false;
}

/* The address that EPSV gives. */
static inline co_address ftp_passive(void)
{
    co_address address = *co_listener_address(ftp.listener);
    assert_int_equal(ftp_do("EPSV"), 229);
    const char *bars = strstr(ftp.reply, "|||");
    assert_non_null(bars);
    ((struct sockaddr_in *)&address.as.any)->sin_port = htons((uint16_t)atoi(bars + 3));
    return address;
}

static inline void ftp_epsv(void)
{
    co_address address = ftp_passive();
    ftp_data_connect(&address);
}

/* The same by PASV: "(h1,h2,h3,h4,p1,p2)". */
static inline void ftp_pasv(void)
{
    unsigned n[6];
    char text[32];
    co_address address;
    assert_int_equal(ftp_do("PASV"), 227);
    const char *bracket = strchr(ftp.reply, '(');
    assert_non_null(bracket);
    assert_int_equal(
        sscanf(bracket, "(%u,%u,%u,%u,%u,%u)", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]), 6);
    snprintf(text, sizeof text, "%u.%u.%u.%u:%u", n[0], n[1], n[2], n[3], n[4] * 256 + n[5]);
    assert_int_equal(co_address_parse(text, -1, &address), 0);
    ftp_data_connect(&address);
}

/* Listens for the server, and says so. The reply's code. */
static inline int ftp_port(const char *form)
{
    char line[64];
    co_listener_close(ftp.active);
    assert_int_equal(co_listen(&ftp.active, "127.0.0.1:0", NULL), 0);
    unsigned port = co_address_port(co_listener_address(ftp.active));
    if (strcmp(form, "PORT") == 0)
        snprintf(line, sizeof line, "PORT 127,0,0,1,%u,%u", port / 256, port % 256);
    else
        snprintf(line, sizeof line, "EPRT |1|127.0.0.1|%u|", port);
    return ftp_do(line);
}

/* The data connection, which comes to us after PORT. */
static inline void ftp_data_come(void)
{
    if (!ftp.active)
        return;
    assert_int_equal(co_accept(&ftp.data, ftp.active), 0);
    co_listener_close(ftp.active);
    ftp.active = NULL;
    ftp_secure(ftp.data);
    ftp.awaited = false;
}

/* Reads the data connection to its end; the first part stays, NUL-terminated. How it ended. */
static inline int ftp_receive(void)
{
    static char piece[1u << 16];
    ssize_t n;
    ftp.got_size = 0;
    while ((n = co_read(ftp.data, piece, sizeof piece)) > 0) {
        size_t at = ftp.got_size, room = at < FTP_TEXT_MAX ? FTP_TEXT_MAX - 1 - at : 0;
        memcpy(ftp.got + (at < FTP_TEXT_MAX ? at : 0), piece, (size_t)n < room ? (size_t)n : room);
        ftp.got_size += (size_t)n;
    }
    ftp.got[ftp.got_size < FTP_TEXT_MAX ? ftp.got_size : FTP_TEXT_MAX - 1] = '\0';
    ftp_data_end();
    return (int)n;
}

static inline void ftp_give(const char *text)
{
    int rc = co_write(ftp.data, text, strlen(text));
    rc = rc < 0 ? rc : co_close(ftp.data);
    ftp.data = NULL;
    assert_int_equal(rc, 0);
}

/* A whole download or listing over EPSV; the final reply's code, or the first's if it was not 150.
 */
static inline int ftp_fetch(const char *line)
{
    ftp_epsv();
    int code = ftp_do(line);
    if (code != 150)
        return code;
    assert_int_equal(ftp_receive(), 0);
    return ftp_reply();
}

/* The same for an upload of the text. */
static inline int ftp_store(const char *line, const char *text)
{
    ftp_epsv();
    int code = ftp_do(line);
    if (code != 150)
        return code;
    ftp_give(text);
    return ftp_reply();
}

/* Does the last reply say so? */
static inline bool ftp_said(const char *text)
{
    return strstr(ftp.reply, text) != NULL;
}

/* Did the last data connection bring it? */
static inline bool ftp_brought(const char *text)
{
    return strstr(ftp.got, text) != NULL;
}

/* ---- the folder ----------------------------------------------------------------------------- */

/* "file" of 12 bytes in two lines, "large" of zeros, "sub/inner", "empty/", ".hidden", "out". */
static inline void ftp_populate(void)
{
    put_text("file", "one\ntwo\r\nxyz");
    set_time("file", 1000000000);
    put_text("large", "");
    int fd = openat(site.fd, "large", O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, FTP_LARGE), 0);
    close(fd);
    put_folder("sub");
    put_text("sub/inner", "inner");
    put_folder("empty");
    put_text(".hidden", "hidden");
    assert_int_equal(symlinkat("/etc/passwd", site.fd, "out"), 0);
}

/* A folder "many" whose listing is more than sockets hold. */
static inline void ftp_populate_many(void)
{
    char name[256];
    put_folder("many");
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(name, sizeof name, "many/%04u%0200d", i, 0);
        put_text(name, "");
    }
}

/* What the file holds, NUL-terminated; NULL when there is none. */
static inline const char *ftp_content(const char *name)
{
    static char text[4096];
    int fd = openat(site.fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    assert_true(n >= 0);
    text[n] = '\0';
    return text;
}

/* ---- before and after ----------------------------------------------------------------------- */

static inline unsigned ftp_descriptors(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* Sockets of the virtual world that are open; 0 on the others. */
static inline unsigned ftp_sockets(void)
{
    return strcmp(co_backend_name(), "virtual") == 0 ? co_virtual_sockets_open(co_rt_current()) : 0;
}

static inline void ftp_hang_up(void)
{
    ftp_data_end();
    co_abort(ftp.control);
    ftp.control = NULL;
    co_listener_close(ftp.active);
    ftp.active = NULL;
    ftp.awaited = false;
}

static inline int ftp_setup(void **state)
{
    site_setup(state);
    ftp_populate();
    memset(&ftp, 0, sizeof ftp);
    ftp.sockets = ftp_sockets();
    ftp.descriptors = ftp_descriptors();
    return 0;
}

/* Ends the server as its last client leaves, and sees that nothing is left of it. */
static inline void ftp_stop(void)
{
    ftp_hang_up();
    if (!ftp.server)
        return;
    co_group_drain(&ftp.group);
    assert_int_equal(co_group_close(&ftp.group), 0);
    co_listener_close(ftp.listener);
    co_ftp_server_free(ftp.server);
    ftp.server = NULL;
    assert_int_equal(ftp_sockets(), ftp.sockets);
    assert_int_equal(ftp_descriptors(), ftp.descriptors);
}

static inline int ftp_teardown(void **state)
{
    ftp_stop();
    return site_teardown(state);
}

#define FTP_TEST(name) cmocka_unit_test_setup_teardown(name, ftp_setup, ftp_teardown)

#endif
