/* SPDX-License-Identifier: MIT */
/* Two joined streams, in memory and over TCP. */
#ifndef CO_TEST_PAIRS_H
#define CO_TEST_PAIRS_H

#include "fibers.h"

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

/* Runs a test on a pair of each kind; the test ends both streams. */
static inline int on_each_pair(int (*test)(co_stream *a, co_stream *b))
{
    for (enum pair_kind kind = PAIR_MEMORY; kind < PAIR_KINDS; kind++) {
        co_stream *a, *b;
        REQUIRE(pair_new(kind, &a, &b) == 0);
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
