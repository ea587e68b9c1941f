/* SPDX-License-Identifier: MIT */
/* Faults beneath streams, listeners and datagrams: servers with parked streams, and their clients,
 * who know what they should hear. */
#include "room.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONTENT_BYTES 1000

/* ---- a server of lines ------------------------------------------------------------------------
 */

/* Answers a line with itself and a part of a file, then parks. */
static int answer(co_stream *stream, void *arg)
{
    char line[64];
    (void)arg;
    if (co_park_result(stream) < 0)
        return 0;
    ssize_t n = co_read_line(stream, line, sizeof line);
    if (n <= 0 || line[n - 1] != '\n')
        return n < 0 ? (int)n : 0;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    co_cork(stream);
    co_print(stream, "echo %s", line);
    int written = co_write_file(stream, file, 0, CONTENT_BYTES, NULL);
    close(file);
    int rc = co_uncork(stream);
    return written < 0 ? written : rc < 0 ? rc : CO_PARK;
}

static int ask_line(co_stream *stream, int number)
{
    char content[CONTENT_BYTES], line[64], expected[64];
    int rc = co_print(stream, "line %d\n", number);
    if (rc < 0)
        return rc;
    ssize_t n = co_read_line(stream, line, sizeof line);
    if (n <= 0)
        return n < 0 ? (int)n : CO_EEOF;
    snprintf(expected, sizeof expected, "echo line %d\n", number);
    if (line[n - 1] == '\n' && strcmp(line, expected) != 0)
        room_problem("line %d was answered with %s", number, line);
    n = co_read_full(stream, content, sizeof content);
    if (n > 0 && memcmp(content, "\177ELF", 4) != 0)
        room_problem("the file's content came out of place");
    return n < 0 ? (int)n : 0;
}

static int ask(void *where)
{
    co_stream *stream;
    int rc = co_connect(&stream, where);
    if (rc < 0)
        return rc;
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = ask_line(stream, i);
    int closed = co_close(stream);
    return rc < 0 ? rc : closed;
}

struct lines {
    const char *where;
    const struct co_listen_options *options;
    co_listener *listener;
};

static int serve(void *listener)
{
    return co_serve_listener(listener, answer, NULL, NULL);
}

/* After the faults, one more client is served as if nothing had been; unless the listener itself is
 * what broke. Where places are counted, those of the others may be in use for a moment yet. */
static void ask_again(const struct lines *lines, co_address *where)
{
    const struct fault *fault = fault_get();
    bool broken = fault->code == CO_OP_ACCEPT && fault->error == EBADF && fault_struck();
    int rc = broken ? 0 : ask(where);
    for (int tries = 0; rc < 0 && lines->options && tries < 20; tries++) {
        co_sleep(10);
        rc = ask(where);
    }
    if (rc < 0)
        room_problem("the server does not go on: %s", co_error_name(rc));
}

static int talk(void *arg)
{
    struct lines *lines = arg;
    co_address where = *co_listener_address(lines->listener);
    co_group server, clients;
    co_group_open(&server, NULL);
    co_go(&server, serve, lines->listener);
    co_sleep(0); /* it waits for clients by now: what fails from here on is theirs */
    fault_begin();
    co_group_open(&clients, &(struct co_group_options){.keep_going = true});
    co_go(&clients, ask, &where);
    co_go_copy(&clients, ask, &where);
    int rc = co_group_close(&clients);
    fault_end();
    ask_again(lines, &where);
    co_group_drain(&server);
    int served = co_group_close(&server);
    return rc < 0 ? rc : served;
}

static int lines_work(void *arg)
{
    struct lines *lines = arg;
    fault_begin();
    int rc = co_listen(&lines->listener, lines->where, lines->options);
    fault_end();
    if (rc < 0)
        return rc;
    rc = talk(lines);
    co_listener_close(lines->listener);
    return rc;
}

/* ---- its rooms --------------------------------------------------------------------------------
 */

static int streams_run(void *arg)
{
    struct lines lines = {.where = "127.0.0.1:0"};
    (void)arg;
    return room_in_time(lines_work, &lines);
}

const struct room streams_room = {"streams", streams_run, true};

static int unix_run(void *arg)
{
    char where[128];
    struct lines lines = {.where = where};
    (void)arg;
    snprintf(where, sizeof where, "unix:%s/socket", room_folder());
    return room_in_time(lines_work, &lines);
}

const struct room unix_room = {"unix", unix_run, false};

/* Two at once are all that there may be: a place that is not given back shows at once. */
static int access_work(void *arg)
{
    struct co_listen_options options = {0};
    struct lines lines = {.where = "127.0.0.1:0", .options = &options};
    fault_begin();
    int rc = co_access_new(&options.access, 2, 2);
    if (rc < 0)
        return rc;
    rc = co_access_rule(options.access, "127.0.0.0/8", true);
    if (rc == 0)
        rc = co_access_rule(options.access, "127.0.0.128/25", false);
    if (rc == 0)
        rc = lines_work(&lines);
    co_access_free(options.access);
    (void)arg;
    return rc;
}

