/* SPDX-License-Identifier: MIT */
/*
 * What only the kernel's backends have: readiness, races with the kernel, its errors. The semantics
 * shared with virtual are in test_backend.c.
 */
#include "backend_rig.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static co_fd listener(struct rig *rig, co_address *ret_address)
{
    co_fd fd;
    const struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memset(ret_address, 0, sizeof *ret_address);
    memcpy(ret_address->as.bytes, &in, ret_address->size = sizeof in);
    assert_int_equal(rig->backend->socket(&rig->rt, AF_INET, SOCK_STREAM, 0, &fd), 0);
    struct co_control calls[] = {
        {.code = CO_CONTROL_BIND, .address = ret_address},
        {.code = CO_CONTROL_LISTEN, .value = 16},
        {.code = CO_CONTROL_LOCAL_NAME, .ret_address = ret_address},
    };
    for (size_t i = 0; i < CO_LENGTH(calls); i++)
        assert_int_equal(rig->backend->control(&rig->rt, fd, &calls[i]), 0);
    return fd;
}

static int connect_raw(const co_address *address)
{
    int raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(raw, &address->as.any, address->size), 0);
    return raw;
}

/* ---- receiving ----------------------------------------------------------------------------- */

static void buffer_comes_with_the_input(struct rig *rig)
{
    int peer;
    co_fd fd = pair(rig, SOCK_STREAM, &peer);
    struct try try = receive_of(fd, NULL, 0);
    assert_false(submit(rig, &try));
    turn(rig, 0);
    assert_null(try.op.a.receive.at);
    uint64_t serial = rig->rt.input_serial;
    write_raw(peer, "hello");
    assert_int_equal(finish(rig, &try), 5);
    assert_true(rig->rt.input_serial > serial);
    assert_memory_equal(try.op.a.receive.at, "hello", 5);
    assert_true(try.op.a.receive.size >= 5);
    co_buffer_give(&rig->rt, try.op.a.receive.at, CO_BUFFER_SMALL);
    try = receive_of(fd, NULL, 0);
    close(peer);
    assert_int_equal(run(rig, &try), 0);
    assert_null(try.op.a.receive.at);
    give_up(rig, fd);
}

/* The end arrives before, with or after the last bytes are taken by a read that was not filled. */
static void end_is_not_lost_behind_a_short_read(struct rig *rig)
{
    for (unsigned way = 0; way < 6; way++) {
        int peer;
        char room[64];
        co_fd fd = pair(rig, SOCK_STREAM, &peer);
        struct try try = receive_of(fd, room, sizeof room);
        if (way % 2)
            assert_false(submit(rig, &try));
        write_raw(peer, "abc");
        if (way / 2 == 0)
            close(peer);
        assert_int_equal(way % 2 ? finish(rig, &try) : run(rig, &try), 3);
        if (way / 2 == 1)
            close(peer);
        submit(rig, &try);
        if (way / 2 == 2)
            close(peer);
        assert_int_equal(finish(rig, &try), 0);
        give_up(rig, fd);
    }
}

static void reset_wakes_a_reader(struct rig *rig)
{
    co_address address;
    char byte;
    co_fd fd = listener(rig, &address);
    int peer = connect_raw(&address);
    struct try accept = {.op = {.code = CO_OP_ACCEPT, .fd = fd}};
    assert_int_equal(run(rig, &accept), 0);
    struct try try = receive_of(accept.op.a.accept.fd, &byte, 1);
    assert_false(submit(rig, &try));
    turn(rig, 0);
    const struct linger now = {.l_onoff = 1};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer);
    assert_int_equal(finish(rig, &try), -ECONNRESET);
    give_up(rig, accept.op.a.accept.fd);
    give_up(rig, fd);
}

/* A read stops at urgent data, and is short though more is there (RFC 959 4.1: Telnet's Synch). */
static void urgent_data_in_line_hides_nothing_behind_it(struct rig *rig)
{
    co_address address;
    char room[16];
    int on = 1;
    socklen_t on_size = sizeof on;
    co_fd fd = listener(rig, &address);
    int peer = connect_raw(&address);
    struct try accept = {.op = {.code = CO_OP_ACCEPT, .fd = fd}};
    assert_int_equal(run(rig, &accept), 0);
    co_fd served = accept.op.a.accept.fd;
    struct co_control in_line = {.code = CO_CONTROL_SET_OPTION,
        .level = SOL_SOCKET,
        .name = SO_OOBINLINE,
        .option = &on,
        .option_size = &on_size};
    assert_int_equal(rig->backend->control(&rig->rt, served, &in_line), 0);
    write_raw(peer, "ab");
    assert_int_equal(send(peer, "c", 1, MSG_OOB), 1);
    write_raw(peer, "de");
    for (long got = 0; got < 5;) {
        struct try try = receive_of(served, room, sizeof room);
        long n = run(rig, &try);
        assert_true(n > 0);
        got += n;
    }
    close(peer);
    give_up(rig, served);
    give_up(rig, fd);
}

