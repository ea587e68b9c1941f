/* SPDX-License-Identifier: MIT */
/* Connections that are kept: by the one key, and only while nothing comes on them. */
#include "pairs.h"

#include "dial/pool.h"
#include "net/stream.h"

#include <errno.h>
#include <stdio.h>

/* ---- the key --------------------------------------------------------------------------------- */

/* A field that is new makes this fail: it belongs into the comparison and into the table below. */
_Static_assert(sizeof(struct co_pool_place) == 88, "the key has other fields");

static int some_tls, other_tls; /* only their addresses count */

/* Every field has a value that is not its default. */
static const struct co_pool_place base = {
    .secure = true,
    .upgrades = true,
    .host = {"example.org", 11},
    .port = 443,
    .speaks = 1,
    .user = {"ann", 3},
    .tls = (co_tls *)&some_tls,
    .proxy = {"http://ann:x@proxy:1", 20},
    .forwarded = true,
    .proxy_tls = (co_tls *)&some_tls,
};

/* The key with its nth field changed, in the nth way; false when there are no more. */
static bool change(unsigned n, struct co_pool_place *ret)
{
    *ret = base;
    switch (n) {
    case 0: ret->secure = false; return true;
    case 1: ret->upgrades = false; return true;
    case 2: ret->host = CO_TEXT("example.com"); return true;
    case 3: ret->host = CO_TEXT("example.org."); return true;
    case 4: ret->port = 444; return true;
    case 5: ret->speaks = 2; return true;
    case 6: ret->speaks = 0; return true;
    case 7: ret->user = CO_TEXT("bob"); return true;
    case 8: ret->user = (co_text){0}; return true;
    case 9: ret->user = CO_TEXT("Ann"); return true;
    case 10: ret->tls = (co_tls *)&other_tls; return true;
    case 11: ret->tls = NULL; return true;
    case 12: ret->proxy = CO_TEXT("http://bob:x@proxy:1"); return true;
    case 13: ret->proxy = CO_TEXT("http://ann:y@proxy:1"); return true;
    case 14: ret->proxy = CO_TEXT("http://ann:x@proxy:2"); return true;
    case 15: ret->proxy = (co_text){0}; return true;
    case 16: ret->forwarded = false; return true;
    case 17: ret->proxy_tls = (co_tls *)&other_tls; return true;
    case 18: ret->proxy_tls = NULL; return true;
    default: return false;
    }
}

static void every_field_tells_two_places_apart_c02(void **state)
{
    (void)state;
    struct co_pool_place other;
    assert_true(co_pool_place_equal(&base, &base));
    for (unsigned n = 0; change(n, &other); n++) {
        assert_false(co_pool_place_equal(&base, &other));
        assert_false(co_pool_place_equal(&other, &base));
        assert_true(co_pool_place_equal(&other, &other));
    }
    other = base;
    other.host = CO_TEXT("Example.ORG");
    assert_true(co_pool_place_equal(&base, &other));
}

/* ---- a pool ---------------------------------------------------------------------------------- */

static int pool_new(struct co_pool *pool, unsigned idle_max)
{
    *pool = (struct co_pool){.idle_max = idle_max};
    co_pool_start(pool);
    return 0;
}

FIBER_TEST(a_connection_is_kept_for_its_own_place_alone_c02)
{
    struct co_pool pool;
    struct co_pool_place other;
    co_stream *here, *there;
    char host[] = "example.org";
    other = base;
    other.host = (co_text){host, 11};
    pool_new(&pool, 4);
    REQUIRE(tcp_pair(&here, &there) == 0);
    co_pool_keep(&pool, &other, here);
    host[0] = 'X'; /* its texts are the pool's own */
    for (unsigned n = 0; change(n, &other); n++)
        CHECK(!co_pool_take(&pool, &other));
    CHECK(co_pool_take(&pool, &base) == here);
    CHECK(!co_pool_take(&pool, &base));
    co_abort(here);
    co_abort(there);
    co_pool_end(&pool);
    return 0;
}

/* The kernel may take a moment to carry what was sent. */
static bool is_soon_gone(struct co_pool *pool)
{
    for (unsigned i = 0; i < 1000; i++) {
        co_stream *stream = co_pool_take(pool, &base);
        if (!stream)
            return true;
        co_pool_keep(pool, &base, stream);
        co_sleep(1);
    }
    return false;
}

FIBER_TEST(one_that_has_something_to_read_is_not_used)
{
    struct co_pool pool;
    co_stream *here, *there;
    pool_new(&pool, 4);
    for (unsigned ends = 0; ends < 2; ends++) {
        REQUIRE(tcp_pair(&here, &there) == 0);
        co_pool_keep(&pool, &base, here);
        CHECK_INT(ends ? co_shutdown_write(there) : co_write(there, "x", 1), 0);
        CHECK(is_soon_gone(&pool));
        co_abort(there);
    }
    CHECK_INT(pool.idle_count, 0);
    co_pool_end(&pool);
    return 0;
}

FIBER_TEST(the_longest_idle_one_goes_when_there_are_too_many)
{
    struct co_pool pool;
    co_stream *here[3], *there[3];
    pool_new(&pool, 2);
    for (unsigned i = 0; i < 3; i++) {
        REQUIRE(tcp_pair(&here[i], &there[i]) == 0);
        co_pool_keep(&pool, &base, here[i]);
    }
    CHECK_INT(pool.idle_count, 2);
    CHECK(co_pool_take(&pool, &base) == here[2]);
    CHECK(co_pool_take(&pool, &base) == here[1]);
    CHECK(!co_pool_take(&pool, &base));
    co_abort(here[1]);
    co_abort(here[2]);
    for (unsigned i = 0; i < 3; i++)
        co_abort(there[i]);
    co_pool_end(&pool);
    return 0;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static int ignore(co_stream *stream, void *arg)
{
    char byte;
    (void)arg;
    while (co_read(stream, &byte, 1) > 0)
        continue;
    return 0;
}

static int serve_silence(void *listener)
{
    return co_serve_listener(listener, ignore, NULL, NULL);
}

/* connect_ms is for the handshake, too: it had none but TLS's own 30 seconds. */
FIBER_TEST(a_handshake_that_hangs_ends_with_the_time_to_connect)
{
    struct co_go_options background = {.name = "silence", .background = true};
    struct co_pool pool;
    co_listener *listener;
    co_stream *stream;
    co_group group;
    has_foreign_draws = true;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    co_group_open(&group, NULL);
    co_go_with(&group, &background, serve_silence, listener);
    pool_new(&pool, 2);
    pool.dial.timeout_ms = 50;
    const struct co_pool_place place = {.secure = true,
        .host = CO_TEXT("127.0.0.1"),
        .port = (uint16_t)co_address_port(co_listener_address(listener))};
    int64_t begun = co_now_ns();
    CHECK_INT(co_pool_connect(&pool, &place, &stream), CO_EDEADLINE);
    CHECK((co_now_ns() - begun) / CO_MS < 20000);
    CHECK(strstr(co_explain(CO_EDEADLINE), "no answer in time"));
    co_pool_end(&pool);
    CHECK_INT(co_group_close(&group), 0);
    co_listener_close(listener);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_tells_two_places_apart_c02),
        cmocka_unit_test(a_connection_is_kept_for_its_own_place_alone_c02),
        cmocka_unit_test(one_that_has_something_to_read_is_not_used),
        cmocka_unit_test(the_longest_idle_one_goes_when_there_are_too_many),
        cmocka_unit_test(a_handshake_that_hangs_ends_with_the_time_to_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
