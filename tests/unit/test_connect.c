/* SPDX-License-Identifier: MIT */
/* Connections that come from a chosen address of ours, and those that others have made. */
#include "fibers.h"

#include "net/address.h"
#include "net/connect.h"
#include "net/stream.h"
#include "runtime/ring.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Connects to a listener of its own; ret: where it was seen to come from. */
static int connect_from(const co_address *from, co_address *ret)
{
    co_listener *listener;
    co_stream *near, *far;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    int rc = co_connect_from(&far, co_listener_address(listener), from);
    if (rc == 0) {
        CHECK_INT(co_accept(&near, listener), 0);
        co_stream_peer(near, ret);
        co_abort(near);
        co_abort(far);
    }
    co_listener_close(listener);
    return rc;
}

KERNEL_TEST(the_connection_comes_from_that_address)
{
    co_address from, seen;
    CHECK_INT(co_address_of_number("127.0.0.3", 0, &from), 0);
    CHECK_INT(connect_from(&from, &seen), 0);
    CHECK(co_address_same_host(&from, &seen));
    CHECK_INT(co_address_of_number("192.0.2.1", 0, &from), 0);
    CHECK_INT(connect_from(&from, &seen), -EADDRNOTAVAIL);
    return 0;
}

KERNEL_TEST(a_port_that_is_taken_or_forbidden_is_done_without)
{
    co_address from, seen;
    co_listener *other;
    CHECK_INT(co_listen(&other, "127.0.0.3:0", NULL), 0);
    from = *co_listener_address(other);
    CHECK_INT(connect_from(&from, &seen), 0);
    CHECK(co_address_same_host(&from, &seen));
    CHECK(co_address_port(&from) != co_address_port(&seen));
    co_listener_close(other);
    CHECK_INT(connect_from(&from, &seen), 0);
    CHECK_INT(co_address_port(&seen), co_address_port(&from));
    return 0;
}

/* ---- begun by another process --------------------------------------------------------------- */

/* As that does it. */
static int begin(const co_address *address)
{
    int raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(raw >= 0);
    CHECK(connect(raw, &address->as.any, address->size) == 0 || errno == EINPROGRESS);
    return raw;
}

KERNEL_TEST(a_connection_that_was_begun_becomes_a_stream)
{
    co_listener *listener;
    co_stream *near, *far;
    char byte;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    co_address address = *co_listener_address(listener);
    CHECK_INT(co_connect_adopt(&far, begin(&address), &address), 0);
    CHECK_INT(co_accept(&near, listener), 0);
    CHECK_INT(co_write(far, "x", 1), 0);
    CHECK_INT(co_read(near, &byte, 1), 1);
    co_abort(near);
    co_abort(far);
    co_listener_close(listener);
    int raw = begin(&address);
    CHECK_INT(co_connect_adopt(&far, raw, &address), -ECONNREFUSED);
    return 0;
}

/* One too many for the backlog: the handshake hangs. */
KERNEL_TEST(a_connection_that_was_begun_is_waited_for_until_the_deadline)
{
    co_listener *listener;
    co_stream *far;
    co_scope scope;
    int raw[4];
    REQUIRE(co_listen(&listener, "127.0.0.1:0", &(struct co_listen_options){.backlog = 1}) == 0);
    const co_address *address = co_listener_address(listener);
    for (size_t i = 0; i < CO_LENGTH(raw); i++)
        raw[i] = begin(address);
    co_scope_open(&scope, 20);
    CHECK_INT(co_connect_adopt(&far, raw[CO_LENGTH(raw) - 1], address), CO_EDEADLINE);
    co_scope_close(&scope);
    for (size_t i = 0; i + 1 < CO_LENGTH(raw); i++)
        close(raw[i]);
    co_listener_close(listener);
    return 0;
}

/* ---- that the program has ------------------------------------------------------------------- */

