/* SPDX-License-Identifier: MIT */
/* The conformance suite: the same programs on each backend, on virtual with several seeds. */
#include "backend_test.h"

#include <netinet/tcp.h>

/* ---- streams -------------------------------------------------------------------------------- */

static int echo_in(int family)
{
    co_fd listener, client, server;
    co_address address, peer, name, other;
    if (listen_on(family, 8, &listener, &address) < 0)
        return FAILED;
    expect_result(new_socket(family, SOCK_STREAM, &client), 0);
    expect_result(peer_name(client, &name), -ENOTCONN);
    expect_result(do_connect(client, &address), 0);
    expect_result(do_accept(listener, &server, &peer), 0);
    expect_result(local_name(client, &name), 0);
    expect(family == AF_UNIX || (port_of(&peer) != 0 && address_equal(&peer, &name)));
    expect_result(peer_name(client, &other), 0);
    expect(address_equal(&other, &address));
    expect_result(local_name(server, &other), 0);
    expect(address_equal(&other, &address));
    char text[16];
    expect_result(send_all(client, "hello, ", 7), 0);
    expect_result(send_all(client, "world", 5), 0);
    expect_result(receive_all(server, text, 12), 12);
    expect(memcmp(text, "hello, world", 12) == 0);
    expect_result(send_all(server, text, 12), 0);
    expect_result(receive_all(client, text, 12), 12);
    close_socket(client);
    expect_result(do_receive(server, text, sizeof text), 0);
    close_socket(server);
    close_socket(listener);
    return 0;
}

static int echo(void *arg)
{
    (void)arg;
    const int families[] = {AF_INET, AF_INET6, AF_UNIX};
    for (unsigned i = 0; i < CO_LENGTH(families); i++)
        if (echo_in(families[i]) < 0)
            return FAILED;
    return 0;
}

static int half_close(void *arg)
{
    (void)arg;
    co_fd a, b;
    char text[8];
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    expect_result(send_all(a, "ask", 3), 0);
    expect_result(do_shutdown(a, SHUT_WR), 0);
    expect_result(do_send(a, "x", 1), -EPIPE);
    expect_result(receive_all(b, text, sizeof text), 3);
    expect_result(do_receive(b, text, sizeof text), 0);
    expect_result(send_all(b, "reply", 5), 0);
    close_socket(b);
    expect_result(receive_all(a, text, sizeof text), 5);
    expect_result(do_receive(a, text, sizeof text), 0);
    close_socket(a);
    return 0;
}