/* Nor does what is left out of the stream, once the socket is waited for by edges. */
static void urgent_data_left_out_hides_nothing_behind_it(struct rig *rig)
{
    co_address address;
    char room[16];
    co_fd fd = listener(rig, &address);
    int peer = connect_raw(&address);
    struct try accept = {.op = {.code = CO_OP_ACCEPT, .fd = fd}};
    assert_int_equal(run(rig, &accept), 0);
    co_fd served = accept.op.a.accept.fd;
    struct try waiting = receive_of(served, room, sizeof room);
    assert_false(submit(rig, &waiting));
    write_raw(peer, "a");
    assert_int_equal(finish(rig, &waiting), 1);
    write_raw(peer, "bc");
    assert_int_equal(send(peer, "!", 1, MSG_OOB), 1);
    write_raw(peer, "de");
    for (long got = 0; got < 4;) {
        struct try try = receive_of(served, room, sizeof room);
        long n = run(rig, &try);
        assert_true(n > 0);
        got += n;
    }
    close(peer);
    give_up(rig, served);
    give_up(rig, fd);
}

/* More sockets than a ring has requests, more input at once than there are offered buffers. */
static void thousand_sockets_at_once(struct rig *rig)
{
    enum { COUNT = 1000 };
    static struct try tries[COUNT];
    static int peers[COUNT];
    for (int i = 0; i < COUNT; i++) {
        tries[i] = receive_of(pair(rig, SOCK_STREAM, &peers[i]), NULL, 0);
        assert_false(submit(rig, &tries[i]));
    }
    turn(rig, 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(write(peers[i], &i, sizeof i), sizeof i);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(finish(rig, &tries[i]), sizeof i);
        assert_memory_equal(tries[i].op.a.receive.at, &i, sizeof i);
        co_buffer_give(&rig->rt, tries[i].op.a.receive.at, CO_BUFFER_SMALL);
        close(peers[i]);
        give_up(rig, tries[i].op.fd);
    }
}

/* ---- cancelling ---------------------------------------------------------------------------- */

static void *write_soon(void *arg)
{
    const int *peer = arg;
    write_raw(*peer, "x");
    return NULL;
}

/* Whoever wins, the operation is done once and the byte is either delivered or still there. */
static void cancel_against_input(struct rig *rig)
{
    int peer;
    char byte;
    co_fd fd = pair(rig, SOCK_STREAM, &peer);
    for (unsigned round = 0; round < 200; round++) {
        struct try try = receive_of(fd, round & 1 ? &byte : NULL, 1);
        pthread_t thread;
        assert_false(submit(rig, &try));
        if (round & 2)
            turn(rig, 0);
        assert_int_equal(pthread_create(&thread, NULL, write_soon, &peer), 0);
        if (round & 4)
            pthread_join(thread, NULL);
        rig->backend->cancel(&rig->rt, &try.op);
        rig->backend->cancel(&rig->rt, &try.op);
        assert_int_equal(try.done, 0);
        long result = finish(rig, &try);
        if (!(round & 4))
            pthread_join(thread, NULL);
        if (result == -ECANCELED) {
            try = receive_of(fd, round & 1 ? &byte : NULL, 1);
            result = run(rig, &try);
        }
        assert_int_equal(result, 1);
        if (!(round & 1))
            co_buffer_give(&rig->rt, try.op.a.receive.at, CO_BUFFER_SMALL);
    }
    close(peer);
    give_up(rig, fd);
}

static void cancel_leaves_nothing(struct rig *rig)
{
    static char much[1 << 20];
    struct iovec piece = {much, sizeof much};
    int peer;
    co_fd fd = pair(rig, SOCK_STREAM, &peer);
    struct try send = {.op = {.code = CO_OP_SEND, .fd = fd, .a.send = {&piece, 1}}};
    struct try read = receive_of(fd, NULL, 0);
    while (submit(rig, &send))
        assert_true(send.op.result > 0);
    assert_false(submit(rig, &read));
    turn(rig, 0);
    rig->backend->cancel(&rig->rt, &send.op);
    rig->backend->cancel(&rig->rt, &read.op);
    assert_int_equal(finish(rig, &read), -ECANCELED);
    assert_int_equal(finish(rig, &send), -ECANCELED);
    assert_null(read.op.a.receive.at);
    give_up(rig, fd);
    close(peer);
}

