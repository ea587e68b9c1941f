/* SPDX-License-Identifier: MIT */
/* The conformance suite's second half: datagrams, cancel against completion, time and jobs. */
#include "backend_test.h"

#define BULK (1 << 20)

/* ---- datagrams ------------------------------------------------------------------------------ */

static int datagram_batch(void *arg)
{
    (void)arg;
    enum { COUNT = 8 };
    co_fd a, b;
    co_address from, to, peers[COUNT];
    if (datagram_on(AF_INET, &a, &from) < 0 || datagram_on(AF_INET, &b, &to) < 0)
        return FAILED;
    char texts[COUNT][8], rooms[COUNT][4];
    struct iovec out[COUNT], in[COUNT];
    static struct mmsghdr send[COUNT], receive[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "%u%s", i, i == 5 ? "longer" : "");
        out[i] = (struct iovec){texts[i], strlen(texts[i])};
        send[i].msg_hdr = (struct msghdr){to.as.bytes, to.size, &out[i], 1, NULL, 0, 0};
    }
    expect_result(do_messages(CO_OP_SEND_MESSAGES, a, send, COUNT), COUNT);
    unsigned seen = 0;
    for (unsigned got = 0; got < COUNT;) {
        for (unsigned i = 0; i < COUNT; i++) {
            in[i] = (struct iovec){rooms[i], sizeof rooms[i]};
            receive[i].msg_hdr =
                (struct msghdr){peers[i].as.bytes, sizeof peers[i].as.bytes, &in[i], 1, NULL, 0, 0};
        }
        long n = do_messages(CO_OP_RECEIVE_MESSAGES, b, receive, COUNT);
        expect(n > 0);
        for (unsigned i = 0; i < n; i++) {
            peers[i].size = receive[i].msg_hdr.msg_namelen;
            expect(address_equal(&peers[i], &from));
            bool cut = receive[i].msg_hdr.msg_flags & MSG_TRUNC;
            expect(cut == (rooms[i][0] == '5') && receive[i].msg_len == (cut ? 4 : 1));
            seen |= 1U << (rooms[i][0] - '0');
        }
        got += (unsigned)n;
    }
    expect(seen == (1U << COUNT) - 1);
    close_socket(a);
    close_socket(b);
    return 0;
}

static long receive_message(co_fd fd, char *text, size_t size)
{
    struct iovec room = {text, size};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &room, .msg_iovlen = 1}};
    long n = do_messages(CO_OP_RECEIVE_MESSAGES, fd, &message, 1);
    return n < 0 ? n : (long)message.msg_len;
}

static int datagram_refused(void *arg)
{
    (void)arg;
    co_fd a, b;
    co_address address;
    char byte;
    if (datagram_on(AF_INET, &a, &address) < 0)
        return FAILED;
    close_socket(a);
    expect_result(new_socket(AF_INET, SOCK_DGRAM, &b), 0);
    expect_result(do_connect(b, &address), 0);
    expect_result(do_send(b, "x", 1), 1);
    expect_result(receive_message(b, &byte, 1), -ECONNREFUSED);
    close_socket(b);
    return 0;
}

/* Two Unix sockets for datagrams, the first connected to the second. */
static int datagram_pair(co_fd *ret_a, co_fd *ret_b)
{
    co_address from, to;
    if (datagram_on(AF_UNIX, ret_a, &from) < 0 || datagram_on(AF_UNIX, ret_b, &to) < 0)
        return FAILED;
    expect_result(do_connect(*ret_a, &to), 0);
    return 0;
}

static int datagram_unix(void *arg)
{
    (void)arg;
    co_fd a, b;
    char text[4];
    if (datagram_pair(&a, &b) < 0)
        return FAILED;
    for (char c = '0'; c < '8'; c++)
        expect_result(do_send(a, &c, 1), 1);
    for (char c = '0'; c < '8'; c++) {
        expect_result(receive_message(b, text, sizeof text), 1);
        expect(text[0] == c);
    }
    close_socket(b);
    expect_result(do_send(a, "x", 1), -ECONNREFUSED);
    close_socket(a);
    return 0;
}

