/* SPDX-License-Identifier: MIT */
/*
 * Cancel against completion where no fiber waits: a parked stream. Whatever comes first, the
 * handler is called once for it and by one fiber at a time, and finds every byte that was sent.
 */
#include "plays.h"
#include "tls_rig.h"

#include "net/stream.h"

/* Of one run. */
static struct {
    co_stream *stream, *peer;
    int64_t patience_ms; /* -1: only the scope has a deadline */
    unsigned calls;
    bool running, woken, over;
    int end;  /* what the handler's last call returned */
    long why; /* it was called after the first park: bytes, the end, or a code */
    char text[8];
    co_tls *server, *client; /* where there is TLS */
} parked;

static long take(struct scene *scene, size_t size)
{
    long n = co_read(parked.stream, parked.text + scene->received, size);
    scene->received += n > 0 ? (size_t)n : 0;
    return n;
}

/* What is there already and what still comes: nothing of it may be lost. */
static int take_rest(struct scene *scene)
{
    co_scope scope;
    long n;
    co_virtual_explore(co_rt_current(), NULL); /* this only counts */
    co_scope_shield(&scope, 100);
    while ((n = take(scene, sizeof parked.text - scene->received)) > 0)
        ;
    (void)co_scope_close(&scope);
    expect(n == 0 || n == CO_EDEADLINE);
    return 0;
}

static long why_called(void)
{
    const uint8_t *byte;
    int told = co_park_result(parked.stream);
    return told < 0 ? told : co_stream_glance(parked.stream, &byte);
}

/* One byte a call, so that the stream parks with the other in its buffer. */
static int go_on(struct scene *scene)
{
    long why = why_called();
    expect(why != -EAGAIN); /* else it was called for nothing */
    if (!parked.woken)
        parked.why = why;
    parked.woken = true;
    if (why <= 0)
        return take_rest(scene);
    expect_result(take(scene, 1), 1);
    return CO_PARK;
}

static int handler(co_stream *stream, void *arg)
{
    expect(!parked.running && !parked.over);
    parked.running = true;
    if (parked.calls == 0)
        co_park_deadline(stream, parked.patience_ms);
    parked.end = parked.calls++ == 0 ? CO_PARK : go_on(arg);
    parked.over = parked.end != CO_PARK;
    parked.running = false;
    return parked.end;
}

static long park_wait(struct scene *scene)
{
    co_group group;
    co_group_open(&group, NULL);
    parked.stream->handler = handler;
    parked.stream->arg = scene;
    co_go(&group, co_stream_handle, parked.stream);
    int rc = co_group_close(&group);
    return rc < 0 && rc != co_status() ? rc : parked.why;
}

static int park_arrive(struct scene *scene)
{
    if (scene->peer_closed)
        return 0;
    int rc = co_write(parked.peer, "ok", 2);
    if (parked.over && rc < 0)
        return 0; /* there is nobody any more */
    expect_result(rc, 0);
    scene->sent += 2;
    return 0;
}

static void park_leave(struct scene *scene)
{
    int rc = co_close(parked.peer);
    (void)rc; /* nor here */
    scene->peer_closed = true;
}

static int park_check(struct scene *scene)
{
    co_tls_free(parked.server);
    co_tls_free(parked.client);
    expect(parked.over);
    expect_result(parked.end, 0);
    expect_result((long)scene->received, (long)scene->sent);
    expect(memcmp(parked.text, "ok", scene->received) == 0);
    return 0;
}

/* ---- the kinds of streams, and whose deadline it is -------------------------------------------
 */

static int prepare(enum pair_kind kind)
{
    parked = (typeof(parked)){.patience_ms = -1};
    return pair_new(kind, &parked.stream, &parked.peer);
}

static int memory_prepare(struct scene *scene)
{
    (void)scene;
    return prepare(PAIR_MEMORY);
}

static int socket_prepare(struct scene *scene)
{
    (void)scene;
    return prepare(PAIR_TCP);
}

/* What is enumerated begins behind the handshake. */
static int tls_prepare(struct scene *scene)
{
    static struct identity identity;
    if (!*identity.key)
        identity = identity_new("DNS:localhost", 3600);
    expect_result(memory_prepare(scene), 0);
    expect_result(sides_new(&identity, NULL, NULL, &parked.server, &parked.client), 0);
    struct side server = {.stream = parked.stream, .tls = parked.server},
                client = {.stream = parked.peer, .tls = parked.client, .host = "localhost"};
    shake_hands(&server, &client);
    expect(server.result == 0 && client.result == 0);
    return 0;
}

/* A park's deadline is rounded up to a whole second, so that one is to be where it shall come. */
static int own_deadline(struct scene *scene)
{
    struct co_rt *rt = co_rt_current();
    int64_t ms = co_now_ns() / CO_MS % 1000;
    expect_result(co_now_ns() % CO_MS, 0);
    scene->deadline_is_its_own = true;
    parked.patience_ms = deadline_ms(scene) - 1;
    expect_result(co_sleep((2000 - ms - deadline_ms(scene)) % 1000), 0);
    expect_result((rt->now / CO_MS + deadline_ms(scene)) % 1000, 0);
    return 0;
}

static int in_whole_milliseconds(struct scene *scene, int (*prepare_pair)(struct scene *))
{
    struct co_virtual_choices first_ways = {0}; /* in which all takes that long */
    co_virtual_explore(co_rt_current(), &first_ways);
    expect_result(prepare_pair(scene), 0);
    return own_deadline(scene);
}

static int memory_prepare_own(struct scene *scene)
{
    return in_whole_milliseconds(scene, memory_prepare);
}

static int socket_prepare_own(struct scene *scene)
{
    return in_whole_milliseconds(scene, socket_prepare);
}

static int tls_prepare_own(struct scene *scene)
{
    return in_whole_milliseconds(scene, tls_prepare);
}

#define PARK_PLAY(name, prepare)                                                                   \
 {                                                                                                 \
  name, 5, prepare, park_wait, park_arrive, park_check,                                            \
      BIT(DONE) | BIT(ENDED) | BIT(CANCELLED) | BIT(LATE), park_leave                              \
 }

static void a_cancelled_parked_stream_loses_nothing_in_any_order(void **state)
{
    static const struct play plays[] = {
        PARK_PLAY("parked, memory", memory_prepare),
        PARK_PLAY("parked, socket", socket_prepare),
        PARK_PLAY("parked, TLS", tls_prepare),
    };
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(plays); i++)
        explore(&plays[i]);
}

static void a_parked_streams_own_deadline_loses_nothing_in_any_order(void **state)
{
    static const struct play plays[] = {
        PARK_PLAY("parked till, memory", memory_prepare_own),
        PARK_PLAY("parked till, socket", socket_prepare_own),
        PARK_PLAY("parked till, TLS", tls_prepare_own),
    };
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(plays); i++)
        explore(&plays[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_parked_stream_loses_nothing_in_any_order),
        cmocka_unit_test(a_parked_streams_own_deadline_loses_nothing_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
