/* SPDX-License-Identifier: MIT */
/*
 * An FTP server that says what a script tells it, good or bad, and the client against it.
 *
 * A script is a list of lines:
 *     "> TEXT"  sends the text and CRLF; the text may hold more lines
 *     ">>TEXT"  sends the text as it is
 *     "< TEXT"  waits for exactly this command; "~ TEXT" for one that begins so
 *     "EPSV", "PASV"  waits for this command, opens a door and tells it; PASV names an address that
 *               is not ours, which no client may go to (attacks F03)
 *     "EPRT", "PORT"  waits for this command, and remembers where it leads
 *     "D TEXT"  takes or makes the data connection, sends the text, closes
 *     "U TEXT"  the same, but reads to the end: the text must be what has come
 *     "u TEXT"  the same, but does not close
 *     "O"       only takes it; "X" resets it, "C" closes it, "d TEXT" sends on it
 *     "R"       waits until the client resets it
 *     "Z N"     sleeps so many seconds
 *     "T"       begins TLS on the control connection, "t" on the data connection
 *     "F"       ends the data connection beneath TLS, without its farewell
 *     "!"       closes the control connection
 */
#ifndef CO_TEST_FTP_SCRIPT_H
#define CO_TEST_FTP_SCRIPT_H

#include "codec/ftp_address.h"
#include "fibers.h"
#include "net/address.h"
#include "net/stream.h"
#include "tls/layer.h"

#define SCRIPT_LINE_MAX 8192

/* Of the latest play: commands that the server had to wait for. */
static unsigned script_turns;

struct script {
    const char *const *lines; /* NULL-terminated; NULL: all has been said */
    co_listener *listener, *door;
    co_stream *control, *data;
    co_address active; /* where PORT leads */
    bool is_active;
    co_tls *tls;
};

static inline int script_send(co_stream *stream, const char *text, const char *end)
{
    int rc = co_write(stream, text, strlen(text));
    return rc == 0 && *end ? co_write(stream, end, strlen(end)) : rc;
}

/* The next command, without its end, is a given one; "" : whatever it is. */
static inline bool script_hear(struct script *script, const char *wanted, char *ret)
{
    script_turns += co_stream_buffered(script->control) == 0;
    ssize_t n = co_read_line(script->control, ret, SCRIPT_LINE_MAX);
    if (!CHECK(n > 1 && ret[n - 1] == '\n' && ret[n - 2] == '\r')) {
        fprintf(stderr, "  ... instead of %s (%s)\n", wanted, co_error_name((int)n));
        return false;
    }
    ret[n - 2] = '\0';
    return !*wanted || CHECK_STRING(ret, wanted);
}

static inline int script_passive(struct script *script, bool extended)
{
    char line[SCRIPT_LINE_MAX];
    if (!script_hear(script, extended ? "EPSV" : "PASV", line))
        return -EPROTO;
    co_listener_close(script->door);
    script->door = NULL;
    int rc = co_listen(&script->door, "127.0.0.1:0", NULL);
    REQUIRE(rc == 0);
    unsigned port = co_address_port(co_listener_address(script->door));
    script->is_active = false;
    if (extended)
        return co_print(script->control, "229 Entering Extended Passive Mode (|||%u|)\r\n", port);
    return co_print(script->control, "227 Entering Passive Mode (10,66,66,66,%u,%u)\r\n",
        port / 256, port % 256);
}

static inline int script_active(struct script *script, bool extended)
{
    char line[SCRIPT_LINE_MAX];
    union co_ftp_address told;
    if (!script_hear(script, "", line))
        return -EPROTO;
    REQUIRE(strncmp(line, extended ? "EPRT " : "PORT ", 5) == 0);
    int rc = extended ? co_ftp_eprt_parse(co_text_of(line + 5), &told)
                      : co_ftp_port_parse(co_text_of(line + 5), &told);
    REQUIRE(rc == 0);
    script->active = (co_address){.size = sizeof told.v4};
    memcpy(&script->active.as, &told.v4, sizeof told.v4);
    script->is_active = true;
    return script_send(script->control, "200 Well", "\r\n");
}

static inline int script_meet(struct script *script)
{
    if (script->data)
        return 0;
    return script->is_active ? co_connect(&script->data, &script->active)
                             : co_accept(&script->data, script->door);
}

static inline int script_part(struct script *script, bool reset)
{
    co_stream *data = script->data;
    script->data = NULL;
    if (reset)
        co_abort(data);
    return reset ? 0 : co_close(data);
}

static inline int script_take(struct script *script, const char *wanted)
{
    char got[SCRIPT_LINE_MAX] = "";
    size_t size = 0;
    ssize_t n = 0;
    while (
        size < sizeof got - 1 && (n = co_read(script->data, got + size, sizeof got - 1 - size)) > 0)
        size += (size_t)n;
    CHECK_INT(n, 0);
    got[size] = '\0';
    CHECK_STRING(got, wanted);
    return 0;
}

