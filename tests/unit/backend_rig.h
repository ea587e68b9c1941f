/* SPDX-License-Identifier: MIT */
/*
 * A kernel backend without fibers: the test itself submits and polls. Each body runs on every
 * backend and on what each falls back to where the kernel is older.
 */
#ifndef CO_BACKEND_RIG_H
#define CO_BACKEND_RIG_H

#include "test.h"

#include "runtime/pool.h"
#include "runtime/rt.h"
#include "runtime/workers.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE (20 * CO_SECOND) /* before a test that hangs says so */

struct rig {
    struct co_rt rt;
    struct co_run_options options;
    const struct co_backend *backend;
};

/* An operation and how often it was done. */
struct
try {
    struct co_op op;
    unsigned done;
};

/* ---- the rig ------------------------------------------------------------------------------- */

static inline void try_done(struct co_rt *rt, struct co_op *op)
{
    (void)rt;
    CO_CONTAINER(op, struct try, op)->done++;
}

static inline bool submit(struct rig *rig, struct try *try)
{
    try->done = 0;
    try->op.done = try_done;
    bool at_once = co_op_submit(&rig->rt, &try->op);
    assert_int_equal(try->op.in_flight, !at_once);
    assert_int_equal(try->done, 0);
    if (at_once)
        try->done++;
    return at_once;
}

static inline void turn(struct rig *rig, int64_t until)
{
    assert_int_equal(rig->backend->poll(&rig->rt, until), 0);
    co_workers_reap(&rig->rt);
}

static inline long finish(struct rig *rig, struct try *try)
{
    int64_t until = rig->backend->now(&rig->rt) + PATIENCE;
    while (!try->done) {
        turn(rig, until);
        assert_true(rig->backend->now(&rig->rt) < until);
    }
    assert_int_equal(try->done, 1);
    assert_false(try->op.in_flight);
    return try->op.result;
}

static inline long run(struct rig *rig, struct try *try)
{
    submit(rig, try);
    return finish(rig, try);
}

static inline co_fd adopt(struct rig *rig, int raw)
{
    co_fd fd;
    assert_true(raw >= 0);
    assert_int_equal(rig->backend->adopt(&rig->rt, raw, &fd), 0);
    return fd;
}

/* A connected pair: one end the backend's, the other raw. */
static inline co_fd pair(struct rig *rig, int type, int *ret_peer)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
    *ret_peer = ends[1];
    return adopt(rig, ends[0]);
}

static inline struct try receive_of(co_fd fd, void *at, size_t size)
{
    return (struct try){.op = {.code = CO_OP_RECEIVE, .fd = fd, .a.receive = {at, size}}};
}

static inline void write_raw(int peer, const char *text)
{
    assert_int_equal(write(peer, text, strlen(text)), strlen(text));
}

static inline void give_up(struct rig *rig, co_fd fd)
{
    rig->backend->close_fd(&rig->rt, fd);
}

/* Runs the body on each backend and on what each falls back to where the kernel is older. */
static inline void on_each(void (*body)(struct rig *rig))
{
    static const struct {
        const struct co_backend *backend;
        const char *mask;
    } ways[] = {
        {&co_backend_epoll, ""},
        {&co_backend_epoll, "epoll_pwait2"},
        {&co_backend_uring, ""},
        {&co_backend_uring, "no_sqarray"},
        {&co_backend_uring, "defer_taskrun"},
    };
    for (size_t i = 0; i < CO_LENGTH(ways); i++) {
        struct rig rig = {.backend = ways[i].backend, .options.pool_threads = 2};
        rig.rt.backend = rig.backend;
        rig.rt.options = &rig.options;
        setenv("CORONET_MASK", ways[i].mask, 1);
        int rc = rig.backend->open(&rig.rt);
        unsetenv("CORONET_MASK");
        if (rc == -ENOSYS)
            continue; /* a kernel without io_uring */
        assert_int_equal(rc, 0);
        body(&rig);
        assert_int_equal(rig.rt.ops_in_flight, 0);
        co_workers_stop(&rig.rt);
        rig.backend->close(&rig.rt);
        co_pool_free(&rig.rt);
    }
}

/* Tests of the bodies in the list BODIES(X). */
#define BODY_TEST(name)                                                                            \
 static void test_##name(void **state)                                                             \
 {                                                                                                 \
  (void)state;                                                                                     \
  on_each(name);                                                                                   \
 }
#define BODY_ENTRY(name) {#name, test_##name, NULL, NULL, NULL},

#endif