/* A receive takes one message, and what it leaves behind is found without another arrival. */
static int received_one_by_one(void *arg)
{
    (void)arg;
    co_fd a, b;
    char text[8];
    co_scope scope;
    if (datagram_pair(&a, &b) < 0)
        return FAILED;
    co_scope_open(&scope, 3);
    expect_result(do_receive(b, text, sizeof text), CO_EDEADLINE);
    expect_result(co_scope_close(&scope), CO_EDEADLINE);
    expect_result(do_send(a, "one", 3), 3);
    expect_result(do_send(a, "three", 5), 5);
    expect_result(co_sleep(3), 0);
    co_scope_open(&scope, 5000);
    long first = do_receive(b, text, sizeof text), second = do_receive(b, text, sizeof text);
    expect_result(co_scope_close(&scope), 0);
    expect_result(first, 3);
    expect_result(second, 5);
    close_socket(a);
    close_socket(b);
    return 0;
}

/* ---- cancel against completion -------------------------------------------------------------- */

/* Each waits in vain until its deadline, and what it waited on is as good as before. */
static int cancelled_in_vain(void *arg)
{
    (void)arg;
    co_fd a, b, listener, datagram;
    co_address address, peer;
    char text[4];
    if (pair_of(AF_INET, &a, &b) < 0 || listen_on(AF_INET, 8, &listener, &address) < 0 ||
        datagram_on(AF_INET, &datagram, &peer) < 0)
        return FAILED;
    for (unsigned i = 0; i < 3; i++) {
        co_scope scope;
        co_scope_open(&scope, 3);
        long rc = i == 0   ? do_receive(a, text, sizeof text)
                  : i == 1 ? do_accept(listener, &b, NULL)
                           : receive_message(datagram, text, sizeof text);
        expect_result(rc, CO_EDEADLINE);
        expect_result(co_scope_close(&scope), CO_EDEADLINE);
    }
    expect_result(send_all(b, "yes", 3), 0);
    expect_result(receive_all(a, text, 3), 3);
    close_socket(a);
    close_socket(b);
    close_socket(listener);
    close_socket(datagram);
    return 0;
}

/* Counts up, a byte at a time, until its socket is told to end. */
static int drip(void *arg)
{
    co_fd *fd = arg;
    for (unsigned i = 0; i < 40; i++) {
        uint8_t byte = (uint8_t)i;
        expect_result(send_all(*fd, &byte, 1), 0);
        if (i % 4 == 0)
            expect_result(co_sleep(1), 0);
    }
    close_socket(*fd);
    return 0;
}

static int cancelled_receives_lose_nothing(void *arg)
{
    (void)arg;
    co_fd a, b;
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, drip, &a);
    uint8_t bytes[4], expected = 0;
    for (long n = 1; n != 0;) {
        co_scope scope;
        co_scope_open(&scope, 1);
        n = do_receive(b, bytes, sizeof bytes);
        expect(n >= 0 || n == CO_EDEADLINE);
        for (long i = 0; i < n; i++)
            expect(bytes[i] == expected++);
        (void)co_scope_close(&scope);
    }
    expect(expected == 40);
    close_socket(b);
    expect_result(co_group_close(&group), 0);
    return 0;
}

static int dial_ten(void *arg)
{
    for (unsigned i = 0; i < 10; i++) {
        co_fd fd;
        char byte;
        expect_result(new_socket(AF_INET, SOCK_STREAM, &fd), 0);
        expect_result(do_connect(fd, arg), 0);
        expect_result(do_receive(fd, &byte, 1), 0); /* whoever accepts it closes it */
        close_socket(fd);
    }
    return 0;
}

