/* SPDX-License-Identifier: MIT */
/* What runs while faults are injected: a server with parked streams, its clients, a file, a
 * channel, datagrams and a job, all within one deadline. Any error is a good answer. */
#include "scenario.h"

#include <fcntl.h>
#include <unistd.h>

#define DEADLINE_MS     20000 /* virtual */
#define DEADLINE_OWN_MS 2000  /* by the kernel's clock */

/* Answers a line with itself and a part of a file, then parks. */
static int answer(co_stream *stream, void *arg)
{
    char line[64];
    (void)arg;
    if (co_park_result(stream) < 0)
        return 0;
    ssize_t n = co_read_line(stream, line, sizeof line);
    if (n <= 0)
        return (int)n;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    co_cork(stream);
    co_print(stream, "echo %s", line);
    co_write_file(stream, file, 0, 1000, NULL);
    close(file);
    int rc = co_uncork(stream);
    return rc < 0 ? rc : CO_PARK;
}

static int ask(void *where)
{
    co_stream *stream;
    char content[1000], line[64];
    int rc = co_connect(&stream, where);
    if (rc < 0)
        return rc;
    for (int i = 0; i < 3; i++) {
        rc = co_print(stream, "line %d\n", i);
        if (rc < 0)
            break;
        ssize_t n = co_read_line(stream, line, sizeof line);
        if (n > 0)
            n = co_read_full(stream, content, sizeof content);
        rc = n < 0 ? (int)n : n == 0 ? CO_EEOF : 0;
        if (rc < 0)
            break;
    }
    int closed = co_close(stream);
    return rc < 0 ? rc : closed;
}

static int serve(void *listener)
{
    return co_serve_listener(listener, answer, NULL, NULL);
}

static int talk(void)
{
    co_listener *listener;
    int rc = co_listen(&listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    co_address where = *co_listener_address(listener);
    co_group server, clients;
    co_group_open(&server, NULL);
    co_go(&server, serve, listener);
    co_group_open(&clients, &(struct co_group_options){.keep_going = true});
    co_go(&clients, ask, &where);
    co_go_copy(&clients, ask, &where);
    rc = co_group_close(&clients);
    co_group_drain(&server);
    int served = co_group_close(&server);
    co_listener_close(listener);
    return rc < 0 ? rc : served;
}

static int send_values(void *channel)
{
    int rc = 0;
    for (int i = 0; i < 5 && rc == 0; i++)
        rc = co_send(channel, &i);
    co_channel_close(channel);
    return rc;
}

static int pass_values(void)
{
    co_channel *channel;
    int value, rc = co_channel_new(&channel, sizeof value, 2);
    if (rc < 0)
        return rc;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, send_values, channel);
    co_scope scope;
    co_scope_open(&scope, 1000); /* the sender may not have started */
    while (rc == 0)
        rc = co_receive(channel, &value);
    co_scope_close(&scope);
    int sent = co_group_close(&group);
    co_channel_free(channel);
    return sent < 0 ? sent : rc == CO_ECLOSED ? 0 : rc;
}

static int exchange_datagrams(void)
{
    co_socket *server, *client;
    char text[CO_ADDRESS_TEXT_MAX];
    int rc = co_udp_bind(&server, "127.0.0.1:0");
    if (rc < 0)
        return rc;
    rc = co_udp_connect(&client, co_address_text(co_udp_address(server), text));
    if (rc == 0) {
        struct co_datagram batch[2] = {{.bytes = text, .size = 1}, {.bytes = text, .size = 2}};
        rc = co_udp_send_many(client, batch, 2);
        if (rc > 0)
            rc = co_udp_receive_many(server, batch, 2);
        co_udp_close(client);
    }
    co_udp_close(server);
    return rc < 0 ? rc : 0;
}

static int job(void *arg)
{
    return *(int *)arg;
}

static int whole(void)
{
    int seven = 7;
    int rc = talk();
    if (rc == 0)
        rc = pass_values();
    if (rc == 0)
        rc = exchange_datagrams();
    if (rc == 0)
        rc = co_block(job, &seven) == 7 ? 0 : -ENOMEM;
    return rc;
}

int scenario(void *arg)
{
    bool is_virtual = strcmp(co_backend_name(), "virtual") == 0;
    co_scope scope;
    (void)arg;
    co_scope_open(&scope, is_virtual ? DEADLINE_MS : DEADLINE_OWN_MS);
    int rc = whole();
    int ended = co_scope_close(&scope);
    return ended < 0 ? ended : rc;
}