static void cancelled_accept_keeps_the_connection(struct rig *rig)
{
    co_address address, peer;
    co_fd fd = listener(rig, &address);
    for (unsigned round = 0; round < 20; round++) {
        struct try try = {.op = {.code = CO_OP_ACCEPT, .fd = fd, .a.accept.peer = &peer}};
        assert_false(submit(rig, &try));
        if (round & 1)
            turn(rig, 0);
        int raw = connect_raw(&address);
        rig->backend->cancel(&rig->rt, &try.op);
        if (finish(rig, &try) == -ECANCELED)
            assert_int_equal(run(rig, &try), 0);
        assert_int_equal(try.op.result, 0);
        assert_int_equal(peer.as.any.sa_family, AF_INET);
        assert_int_equal(peer.size, sizeof(struct sockaddr_in));
        give_up(rig, try.op.a.accept.fd);
        close(raw);
        try.op.a.accept.fd = (co_fd){0, 0};
        assert_false(submit(rig, &try)); /* takes note that there is none left */
        rig->backend->cancel(&rig->rt, &try.op);
        assert_int_equal(finish(rig, &try), -ECANCELED);
    }
    give_up(rig, fd);
}

/* ---- descriptors --------------------------------------------------------------------------- */

static void stale_handle_means_nobody(struct rig *rig)
{
    int peer;
    char byte;
    co_fd fd = pair(rig, SOCK_STREAM, &peer);
    give_up(rig, fd);
    close(peer);
    co_fd other = pair(rig, SOCK_STREAM, &peer);
    assert_int_equal(other.index, fd.index);
    struct try try = receive_of(fd, &byte, 1);
    assert_true(submit(rig, &try));
    assert_int_equal(try.op.result, -EBADF);
    assert_int_equal(rig->backend->raw(&rig->rt, fd), -1);
    struct co_control unread = {.code = CO_CONTROL_UNREAD};
    assert_int_equal(rig->backend->control(&rig->rt, fd, &unread), -EBADF);
    give_up(rig, fd); /* closes nothing */
    write_raw(peer, "x");
    assert_int_equal(rig->backend->control(&rig->rt, other, &unread), 1);
    give_up(rig, other);
    close(peer);
    try = receive_of((co_fd){1 << 20, 1}, &byte, 1);
    assert_true(submit(rig, &try));
    assert_int_equal(try.op.result, -EBADF);
}

static void accept_without_descriptors_says_so(struct rig *rig)
{
    co_address address;
    struct rlimit limit, none;
    co_fd fd = listener(rig, &address);
    int peer = connect_raw(&address);
    struct try try = {.op = {.code = CO_OP_ACCEPT, .fd = fd}};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    long result = run(rig, &try);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(result, -EMFILE);
    assert_int_equal(run(rig, &try), 0);
    give_up(rig, try.op.a.accept.fd);
    give_up(rig, fd);
    close(peer);
}

/* A socket that another number keeps open brings no more events after close_fd. */
static void closed_handle_of_a_shared_file_is_quiet(struct rig *rig)
{
    int peer;
    char byte;
    co_fd fd = pair(rig, SOCK_STREAM, &peer);
    int twin = dup(rig->backend->raw(&rig->rt, fd));
    struct try try = receive_of(fd, &byte, 1);
    assert_false(submit(rig, &try));
    write_raw(peer, "1");
    assert_int_equal(finish(rig, &try), 1);
    turn(rig, rig->backend->now(&rig->rt) + CO_MS);
    give_up(rig, fd);
    unsigned early = 0;
    for (unsigned i = 0; i < 100; i++) {
        int64_t until = rig->backend->now(&rig->rt) + CO_MS / 5;
        write_raw(peer, "2");
        turn(rig, until);
        early += rig->backend->now(&rig->rt) < until;
    }
    assert_in_range(early, 0, 50); /* some, for the kernel interrupts waits for its own sake */
    close(twin);
    close(peer);
}

