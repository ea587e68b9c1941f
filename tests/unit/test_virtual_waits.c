/* SPDX-License-Identifier: MIT */
/*
 * Cancel against completion where no stream is waited for: a datagram, a value of a channel, a
 * lock. Whatever comes first, what was handed over is there once: with who waited, or still to be
 * had.
 */
#include "plays.h"

#include "coronet/sync.h"

/* ---- datagrams ------------------------------------------------------------------------------ */

static int datagram_prepare(struct scene *scene)
{
    co_address from;
    if (datagram_on(AF_INET, &scene->mine, &scene->address) < 0)
        return FAILED;
    return datagram_on(AF_INET, &scene->peers, &from);
}

static long datagram_receive(co_fd fd)
{
    char text[8];
    struct iovec room = {text, sizeof text};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &room, .msg_iovlen = 1}};
    long n = do_messages(CO_OP_RECEIVE_MESSAGES, fd, &message, 1);
    return n < 0 ? n : (long)message.msg_len;
}

static long datagram_wait(struct scene *scene)
{
    long n = datagram_receive(scene->mine);
    scene->received += n > 0;
    return n;
}

static int datagram_arrive(struct scene *scene)
{
    static char ok[] = "ok";
    struct iovec text = {ok, 2};
    struct mmsghdr message = {.msg_hdr = {.msg_name = scene->address.as.bytes,
                                  .msg_namelen = scene->address.size,
                                  .msg_iov = &text,
                                  .msg_iovlen = 1}};
    if (scene->peer_closed)
        return 0;
    expect_result(do_messages(CO_OP_SEND_MESSAGES, scene->peers, &message, 1), 1);
    scene->sent++;
    return 0;
}

static int datagram_check(struct scene *scene)
{
    co_scope scope;
    long n;
    co_scope_open(&scope, 100);
    while ((n = datagram_receive(scene->mine)) > 0)
        scene->received++;
    (void)co_scope_close(&scope);
    expect_result(n, CO_EDEADLINE);
    expect_result((long)scene->received, (long)scene->sent);
    close_peers(scene);
    close_socket(scene->mine);
    return 0;
}

static const struct play datagram_play = {"datagram", 5, datagram_prepare, datagram_wait,
    datagram_arrive, datagram_check, BIT(DONE) | BIT(CANCELLED) | BIT(LATE), close_peers};

/* ---- a channel without room: the value goes from hand to hand -------------------------------- */

static co_channel *channel;

static int channel_prepare(struct scene *scene)
{
    (void)scene;
    expect_result(co_channel_new(&channel, sizeof(int), 0), 0);
    return 0;
}

static long channel_wait(struct scene *scene)
{
    int value = 0;
    long rc = co_receive(channel, &value);
    scene->received += value == 1;
    return rc == 0 ? 1 : rc;
}

static int channel_arrive(struct scene *scene)
{
    int value = 1, rc = co_try_send(channel, &value);
    expect(rc == 0 || rc == -EAGAIN); /* nobody waits any more */
    scene->sent += rc == 0;
    return 0;
}

static int channel_check(struct scene *scene)
{
    expect_result((long)scene->received, (long)scene->sent);
    expect((scene->result == 1) == (scene->received == 1));
    co_channel_free(channel);
    return 0;
}

static const struct play channel_play = {"channel", 5, channel_prepare, channel_wait,
    channel_arrive, channel_check, BIT(DONE) | BIT(CANCELLED) | BIT(LATE), NULL};

/* ---- locks: the director has it first, and gives it away ------------------------------------- */

static co_mutex mutex;

static int mutex_prepare(struct scene *scene)
{
    (void)scene;
    mutex = (co_mutex){0};
    expect_result(co_mutex_lock(&mutex), 0);
    return 0;
}

static long mutex_wait(struct scene *scene)
{
    (void)scene;
    long rc = co_mutex_lock(&mutex);
    if (rc < 0)
        return rc;
    co_mutex_unlock(&mutex);
    return 1;
}

static int mutex_arrive(struct scene *scene)
{
    (void)scene;
    co_mutex_unlock(&mutex);
    return 0;
}

static int mutex_check(struct scene *scene)
{
    (void)scene;
    expect_result(co_mutex_lock(&mutex), 0); /* nobody who has gone holds it */
    co_mutex_unlock(&mutex);
    return 0;
}

static const struct play mutex_play = {"mutex", 5, mutex_prepare, mutex_wait, mutex_arrive,
    mutex_check, BIT(DONE) | BIT(CANCELLED) | BIT(LATE), NULL};

static co_semaphore semaphore;

static int semaphore_prepare(struct scene *scene)
{
    (void)scene;
    semaphore = (co_semaphore){0};
    return 0;
}

static long semaphore_wait(struct scene *scene)
{
    long rc = co_semaphore_take(&semaphore);
    scene->received += rc == 0;
    return rc == 0 ? 1 : rc;
}

static int semaphore_arrive(struct scene *scene)
{
    co_semaphore_give(&semaphore);
    scene->sent++;
    return 0;
}

static int semaphore_check(struct scene *scene)
{
    expect_result((long)(scene->received + semaphore.count), (long)scene->sent);
    return 0;
}

static const struct play semaphore_play = {"semaphore", 5, semaphore_prepare, semaphore_wait,
    semaphore_arrive, semaphore_check, BIT(DONE) | BIT(CANCELLED) | BIT(LATE), NULL};

static void a_cancelled_datagram_is_not_lost_in_any_order(void **state)
{
    (void)state;
    explore(&datagram_play);
}

static void a_cancelled_value_is_with_one_side_in_any_order(void **state)
{
    (void)state;
    explore(&channel_play);
}

static void a_cancelled_lock_is_free_or_held_in_any_order(void **state)
{
    (void)state;
    explore(&mutex_play);
    explore(&semaphore_play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_datagram_is_not_lost_in_any_order),
        cmocka_unit_test(a_cancelled_value_is_with_one_side_in_any_order),
        cmocka_unit_test(a_cancelled_lock_is_free_or_held_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