static int reset(void *arg)
{
    (void)arg;
    co_fd a, b;
    char byte;
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    struct linger linger = {1, 0};
    expect_result(set_option(a, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close_socket(a);
    expect_result(do_receive(b, &byte, 1), -ECONNRESET);
    expect_result(do_receive(b, &byte, 1), 0);
    expect_result(do_send(b, "x", 1), -EPIPE);
    close_socket(b);
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    expect_result(send_all(a, "unread", 6), 0);
    expect_result(do_receive(b, &byte, 1), 1);
    while (control(b, (struct co_control){.code = CO_CONTROL_UNREAD}) == 0)
        expect_result(co_sleep(1), 0);
    close_socket(b);
    expect_result(do_receive(a, &byte, 1), -ECONNRESET);
    close_socket(a);
    return 0;
}

static int write_to_closed(void *arg)
{
    (void)arg;
    co_fd a, b;
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    close_socket(b);
    long rc = 1;
    for (unsigned i = 0; i < 100 && rc > 0; i++) {
        rc = do_send(a, "x", 1);
        expect_result(co_sleep(1), 0);
    }
    expect(rc == -EPIPE || rc == -ECONNRESET);
    expect_result(do_send(a, "x", 1), -EPIPE);
    close_socket(a);
    return 0;
}

static int refused(void *arg)
{
    (void)arg;
    co_fd listener, client;
    co_address address;
    if (listen_on(AF_INET, 8, &listener, &address) < 0)
        return FAILED;
    close_socket(listener);
    expect_result(new_socket(AF_INET, SOCK_STREAM, &client), 0);
    expect_result(do_connect(client, &address), -ECONNREFUSED);
    close_socket(client);
    return 0;
}

static int listener_takes_its_queue_with_it(void *arg)
{
    (void)arg;
    co_fd listener, client;
    co_address address;
    char byte;
    if (listen_on(AF_INET, 8, &listener, &address) < 0)
        return FAILED;
    expect_result(new_socket(AF_INET, SOCK_STREAM, &client), 0);
    expect_result(do_connect(client, &address), 0);
    close_socket(listener);
    expect_result(do_receive(client, &byte, 1), -ECONNRESET);
    close_socket(client);
    return 0;
}

#define BULK (1 << 20)

struct bulk {
    co_fd fd;
    unsigned short_writes;
};

static uint8_t bulk_byte(size_t at)
{
    return (uint8_t)(at ^ at >> 8 ^ at >> 16);
}

static int bulk_send(void *arg)
{
    struct bulk *bulk = arg;
    static uint8_t bytes[BULK];
    for (size_t at = 0; at < BULK; at++)
        bytes[at] = bulk_byte(at);
    for (size_t at = 0; at < BULK;) {
        long n = do_send(bulk->fd, bytes + at, BULK - at);
        expect(n > 0);
        bulk->short_writes += (size_t)n < BULK - at;
        at += (size_t)n;
    }
    close_socket(bulk->fd);
    return 0;
}

static int bulk_receive(co_fd fd)
{
    uint8_t bytes[1024];
    size_t at = 0;
    long n;
    while ((n = do_receive(fd, bytes, sizeof bytes)) > 0) {
        for (long i = 0; i < n; i++)
            expect(bytes[i] == bulk_byte(at + (size_t)i));
        at += (size_t)n;
        if (at % 64 == 0)
            expect_result(co_sleep(0), 0);
    }
    expect_result(n, 0);
    expect(at == BULK);
    return 0;
}

static int backpressure(void *arg)
{
    (void)arg;
    struct bulk bulk = {0};
    co_fd b;
    if (pair_of(AF_INET, &bulk.fd, &b) < 0)
        return FAILED;
    /* Kernels would buffer most of it otherwise. */
    int small = 32768;
    expect_result(set_option(bulk.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, bulk_send, &bulk);
    expect_result(co_sleep(5), 0); /* let it fill what there is */
    int rc = bulk_receive(b);
    close_socket(b);
    expect_result(co_group_close(&group), 0);
    expect(bulk.short_writes > 0);
    return rc;
}

static int pooled_receive(void *arg)
{
    (void)arg;
    co_fd a, b;
    if (pair_of(AF_INET6, &a, &b) < 0)
        return FAILED;
    struct co_op op = {.code = CO_OP_RECEIVE, .fd = b};
    expect_result(send_all(a, "?", 1), 0);
    expect_result(co_op_run(&op), 1);
    expect(op.a.receive.at && *(char *)op.a.receive.at == '?');
    expect(op.a.receive.size == CO_BUFFER_SMALL);
    co_buffer_give(co_rt_current(), op.a.receive.at, CO_BUFFER_SMALL);
    close_socket(a);
    op = (struct co_op){.code = CO_OP_RECEIVE, .fd = b};
    expect_result(co_op_run(&op), 0);
    expect(!op.a.receive.at);
    close_socket(b);
    return 0;
}

static int file(void *arg)
{
    (void)arg;
    co_fd a, b;
    static char text[4096], got[4096];
    FILE *from = tmpfile();
    expect(from);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 23);
    expect(fwrite(text, 1, sizeof text, from) == sizeof text && fflush(from) == 0);
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    struct co_op op = {.code = CO_OP_SEND_FILE, .fd = a};
    op.a.file.file_fd = fileno(from);
    op.a.file.offset = 100;
    long n;
    do {
        op.a.file.size = 1 << 20;
        n = co_op_run(&op);
        op.a.file.offset += (uint64_t)(n > 0 ? n : 0);
    } while (n > 0);
    expect_result(n, 0);
    close_socket(a);
    expect_result(receive_all(b, got, sizeof got), sizeof text - 100);
    expect(memcmp(got, text + 100, sizeof text - 100) == 0);
    close_socket(b);
    fclose(from);
    return 0;
}

/* ---- names and options ---------------------------------------------------------------------- */

static int names_in_use(void *arg)
{
    (void)arg;
    co_fd first, second;
    co_address address, other;
    int on = 1;
    if (listen_on(AF_INET, 8, &first, &address) < 0)
        return FAILED;
    expect_result(new_socket(AF_INET, SOCK_STREAM, &second), 0);
    expect_result(do_bind(second, &address), -EADDRINUSE);
    close_socket(second);
    close_socket(first);
    for (unsigned i = 0; i < 2; i++) {
        co_fd *fd = i ? &second : &first;
        expect_result(new_socket(AF_INET, SOCK_STREAM, fd), 0);
        expect_result(set_option(*fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
        expect_result(do_bind(*fd, &address), 0);
        expect_result(do_listen(*fd, 8), 0);
    }
    expect_result(do_bind(second, &address), -EINVAL);
    expect_result(local_name(second, &other), 0);
    expect(address_equal(&other, &address));
    close_socket(first);
    close_socket(second);
    return 0;
}

static int dual_stack(void *arg)
{
    (void)arg;
    co_fd listener, client, server;
    co_address any = {.size = sizeof(struct sockaddr_in6)}, address, target = loopback(AF_INET);
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    memcpy(any.as.bytes, &in6, sizeof in6);
    expect_result(new_socket(AF_INET6, SOCK_STREAM, &listener), 0);
    expect_result(do_bind(listener, &any), 0);
    expect_result(do_listen(listener, 8), 0);
    expect_result(local_name(listener, &address), 0);
    struct sockaddr_in in;
    memcpy(&in, target.as.bytes, sizeof in);
    in.sin_port = htons((uint16_t)port_of(&address));
    memcpy(target.as.bytes, &in, sizeof in);
    expect_result(new_socket(AF_INET, SOCK_STREAM, &client), 0);
    expect_result(do_connect(client, &target), 0);
    expect_result(do_accept(listener, &server, &address), 0);
    memcpy(&in6, address.as.bytes, sizeof in6);
    expect(in6.sin6_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr));
    close_socket(listener);
    close_socket(client);
    close_socket(server);
    return 0;
}

static int options(void *arg)
{
    (void)arg;
    co_fd a, b;
    int value = 1;
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    expect_result(set_option(a, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value), 0);
    value = 0;
    expect_result(get_option(a, IPPROTO_TCP, TCP_NODELAY, &value), 0);
    expect(value != 0);
    expect_result(get_option(a, SOL_SOCKET, SO_ERROR, &value), 0);
    expect(value == 0);
    expect_result(get_option(a, SOL_SOCKET, SO_RCVBUF, &value), 0);
    expect(value > 0);
    close_socket(a);
    close_socket(b);
    return 0;
}

static int stale_handle(void *arg)
{
    (void)arg;
    co_fd a, b, fresh;
    char byte;
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    close_socket(a);
    expect_result(new_socket(AF_INET, SOCK_STREAM, &fresh), 0);
    expect_result(do_receive(a, &byte, 1), -EBADF);
    expect_result(do_send(a, "x", 1), -EBADF);
    expect_result(do_listen(a, 1), -EBADF);
    close_socket(a); /* must not close what may have its place now */
    expect_result(do_listen(fresh, 1), 0);
    expect_result(do_receive((co_fd){0}, &byte, 1), -EBADF);
    close_socket(fresh);
    close_socket(b);
    return 0;
}

#define CASES(X)                                                                                   \
 X(echo)                                                                                           \
 X(half_close)                                                                                     \
 X(reset)                                                                                          \
 X(write_to_closed)                                                                                \
 X(refused)                                                                                        \
 X(listener_takes_its_queue_with_it)                                                               \
 X(backpressure)                                                                                   \
 X(pooled_receive)                                                                                 \
 X(file)                                                                                           \
 X(names_in_use)                                                                                   \
 X(dual_stack)                                                                                     \
 X(options)                                                                                        \
 X(stale_handle)

CASES(ON_ALL)

int main(void)
{
#define CASE_TEST(name) cmocka_unit_test(name##_works),
    const struct CMUnitTest tests[] = {CASES(CASE_TEST)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