static void eventfd_and_signalfd_are_readable(struct rig *rig)
{
    sigset_t usr1, before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, &before);
    co_fd event = adopt(rig, eventfd(0, EFD_CLOEXEC)), signals = adopt(rig, signalfd(-1, &usr1, 0));
    struct try on_event = {.op = {.code = CO_OP_READABLE, .fd = event}};
    struct try on_signal = {.op = {.code = CO_OP_READABLE, .fd = signals}};
    uint64_t one = 1;
    struct signalfd_siginfo info;
    for (unsigned round = 0; round < 3; round++) {
        assert_false(submit(rig, &on_event));
        assert_false(submit(rig, &on_signal));
        turn(rig, 0);
        assert_int_equal(on_event.done + on_signal.done, 0);
        int raw = rig->backend->raw(&rig->rt, event);
        assert_int_equal(write(raw, &one, sizeof one), sizeof one);
        assert_int_equal(finish(rig, &on_event), 0);
        assert_int_equal(run(rig, &on_event), 0); /* still so */
        assert_int_equal(read(raw, &one, sizeof one), sizeof one);
        pthread_kill(pthread_self(), SIGUSR1);
        assert_int_equal(finish(rig, &on_signal), 0);
        raw = rig->backend->raw(&rig->rt, signals);
        assert_int_equal(read(raw, &info, sizeof info), sizeof info);
    }
    give_up(rig, event);
    give_up(rig, signals);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- connecting and datagrams -------------------------------------------------------------- */

static void connects_and_is_refused(struct rig *rig)
{
    co_address address;
    co_fd fd = listener(rig, &address), client;
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(rig->backend->socket(&rig->rt, AF_INET, SOCK_STREAM, 0, &client), 0);
        struct try try = {
            .op = {.code = CO_OP_CONNECT, .fd = client, .a.connect.address = &address}};
        assert_int_equal(run(rig, &try), round == 0 ? 0 : -ECONNREFUSED);
        give_up(rig, client);
        if (round == 0)
            give_up(rig, fd);
    }
}

static void messages_wait_for_input_and_for_room(struct rig *rig)
{
    enum { COUNT = 4, ROOM = 1000 };
    static char rooms[COUNT][ROOM];
    struct iovec pieces[COUNT];
    struct mmsghdr messages[COUNT] = {0};
    for (unsigned i = 0; i < COUNT; i++) {
        pieces[i] = (struct iovec){rooms[i], ROOM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
    }
    int peer;
    co_fd fd = pair(rig, SOCK_DGRAM, &peer);
    struct try in = {
        .op = {.code = CO_OP_RECEIVE_MESSAGES, .fd = fd, .a.messages = {messages, COUNT}}};
    assert_false(submit(rig, &in));
    write_raw(peer, "one");
    write_raw(peer, "three");
    assert_int_equal(finish(rig, &in), 2);
    assert_int_equal(messages[1].msg_len, 5);
    struct try out = {
        .op = {.code = CO_OP_SEND_MESSAGES, .fd = fd, .a.messages = {messages, COUNT}}};
    while (submit(rig, &out))
        assert_in_range(out.op.result, 1, COUNT);
    turn(rig, 0);
    assert_int_equal(out.done, 0);
    char room[ROOM];
    while (recv(peer, room, sizeof room, MSG_DONTWAIT) > 0)
        continue;
    assert_in_range(finish(rig, &out), 1, COUNT);
    give_up(rig, fd);
    close(peer);
}

/* A ring that two processes wrote to would be neither's. */
static void a_forked_child_has_no_ring(struct rig *rig)
{
    (void)rig;
    pid_t child = fork();
    if (child == 0) {
        char line[512];
        FILE *maps = fopen("/proc/self/maps", "re");
        while (maps && fgets(line, sizeof line, maps))
            if (strstr(line, "[io_uring]"))
                _exit(1);
        _exit(maps ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* M15: timers go by a clock that nobody can set. */
static void time_is_monotonic(struct rig *rig)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    int64_t now = rig->backend->now(&rig->rt);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(now >= before.tv_sec * CO_SECOND + before.tv_nsec);
    assert_true(now <= after.tv_sec * CO_SECOND + after.tv_nsec);
}

#define BODIES(X)                                                                                  \
 X(buffer_comes_with_the_input)                                                                    \
 X(end_is_not_lost_behind_a_short_read)                                                            \
 X(reset_wakes_a_reader)                                                                           \
 X(urgent_data_in_line_hides_nothing_behind_it)                                                    \
 X(urgent_data_left_out_hides_nothing_behind_it)                                                   \
 X(thousand_sockets_at_once)                                                                       \
 X(cancel_against_input)                                                                           \
 X(cancel_leaves_nothing)                                                                          \
 X(cancelled_accept_keeps_the_connection)                                                          \
 X(stale_handle_means_nobody)                                                                      \
 X(accept_without_descriptors_says_so)                                                             \
 X(closed_handle_of_a_shared_file_is_quiet)                                                        \
 X(eventfd_and_signalfd_are_readable)                                                              \
 X(connects_and_is_refused)                                                                        \
 X(messages_wait_for_input_and_for_room)                                                           \
 X(a_forked_child_has_no_ring)                                                                     \
 X(time_is_monotonic)

BODIES(BODY_TEST)

int main(void)
{
    const struct CMUnitTest tests[] = {BODIES(BODY_ENTRY)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
