/* SPDX-License-Identifier: MIT */
/*
 * Tests whose body is a fiber: run on every backend that is to be had (CORONET_BACKEND leaves only
 * that one and the virtual one), on the virtual one by several seeds, each of them twice. cmocka's
 * own assertions would jump from one stack to another, so a body checks by CHECK, which notes the
 * failure and goes on.
 */
#ifndef CO_TEST_FIBERS_H
#define CO_TEST_FIBERS_H

#include "coronet.h"
#include "runtime/virtual.h"
#include "test.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

/* Sanitizers and valgrind make everything slower and their own tables smaller. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
# define IS_SANITIZED 1
#elif defined(__has_feature)
# if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#  define IS_SANITIZED 1
# endif
#endif
#ifndef IS_SANITIZED
# define IS_SANITIZED 0
#endif

#ifdef __has_include
# if __has_include(<valgrind/valgrind.h>)
#  include <valgrind/valgrind.h>
# endif
#endif
#ifndef RUNNING_ON_VALGRIND
# define RUNNING_ON_VALGRIND 0
#endif

#define IS_SLOW (IS_SANITIZED || RUNNING_ON_VALGRIND)

static atomic_int check_failures;

static inline bool check_that(bool good, const char *file, int line, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        atomic_fetch_add(&check_failures, 1);
    }
    return good;
}

static inline bool check_equal(
    long long is, long long should, const char *file, int line, const char *what)
{
    if (is != should) {
        fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, is, should);
        atomic_fetch_add(&check_failures, 1);
    }
    return is == should;
}

/* NULL is no string and equals none. */
static inline bool check_string(
    const char *is, const char *should, const char *file, int line, const char *what)
{
    if (is && strcmp(is, should) == 0)
        return true;
    fprintf(
        stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", file, line, what, is ? is : "NULL", should);
    atomic_fetch_add(&check_failures, 1);
    return false;
}

#define CHECK(condition) check_that(condition, __FILE__, __LINE__, #condition)
#define CHECK_INT(is, should)                                                                      \
 check_equal((long long)(is), (long long)(should), __FILE__, __LINE__, #is)
#define CHECK_STRING(is, should) check_string(is, should, __FILE__, __LINE__, #is)
/* For what must be so before a body can go on at all. */
#define REQUIRE(condition)                                                                         \
 do {                                                                                              \
  if (!CHECK(condition))                                                                           \
   return -EPROTO;                                                                                 \
 } while (0)

static inline bool backend_is_wanted(const char *name)
{
    const char *only = getenv("CORONET_BACKEND");
    if (RUNNING_ON_VALGRIND && strcmp(name, "io_uring") == 0)
        return false;
    return !only || !*only || strcmp(only, name) == 0 || strcmp(name, "virtual") == 0;
}

static inline int run_on(const char *backend, co_task *body, void *arg)
{
    const struct co_run_options options = {.backend = backend, .no_deadlock_report = true};
    return co_run(body, arg, &options);
}

#define SEEDS_OF_A_TEST 2

/* Set by a body in which bytes go that no seed of ours decides: OpenSSL's. */
static bool has_foreign_draws;

struct traced {
    co_task *body;
    uint64_t hash; /* of all that happened */
};

static inline int run_traced(void *arg)
{
    struct traced *traced = arg;
    int rc = traced->body(NULL);
    traced->hash = co_virtual_trace_hash();
    return rc;
}

/* The same seed, the same run. */
static inline int run_seeded(co_task *body)
{
    int rc = 0;
    has_foreign_draws = false;
    for (uint64_t seed = 0; rc == 0 && seed < SEEDS_OF_A_TEST; seed++) {
        struct traced runs[] = {{body, 0}, {body, 0}};
        const struct co_run_options options = {
            .backend = "virtual", .seed = seed, .no_deadlock_report = true};
        for (size_t i = 0; rc == 0 && i < CO_LENGTH(runs); i++)
            rc = co_run(run_traced, &runs[i], &options);
        if (rc == 0)
            CHECK(runs[0].hash == runs[1].hash || has_foreign_draws);
    }
    return rc;
}

static inline int run_on_one(const char *backend, co_task *body)
{
    return strcmp(backend, "virtual") == 0 ? run_seeded(body) : run_on(backend, body, NULL);
}

/* Runs the body on each of the backends, a NULL-terminated list. */
static inline void run_on_each(const char *const *backends, co_task *body)
{
    atomic_store(&check_failures, 0);
    for (; *backends; backends++) {
        if (!backend_is_wanted(*backends))
            continue;
        int rc = run_on_one(*backends, body);
        if (rc == -ENOSYS || rc == -EINVAL)
            continue;
        if (rc != 0 || atomic_load(&check_failures))
            fail_msg("on %s: %s, %d checks failed", *backends, co_error_name(rc),
                atomic_load(&check_failures));
    }
}

static inline void run_everywhere(co_task *body)
{
    static const char *const all[] = {"epoll", "io_uring", "virtual", NULL};
    run_on_each(all, body);
}

static inline void run_on_kernels(co_task *body)
{
    static const char *const kernels[] = {"epoll", "io_uring", NULL};
    run_on_each(kernels, body);
}

static inline void run_virtual(co_task *body)
{
    static const char *const simulated[] = {"virtual", NULL};
    run_on_each(simulated, body);
}

static inline bool is_virtual(void)
{
    return strcmp(co_backend_name(), "virtual") == 0;
}

/* FIBER_TEST(name) { body; return 0; } runs everywhere, the others where they say. */
#define FIBER_TEST_BY_(name, how)                                                                  \
 static int name##_body(void *unused);                                                             \
 static void name(void **state)                                                                    \
 {                                                                                                 \
  (void)state;                                                                                     \
  how(name##_body);                                                                                \
 }                                                                                                 \
 static int name##_body(__attribute__((unused)) void *unused)
#define FIBER_TEST(name)   FIBER_TEST_BY_(name, run_everywhere)
#define KERNEL_TEST(name)  FIBER_TEST_BY_(name, run_on_kernels)
#define VIRTUAL_TEST(name) FIBER_TEST_BY_(name, run_virtual)

#endif
