/* SPDX-License-Identifier: MIT */
/* Faults while names are looked up and dialled: a hosts file, and a name server of our own. */
#include "room.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PATH_BYTES 128

struct names {
    char hosts[PATH_BYTES], resolv[PATH_BYTES], nsswitch[PATH_BYTES];
    struct co_resolve_options options;
    co_listener *listener;
    co_socket *dns;
    const char *host;
};

static void file_path(char ret_path[PATH_BYTES], const char *name)
{
    snprintf(ret_path, PATH_BYTES, "%s/%s", room_folder(), name);
}

static void file_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        room_problem("cannot write %s", path);
    close(fd);
}

/* ---- the name server --------------------------------------------------------------------------
 */

/* Turns a query into its answer: 127.0.0.1 for A, no address for AAAA. */
static size_t answer_query(uint8_t *bytes, size_t size)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
    size_t end = 12;
    while (end < size && bytes[end])
        end += bytes[end] + 1U;
    end += 5;
    if (end > size)
        return 0;
    bool ipv4 = bytes[end - 3] == 1;
    bytes[2] = 0x81;
    bytes[3] = 0x80;
    memset(bytes + 6, 0, 6); /* counts of answers, authorities and additions */
    bytes[7] = ipv4;
    if (ipv4)
        memcpy(bytes + end, record, sizeof record);
    return end + (ipv4 ? sizeof record : 0);
}

static int answer_queries(void *socket)
{
    uint8_t bytes[600];
    co_address peer;
    for (;;) {
        ssize_t n = co_udp_receive(socket, bytes, 512, &peer);
        if (n < 0 && co_status() < 0)
            return 0;
        size_t size = n > 0 ? answer_query(bytes, (size_t)n) : 0;
        if (size)
            co_udp_send(socket, bytes, size, &peer);
    }
}

/* ---- dialling ---------------------------------------------------------------------------------
 */

static int greet(co_stream *stream, void *arg)
{
    (void)arg;
    return co_print(stream, "hello\n");
}

static int serve(void *listener)
{
    return co_serve_listener(listener, greet, NULL, NULL);
}

/* A fault of this machine's own is never told as the name's: CO_ENAME and CO_ENODATA are what a
 * name server has said. */
static int dial(struct names *names)
{
    char where[64], line[64];
    co_stream *stream;
    struct co_dial_options options = {.resolve = &names->options};
    snprintf(where, sizeof where, "%s:%u", names->host,
        co_address_port(co_listener_address(names->listener)));
    int rc = co_dial(&stream, where, &options);
    if (rc == CO_ENAME || rc == CO_ENODATA)
        room_problem("%s was said not to exist: %s", names->host, co_error_name(rc));
    if (rc < 0)
        return rc;
    ssize_t n = co_read_line(stream, line, sizeof line);
    if (n == 6 && strcmp(line, "hello\n") != 0)
        room_problem("hello was read as %s", line);
    int closed = co_close(stream);
    return n < 0 ? (int)n : n < 6 ? CO_EEOF : closed;
}

static int names_dial(void *arg)
{
    struct names *names = arg;
    struct co_go_options background = {.name = "name server", .background = true};
    co_group group, server;
    co_group_open(&server, NULL);
    co_go(&server, serve, names->listener);
    co_group_open(&group, NULL);
    co_go_with(&group, &background, answer_queries, names->dns);
    co_sleep(0);
    fault_begin();
    int rc = dial(names);
    fault_end();
    const struct fault *fault = fault_get();
    bool broken = fault->code == CO_OP_ACCEPT && fault->error == EBADF && fault_struck();
    int again = broken ? 0 : dial(names);
    if (again < 0)
        room_problem("dialling does not recover: %s", co_error_name(again));
    co_group_cancel(&group);
    int ended = co_group_close(&group);
    co_group_drain(&server);
    int served = co_group_close(&server);
    (void)ended;
    return rc < 0 ? rc : served;
}

static int names_work(void *arg)
{
    struct names *names = arg;
    char text[128], address[CO_ADDRESS_TEXT_MAX];
    int rc = co_listen(&names->listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    rc = co_udp_bind(&names->dns, "127.0.0.1:0");
    if (rc < 0) {
        co_listener_close(names->listener);
        return rc;
    }
    file_path(names->hosts, "hosts");
    file_path(names->resolv, "resolv.conf");
    file_path(names->nsswitch, "nsswitch.conf");
    file_write(names->hosts, "127.0.0.1 here.example\n::1 here.example\n");
    snprintf(text, sizeof text, "nameserver %s\noptions timeout:1 attempts:2\n",
        co_address_text(co_udp_address(names->dns), address));
    file_write(names->resolv, text);
    file_write(names->nsswitch, "hosts: files dns\n");
    names->options = (struct co_resolve_options){
        .hosts_file = names->hosts,
        .resolv_conf = names->resolv,
        .nsswitch = names->nsswitch,
    };
    rc = names_dial(names);
    co_udp_close(names->dns);
    co_listener_close(names->listener);
    return rc;
}

static int hosts_run(void *arg)
{
    struct names names = {.host = "here.example"};
    (void)arg;
    return room_in_time(names_work, &names);
}

static int names_run(void *arg)
{
    struct names names = {.host = "there.example"};
    (void)arg;
    return room_in_time(names_work, &names);
}

const struct room hosts_room = {"hosts", hosts_run, false};
const struct room names_room = {"names", names_run, false};