static int access_run(void *arg)
{
    return room_in_time(access_work, arg);
}

const struct room access_room = {"access", access_run, false};

/* ---- datagrams --------------------------------------------------------------------------------
 */

struct pair {
    co_socket *server, *client;
};

static int exchange(struct pair *pair)
{
    char text[] = "abc", room[2][8] = {{0}};
    struct co_datagram out[2] = {{.bytes = text, .size = 1}, {.bytes = text, .size = 2}};
    struct co_datagram in[2] = {{.bytes = room[0], .size = 8}, {.bytes = room[1], .size = 8}};
    int rc = co_udp_send_many(pair->client, out, 2);
    for (int got = 0; rc >= 0 && got < 2;) {
        rc = co_udp_receive_many(pair->server, in + got, 2U - (unsigned)got);
        got += rc > 0 ? rc : 0;
    }
    if (rc < 0)
        return rc;
    if (in[0].size + in[1].size != 3 || memcmp(in[in[1].size == 2].bytes, "ab", 2) != 0)
        room_problem("datagrams of %zu and %zu bytes, not 1 and 2", in[0].size, in[1].size);
    rc = co_udp_send(pair->server, text, 3, &in[0].peer);
    if (rc == 0) {
        ssize_t n = co_udp_receive(pair->client, room[0], sizeof room[0], NULL);
        if (n >= 0 && n != 3)
            room_problem("a datagram of %zd bytes, not 3", n);
        rc = n < 0 ? (int)n : 0;
    }
    return rc;
}

static int datagrams_work(void *arg)
{
    struct pair pair;
    char text[CO_ADDRESS_TEXT_MAX];
    (void)arg;
    fault_begin();
    int rc = co_udp_bind(&pair.server, "127.0.0.1:0");
    if (rc < 0)
        return rc;
    rc = co_udp_connect(&pair.client, co_address_text(co_udp_address(pair.server), text));
    if (rc == 0) {
        rc = exchange(&pair);
        fault_end();
        /* A failure of one exchange is not the sockets' end. What it left behind is taken away. */
        co_scope scope;
        co_scope_open(&scope, 1);
        while (co_udp_receive(pair.server, text, sizeof text, NULL) >= 0) {
        }
        co_scope_close(&scope);
        int again = exchange(&pair);
        if (again < 0)
            room_problem("the sockets do not go on: %s", co_error_name(again));
        co_udp_close(pair.client);
    }
    co_udp_close(pair.server);
    return rc < 0 ? rc : 0;
}

static int datagrams_run(void *arg)
{
    return room_in_time(datagrams_work, arg);
}

const struct room datagrams_room = {"datagrams", datagrams_run, false};

/* ---- child processes --------------------------------------------------------------------------
 */

int __real_socketpair(int family, int type, int protocol, int ret_ends[2]);
int __real_pidfd_open(pid_t pid, unsigned flags);

int __wrap_socketpair(int family, int type, int protocol, int ret_ends[2]);
int __wrap_pidfd_open(pid_t pid, unsigned flags);

/* As in files.c; but that is the command's, too, which has other uses for these. */
static bool fails(void)
{
    int error = fault_strikes(FAULT_OPEN);
    if (error)
        errno = error;
    return error != 0;
}

int __wrap_socketpair(int family, int type, int protocol, int ret_ends[2])
{
    return fails() ? -1 : __real_socketpair(family, type, protocol, ret_ends);
}

int __wrap_pidfd_open(pid_t pid, unsigned flags)
{
    return fails() ? -1 : __real_pidfd_open(pid, flags);
}

static int talk_with(co_process *process)
{
    char text[4] = "";
    int rc = co_write(co_process_input(process), "abc", 3);
    if (rc == 0)
        rc = co_shutdown_write(co_process_input(process));
    if (rc == 0)
        rc = (int)co_read_full(co_process_output(process), text, 3);
    if (rc == 3 && strcmp(text, "abc") != 0)
        room_problem("cat says %s, not abc", text);
    return rc < 0 ? rc : co_process_wait(process);
}

/* Whatever fails, no child is left. */
static int processes_work(void *arg)
{
    const char *const argv[] = {"cat", NULL};
    const struct co_process_options options = {
        .input = CO_PROCESS_STREAM, .output = CO_PROCESS_STREAM, .error = CO_PROCESS_NULL};
    co_process *process;
    (void)arg;
    if (strcmp(co_backend_name(), "virtual") == 0)
        return 0;
    fault_begin();
    int rc = co_process_start(&process, argv, &options);
    if (rc == 0) {
        rc = talk_with(process);
        int ended = co_process_end(process);
        if (ended < 0)
            room_problem("the process does not end: %s", co_error_name(ended));
    }
    fault_end();
    if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD)
        room_problem("a child is left");
    return rc;
}

static int processes_run(void *arg)
{
    return room_in_time(processes_work, arg);
}

const struct room processes_room = {"processes", processes_run, false};
