/* SPDX-License-Identifier: MIT */
/*
 * Backend operations as plain calls, for the programs that test_backend.c and test_virtual.c run in
 * fibers. A failed `expect` in a fiber ends it with FAILED: cmocka's jump would cross stacks.
 */
#ifndef CO_BACKEND_TEST_H
#define CO_BACKEND_TEST_H

#include "test.h"

#include "runtime/pool.h"
#include "runtime/rt.h"
#include "runtime/virtual.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#define FAILED (-777)

/* Says where, and on virtual what happened last. */
static inline int expect_failed(const char *what, int line)
{
    struct co_rt *rt = co_rt_current();
    fprintf(stderr, "line %d on %s, seed %llu: %s\n", line, co_backend_name(),
        (unsigned long long)rt->options->seed, what);
    if (!rt->backend->is_virtual)
        return FAILED;
    struct co_buf text = CO_BUF(1 << 16);
    co_virtual_trace_text(rt, &text);
    fprintf(stderr, "%.*s", (int)text.size, text.at);
    co_buf_free(&text);
    return FAILED;
}

#define expect(condition)                                                                          \
 do {                                                                                              \
  if (!(condition))                                                                                \
   return expect_failed(#condition, __LINE__);                                                     \
 } while (0)

#define expect_result(call, result)                                                                \
 do {                                                                                              \
  long expect_got = (call), expect_wanted = (result);                                              \
  if (expect_got != expect_wanted) {                                                               \
   fprintf(stderr, "%ld instead of %ld: ", expect_got, expect_wanted);                             \
   return expect_failed(#call, __LINE__);                                                          \
  }                                                                                                \
 } while (0)

/* ---- operations ----------------------------------------------------------------------------- */

static inline long do_accept(co_fd fd, co_fd *ret, co_address *peer)
{
    struct co_op op = {.code = CO_OP_ACCEPT, .fd = fd, .a.accept.peer = peer};
    long rc = co_op_run(&op);
    if (rc == 0)
        *ret = op.a.accept.fd;
    return rc;
}

static inline long do_connect(co_fd fd, const co_address *address)
{
    struct co_op op = {.code = CO_OP_CONNECT, .fd = fd, .a.connect.address = address};
    return co_op_run(&op);
}

static inline long do_receive(co_fd fd, void *at, size_t size)
{
    struct co_op op = {.code = CO_OP_RECEIVE, .fd = fd, .a.receive = {at, size}};
    return co_op_run(&op);
}

static inline long do_send(co_fd fd, const void *at, size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)at, size};
    struct co_op op = {.code = CO_OP_SEND, .fd = fd, .a.send = {&piece, 1}};
    return co_op_run(&op);
}

static inline long do_messages(uint8_t code, co_fd fd, struct mmsghdr *at, unsigned count)
{
    struct co_op op = {.code = code, .fd = fd, .a.messages = {at, count}};
    return co_op_run(&op);
}

/* 0 when all went out. */
static inline long send_all(co_fd fd, const void *at, size_t size)
{
    for (size_t done = 0; done < size;) {
        long n = do_send(fd, (const char *)at + done, size - done);
        if (n < 0)
            return n;
        done += (size_t)n;
    }
    return 0;
}

