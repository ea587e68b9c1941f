/* SPDX-License-Identifier: MIT */
/* Two joined streams, in memory and over TCP, and over TLS when told to (over_tls.h). */
#ifndef CO_TEST_PAIRS_H
#define CO_TEST_PAIRS_H

#include "fibers.h"
#include "over_tls.h"

#define MEMORY_ROOM 65536

static inline int tcp_pair(co_stream **ret_a, co_stream **ret_b)
{
    co_listener *listener;
    int rc = co_listen(&listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    rc = co_connect(ret_a, co_listener_address(listener));
    if (rc == 0)
        rc = co_accept(ret_b, listener);
    co_listener_close(listener);
    return rc;
}

enum pair_kind { PAIR_MEMORY, PAIR_TCP, PAIR_KINDS };

static inline int pair_new(enum pair_kind kind, co_stream **ret_a, co_stream **ret_b)
{
    return kind == PAIR_TCP ? tcp_pair(ret_a, ret_b) : co_memory_pair(ret_a, ret_b, MEMORY_ROOM);
}

static inline int accept_over_tls(void *stream)
{
    return co_tls_accept(stream, over_tls.server);
}

/* Has both ends shake hands, `a` as the client; and nothing is on its way then. */
static inline int pair_secure(co_stream *a, co_stream *b)
{
    co_group group;
    char byte = 0;
    has_foreign_draws = true;
    co_group_open(&group, NULL);
    co_go(&group, accept_over_tls, b);
    int rc = co_tls_connect(a, over_tls.client, "localhost"), ended = co_group_close(&group);
    if (rc == 0 && ended == 0 && (rc = co_write(b, &byte, 1)) == 0) /* behind its tickets */
        rc = (int)co_read_full(a, &byte, 1);
    return rc < 0 ? rc : ended;
}

/* Runs a test on a pair of each kind; the test ends both streams. */
static inline int on_each_pair(int (*test)(co_stream *a, co_stream *b))
{
    for (enum pair_kind kind = PAIR_MEMORY; kind < PAIR_KINDS; kind++) {
        co_stream *a, *b;
        REQUIRE(pair_new(kind, &a, &b) == 0);
        REQUIRE(!is_over_tls() || pair_secure(a, b) == 0);
        int before = atomic_load(&check_failures), rc = test(a, b);
        if (rc < 0 || atomic_load(&check_failures) > before)
            fprintf(stderr, "  ... on a %s pair\n", kind == PAIR_TCP ? "TCP" : "memory");
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* PAIR_TEST(name) { body with streams a and b, both ended by it; return 0; } */
#define PAIR_TEST(name)                                                                            \
 static int name##_pair(co_stream *a, co_stream *b);                                               \
 FIBER_TEST(name)                                                                                  \
 {                                                                                                 \
  return on_each_pair(name##_pair);                                                                \
 }                                                                                                 \
 static int name##_pair(co_stream *a, co_stream *b)

/* ---- bytes that tell where they belong --------------------------------------------------------
 */

static inline char pattern_at(size_t index)
{
    return (char)('a' + index % 23 + index / 997 % 3);
}

static inline void pattern_fill(char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = pattern_at(i);
}

static inline bool pattern_holds(const void *bytes, size_t from, size_t size)
{
    const char *at = bytes;
    for (size_t i = 0; i < size; i++)
        if (at[i] != pattern_at(from + i))
            return false;
    return true;
}

/* A stream, and how many bytes of the pattern go through it. */
struct bulk {
    co_stream *stream;
    size_t size;
    int result;
};

#endif