static inline int script_step(struct script *script, const char *line)
{
    char heard[SCRIPT_LINE_MAX];
    int rc = strchr("DUO", line[0]) ? script_meet(script) : 0;
    REQUIRE(rc == 0);
    switch (line[0]) {
    case '>':
        return line[1] == '>' ? script_send(script->control, line + 2, "")
                              : script_send(script->control, line + 2, "\r\n");
    case '~':
        rc = script_hear(script, "", heard) ? 0 : -EPROTO;
        CHECK(strncmp(heard, line + 2, strlen(line + 2)) == 0);
        return rc;
    case '<': return script_hear(script, line + 2, heard) ? 0 : -EPROTO;
    case 'E': return line[2] == 'S' ? script_passive(script, true) : script_active(script, true);
    case 'P': return line[1] == 'A' ? script_passive(script, false) : script_active(script, false);
    case 'D':
        rc = script_send(script->data, line + 2, "");
        return rc < 0 ? rc : script_part(script, false);
    case 'd': return script_send(script->data, line + 2, "");
    case 'u': return script_take(script, line + 2);
    case 'U': return script_take(script, line + 2), script_part(script, false);
    case 'X': return script_part(script, true);
    case 'C': return script_part(script, false);
    case 'R': CHECK_INT(co_read(script->data, heard, sizeof heard), -ECONNRESET); return 0;
    case 'Z': return co_sleep(1000 * atoi(line + 2));
    case 'T': return co_tls_accept(script->control, script->tls);
    case 't': return co_tls_accept(script->data, script->tls);
    case 'F':
        rc = co_tls_layer_of(script->data)->under->shutdown(script->data);
        CHECK_INT(rc, 0);
        return script_part(script, co_read(script->data, heard, sizeof heard) < 0);
    case '!':
        rc = co_close(script->control);
        script->control = NULL;
        return rc;
    default: return 0;
    }
}

/* Says all of it, and waits until the client has gone. */
static inline int script_run(void *arg)
{
    struct script *script = arg;
    char rest[256];
    int rc = co_accept(&script->control, script->listener);
    while (rc == 0 && *script->lines) {
        const char *line = *script->lines++;
        rc = script_step(script, line);
        if (rc < 0)
            fprintf(stderr, "  ... at \"%s\": %s\n", line, co_error_name(rc));
    }
    while (rc == 0 && script->control && co_read(script->control, rest, sizeof rest) > 0)
        CHECK_STRING("", "more than the script has");
    co_abort(script->data);
    co_abort(script->control);
    co_listener_close(script->door);
    return rc;
}

/* What a client does against a script; it ends before the server does. */
typedef void script_body(unsigned port, const void *arg);

static inline int script_play_over(
    co_tls *tls, const char *const *lines, script_body *body, const void *arg)
{
    struct script script = {.lines = lines, .tls = tls};
    co_group group;
    script_turns = 0;
    REQUIRE(co_listen(&script.listener, "127.0.0.1:0", NULL) == 0);
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 600000});
    co_go(&group, script_run, &script);
    body(co_address_port(co_listener_address(script.listener)), arg);
    CHECK_INT(co_group_close(&group), 0);
    CHECK(*script.lines == NULL);
    co_listener_close(script.listener);
    return 0;
}

static inline int script_play(const char *const *lines, script_body *body, const void *arg)
{
    return script_play_over(NULL, lines, body, arg);
}

/* How most of them begin: greeted and logged in, with these features. */
#define SCRIPT_GREET "> 220 Hello", "< USER ann", "> 331 Now the password", "< PASS pw", "> 230 In"
#define SCRIPT_FEAT  "< FEAT", "> 211-Features:\r\n SIZE\r\n MLST type*;size*;modify*;\r\n211 End"
#define SCRIPT_LOGIN SCRIPT_GREET, SCRIPT_FEAT

#define TYPED    "< TYPE I", "> 200 I"
#define SIZED(n) "< SIZE f", "> 213 " #n

static inline int script_connect(
    co_ftp_client **ret, unsigned port, const struct co_ftp_client_options *options)
{
    struct co_ftp_client_options own = options ? *options : (struct co_ftp_client_options){0};
    own.user = own.user ? own.user : "ann";
    own.password = own.password ? own.password : "pw";
    *ret = NULL;
    return co_ftp_connect(ret, "127.0.0.1", port, &own);
}

/* The script's lines behind a login. */
static inline void play_behind_login(
    const char *const *lines, script_body *body, const void *arg, const char *name)
{
    static const char *const login[] = {SCRIPT_LOGIN};
    const char *all[40];
    size_t count = 0;
    for (size_t i = 0; i < CO_LENGTH(login); i++)
        all[count++] = login[i];
    while (*lines)
        all[count++] = *lines++;
    all[count] = NULL;
    int before = atomic_load(&check_failures);
    script_play(all, body, arg);
    if (atomic_load(&check_failures) > before)
        fprintf(stderr, "  ... with %s\n", name);
}

#endif