/* How many bytes came before the end or `size`; an error when there was one. */
static inline long receive_all(co_fd fd, void *at, size_t size)
{
    size_t done = 0;
    while (done < size) {
        long n = do_receive(fd, (char *)at + done, size - done);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (long)done;
}

/* ---- control -------------------------------------------------------------------------------- */

static inline long control(co_fd fd, struct co_control control)
{
    struct co_rt *rt = co_rt_current();
    return rt->backend->control(rt, fd, &control);
}

static inline long do_bind(co_fd fd, const co_address *address)
{
    return control(fd, (struct co_control){.code = CO_CONTROL_BIND, .address = address});
}

static inline long do_listen(co_fd fd, int backlog)
{
    return control(fd, (struct co_control){.code = CO_CONTROL_LISTEN, .value = backlog});
}

static inline long do_shutdown(co_fd fd, int how)
{
    return control(fd, (struct co_control){.code = CO_CONTROL_SHUTDOWN, .value = how});
}

static inline long local_name(co_fd fd, co_address *ret)
{
    return control(fd, (struct co_control){.code = CO_CONTROL_LOCAL_NAME, .ret_address = ret});
}

static inline long peer_name(co_fd fd, co_address *ret)
{
    return control(fd, (struct co_control){.code = CO_CONTROL_PEER_NAME, .ret_address = ret});
}

static inline long set_option(co_fd fd, int level, int name, void *value, socklen_t size)
{
    return control(fd, (struct co_control){.code = CO_CONTROL_SET_OPTION,
                           .level = level,
                           .name = name,
                           .option = value,
                           .option_size = &size});
}

static inline long get_option(co_fd fd, int level, int name, int *ret_value)
{
    socklen_t size = sizeof *ret_value;
    return control(fd, (struct co_control){.code = CO_CONTROL_GET_OPTION,
                           .level = level,
                           .name = name,
                           .option = ret_value,
                           .option_size = &size});
}

static inline int new_socket(int family, int type, co_fd *ret)
{
    struct co_rt *rt = co_rt_current();
    return rt->backend->socket(rt, family, type, 0, ret);
}

static inline void close_socket(co_fd fd)
{
    struct co_rt *rt = co_rt_current();
    rt->backend->close_fd(rt, fd);
}

/* ---- addresses and pairs -------------------------------------------------------------------- */

/* The loopback address of the family, port 0; an abstract name of this process for Unix. */
static inline co_address loopback(int family)
{
    static unsigned names;
    co_address address = {0};
    if (family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        memcpy(address.as.bytes, &in, address.size = sizeof in);
    } else if (family == AF_INET6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        memcpy(address.as.bytes, &in6, address.size = sizeof in6);
    } else {
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        int size = snprintf(
            un.sun_path + 1, sizeof un.sun_path - 1, "coronet-%d-%u", (int)getpid(), names++);
        memcpy(address.as.bytes, &un, sizeof un);
        address.size = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
    }
    return address;
}

static inline unsigned port_of(const co_address *address)
{
    struct sockaddr_in in; /* the port is at the same place in sockaddr_in6 */
    memcpy(&in, address->as.bytes, sizeof in);
    return ntohs(in.sin_port);
}

static inline bool address_equal(const co_address *a, const co_address *b)
{
    return a->size == b->size && memcmp(a->as.bytes, b->as.bytes, a->size) == 0;
}

static inline int listen_on(int family, int backlog, co_fd *ret, co_address *ret_address)
{
    co_address address = loopback(family);
    expect_result(new_socket(family, SOCK_STREAM, ret), 0);
    expect_result(do_bind(*ret, &address), 0);
    expect_result(do_listen(*ret, backlog), 0);
    expect_result(local_name(*ret, ret_address), 0);
    return 0;
}

/* Two connected streams. */
static inline int pair_of(int family, co_fd *ret_a, co_fd *ret_b)
{
    co_fd listener;
    co_address address;
    if (listen_on(family, 8, &listener, &address) < 0)
        return FAILED;
    expect_result(new_socket(family, SOCK_STREAM, ret_a), 0);
    expect_result(do_connect(*ret_a, &address), 0);
    expect_result(do_accept(listener, ret_b, NULL), 0);
    close_socket(listener);
    return 0;
}

/* A datagram socket bound to the family's loopback. */
static inline int datagram_on(int family, co_fd *ret, co_address *ret_address)
{
    co_address address = loopback(family);
    expect_result(new_socket(family, SOCK_DGRAM, ret), 0);
    expect_result(do_bind(*ret, &address), 0);
    expect_result(local_name(*ret, ret_address), 0);
    return 0;
}

/* ---- running -------------------------------------------------------------------------------- */

#define SEEDS 24

static co_task *case_under_test;

static inline int without_leaks(void *arg)
{
    int rc = case_under_test(arg);
    if (rc < 0)
        return rc;
    struct co_rt *rt = co_rt_current();
    expect_result(rt->ops_in_flight, 0);
    expect(!rt->backend->is_virtual || co_virtual_sockets_open(rt) == 0);
    return 0;
}

/* Runs the task on every backend there is. */
static inline void on_all(co_task *task)
{
    static const char *const names[] = {"virtual", "epoll", "io_uring"};
    case_under_test = task;
    for (unsigned i = 0; i < CO_LENGTH(names); i++) {
        for (uint64_t seed = 0; seed < (i == 0 ? SEEDS : 1); seed++) {
            const struct co_run_options run = {.backend = names[i], .seed = seed};
            int rc = co_run(without_leaks, NULL, &run);
            if (i > 0 && rc == -ENOSYS)
                continue; /* not granted by this kernel */
            assert_int_equal(rc, 0);
        }
    }
}

/* A cmocka test of the task. */
#define ON_ALL(name)                                                                               \
 static void name##_works(void **state)                                                            \
 {                                                                                                 \
  (void)state;                                                                                     \
  on_all(name);                                                                                    \
 }

#endif