static int cancelled_accepts_lose_nothing(void *arg)
{
    (void)arg;
    co_fd listener;
    co_address address;
    if (listen_on(AF_INET, 8, &listener, &address) < 0)
        return FAILED;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, dial_ten, &address);
    for (unsigned accepted = 0; accepted < 10;) {
        co_fd fd;
        co_scope scope;
        co_scope_open(&scope, 1);
        long rc = do_accept(listener, &fd, NULL);
        expect(rc == 0 || rc == CO_EDEADLINE);
        if (rc == 0) {
            close_socket(fd);
            accepted++;
        }
        (void)co_scope_close(&scope);
    }
    expect_result(co_group_close(&group), 0);
    close_socket(listener);
    return 0;
}

static int cancelled_send_counts_right(void *arg)
{
    (void)arg;
    static uint8_t bytes[BULK];
    co_fd a, b;
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    size_t sent = 0, received = 0;
    long n;
    for (unsigned cancels = 0; cancels < 2;) {
        co_scope scope;
        co_scope_open(&scope, 3);
        n = do_send(a, bytes, sizeof bytes);
        expect(n > 0 || n == CO_EDEADLINE);
        sent += n > 0 ? (size_t)n : 0;
        cancels += n < 0;
        (void)co_scope_close(&scope);
    }
    close_socket(a);
    while ((n = do_receive(b, bytes, sizeof bytes)) > 0)
        received += (size_t)n;
    expect_result(n, 0);
    expect_result((long)received, (long)sent);
    close_socket(b);
    return 0;
}

/* ---- time, jobs, wake ----------------------------------------------------------------------- */

static unsigned order_of_sleeps;

static int sleeper(void *arg)
{
    const int *ms = arg;
    int64_t before = co_now_ns();
    expect_result(co_sleep(*ms), 0);
    int64_t slept = co_now_ns() - before;
    expect(slept >= *ms * CO_MS);
    expect(!co_rt_current()->backend->is_virtual || slept == *ms * CO_MS);
    order_of_sleeps = order_of_sleeps * 10 + (unsigned)*ms / 10;
    return 0;
}

static int timers(void *arg)
{
    (void)arg;
    static int ms[] = {30, 10, 40, 20};
    order_of_sleeps = 0;
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < CO_LENGTH(ms); i++)
        co_go_copy(&group, sleeper, &ms[i]);
    expect_result(co_group_close(&group), 0);
    expect_result(order_of_sleeps, 1234);
    return 0;
}

static int double_it(void *arg)
{
    int *number = arg;
    *number *= 2;
    return *number;
}

static int jobs(void *arg)
{
    (void)arg;
    int numbers[] = {1, 2, 3};
    for (unsigned i = 0; i < CO_LENGTH(numbers); i++)
        expect_result(co_block(double_it, &numbers[i]), 2 * (int)(i + 1));
    return 0;
}

struct postcard {
    struct co_post post;
    struct co_rt *rt;
    bool arrived;
};

static void postcard_arrives(struct co_rt *rt, struct co_post *post)
{
    (void)rt;
    CO_CONTAINER(post, struct postcard, post)->arrived = true;
}

static int postcard_write(void *arg)
{
    struct postcard *card = arg;
    co_rt_post(card->rt, &card->post);
    return 0;
}

static int woken(void *arg)
{
    (void)arg;
    struct postcard card = {.post.run = postcard_arrives, .rt = co_rt_current()};
    expect_result(co_block(postcard_write, &card), 0);
    while (!card.arrived)
        expect_result(co_sleep(0), 0);
    return 0;
}

#define CASES(X)                                                                                   \
 X(datagram_batch)                                                                                 \
 X(datagram_refused)                                                                               \
 X(datagram_unix)                                                                                  \
 X(received_one_by_one)                                                                            \
 X(cancelled_in_vain)                                                                              \
 X(cancelled_receives_lose_nothing)                                                                \
 X(cancelled_accepts_lose_nothing)                                                                 \
 X(cancelled_send_counts_right)                                                                    \
 X(timers)                                                                                         \
 X(jobs)                                                                                           \
 X(woken)

CASES(ON_ALL)

int main(void)
{
#define CASE_TEST(name) cmocka_unit_test(name##_works),
    const struct CMUnitTest tests[] = {CASES(CASE_TEST)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