KERNEL_TEST(a_connected_socket_becomes_a_stream)
{
    co_stream *stream, *far;
    int ends[2];
    char text[8];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK_INT(write(ends[1], "early", 5), 5);
    REQUIRE(co_adopt(&stream, ends[0]) == 0);
    CHECK_STRING(co_peer(stream), "unix:");
    CHECK(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
    CHECK_INT(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    CHECK_INT(co_read(stream, text, sizeof text), 5);
    REQUIRE(co_adopt(&far, ends[1]) == 0);
    CHECK_INT(co_write(far, "hello", 5), 0);
    CHECK_INT(co_close(far), 0);
    CHECK_INT(co_read_full(stream, text, 5), 5);
    CHECK_INT(co_read(stream, text, 1), 0);
    CHECK_INT(co_close(stream), 0);
    CHECK_INT(fcntl(ends[0], F_GETFD), -1);
    return 0;
}

KERNEL_TEST(a_connection_of_other_codes_making_becomes_a_stream)
{
    co_listener *listener;
    co_stream *near, *far;
    char byte, where[CO_ADDRESS_TEXT_MAX];
    int nodelay = 0;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    const co_address *address = co_listener_address(listener);
    int raw = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(connect(raw, &address->as.any, address->size) == 0);
    REQUIRE(co_adopt(&far, raw) == 0);
    CHECK_STRING(co_peer(far), co_address_text(address, where));
    CHECK_INT(co_option_get(far, "nodelay", &nodelay), 0);
    CHECK_INT(nodelay, 1); /* as every stream of ours */
    REQUIRE(co_accept(&near, listener) == 0);
    CHECK_INT(co_write(far, "x", 1), 0);
    CHECK_INT(co_read(near, &byte, 1), 1);
    co_abort(near);
    co_abort(far);
    co_listener_close(listener);
    return 0;
}

/* It is refused, with that sentence, and stays the caller's. */
static void refuse(int fd, int error, const char *why)
{
    char sentence[128];
    co_stream *stream = NULL;
    snprintf(sentence, sizeof sentence, "cannot adopt descriptor %d: %s", fd, why);
    CHECK_INT(co_adopt(&stream, fd), error);
    CHECK_STRING(co_explain(error), sentence);
    CHECK(!stream);
    CHECK_INT(close(fd), error == -EBADF ? -1 : 0);
}

KERNEL_TEST(what_is_no_connected_stream_socket_is_not_adopted)
{
    int ends[2], listening = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(pipe(ends) == 0 && listen(listening, 1) == 0);
    refuse(ends[0], -ENOTSOCK, "socket operation on non-socket");
    refuse(ends[0], -EBADF, "bad file descriptor");
    close(ends[1]);
    refuse(listening, -ENOTCONN, "not connected");
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    refuse(ends[0], -EINVAL, "it is a socket, but of no stream");
    close(ends[1]);
    return 0;
}

VIRTUAL_TEST(nothing_is_adopted_in_virtual_time)
{
    refuse(dup(STDERR_FILENO), -ENOSYS, "virtual time has no sockets of others");
    return 0;
}

/* Once the one who accepts has nothing more to do. */
static int connect_later(void *arg)
{
    int rc = co_sleep(10);
    int raw = begin(arg);
    rc = rc < 0 ? rc : co_sleep(100);
    close(raw);
    return rc;
}

/* ---- a listener that another process has had ------------------------------------------------ */

/* A process that has asked its ring for a connection, and does nothing more: as one whose ring is
 * still there when it has been killed. */
static pid_t wait_in_vain(int listener)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct co_ring ring;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct io_uring_sqe *accept = co_ring_open(&ring) == 0 ? co_ring_request(&ring) : NULL;
        if (accept) {
            accept->opcode = IORING_OP_ACCEPT;
            accept->fd = listener;
            co_ring_enter(&ring, 0);
        }
        raise(SIGSTOP);
        _exit(0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    return pid;
}

/* The kernel wakes one accept for each connection, the first in the queue. */
KERNEL_TEST(a_connection_is_not_lost_to_who_has_the_socket_no_more)
{
    co_address address;
    co_listener *listener;
    co_stream *near;
    co_scope scope;
    char where[16];
    CHECK_INT(co_address_of_number("127.0.0.1", 0, &address), 0);
    int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK_INT(bind(first, &address.as.any, address.size), 0);
    CHECK_INT(getsockname(first, &address.as.any, &address.size), 0);
    CHECK_INT(listen(first, 8), 0);
    pid_t other = wait_in_vain(first);
    snprintf(where, sizeof where, "fd:%d", dup(first));
    REQUIRE(co_listen(&listener, where, NULL) == 0);
    co_group group;
    co_group_open(&group, NULL);
    co_scope_open(&scope, 5000);
    co_go(&group, connect_later, &address);
    CHECK_INT(co_accept(&near, listener), 0);
    co_scope_close(&scope);
    CHECK_INT(co_group_close(&group), 0);
    co_abort(near);
    co_listener_close(listener);
    kill(other, SIGKILL);
    CHECK_INT(waitpid(other, NULL, 0), other);
    close(first);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_comes_from_that_address),
        cmocka_unit_test(a_port_that_is_taken_or_forbidden_is_done_without),
        cmocka_unit_test(a_connection_that_was_begun_becomes_a_stream),
        cmocka_unit_test(a_connection_that_was_begun_is_waited_for_until_the_deadline),
        cmocka_unit_test(a_connected_socket_becomes_a_stream),
        cmocka_unit_test(a_connection_of_other_codes_making_becomes_a_stream),
        cmocka_unit_test(what_is_no_connected_stream_socket_is_not_adopted),
        cmocka_unit_test(nothing_is_adopted_in_virtual_time),
        cmocka_unit_test(a_connection_is_not_lost_to_who_has_the_socket_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
