/* SPDX-License-Identifier: MIT */
/*
 * The loop of one runtime: ready fibers, due timers, then the backend; and how a runtime begins and
 * ends. It ends when the main fiber has returned and every other fiber, told to, has ended too.
 */
#include "runtime/fiber.h"
#include "runtime/pool.h"
#include "runtime/sanitize.h"
#include "runtime/sender.h"
#include "runtime/shard.h"
#include "runtime/signal.h"
#include "runtime/workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

__thread struct co_rt *co_rt_of_thread;

/* ---- timers
 * -------------------------------------------------------------------------------------- */

int64_t co_rt_deadline(struct co_rt *rt, int64_t timeout_ms)
{
    int64_t ns, deadline;
    rt->now = rt->backend->now(rt); /* the turn may have begun a while ago */
    if (__builtin_mul_overflow(timeout_ms, CO_MS, &ns) ||
        __builtin_add_overflow(rt->now, ns, &deadline))
        return CO_NEVER;
    return deadline;
}

int co_timer_reserve(struct co_rt *rt)
{
    int rc = co_heap_reserve(&rt->timers, rt->timers_reserved + 1);
    if (rc == 0)
        rt->timers_reserved++;
    return rc;
}

void co_timer_unreserve(struct co_rt *rt)
{
    rt->timers_reserved--;
}

void co_timer_set(struct co_rt *rt, struct co_timer *timer, int64_t due)
{
    timer->due = due;
    if (due == CO_NEVER)
        return;
    if (timer->node.index == 0)
        co_heap_insert(&rt->timers, &timer->node, due); /* has its place: see co_timer_reserve */
    else if (rt->timers.slots[timer->node.index - 1].key > due)
        co_heap_move(&rt->timers, &timer->node, due);
}

void co_timer_forget(struct co_rt *rt, struct co_timer *timer)
{
    co_heap_remove(&rt->timers, &timer->node);
    timer->due = CO_NEVER;
}

static void timers_run(struct co_rt *rt)
{
    struct co_heap_node *node;
    int64_t key;
    while ((node = co_heap_first(&rt->timers, &key)) && key <= rt->now) {
        struct co_timer *timer = CO_CONTAINER(node, struct co_timer, node);
        if (timer->due > rt->now && timer->due != CO_NEVER) { /* it had been put off */
            co_heap_move(&rt->timers, node, timer->due);
            continue;
        }
        bool fires = timer->due != CO_NEVER;
        co_timer_forget(rt, timer);
        if (fires)
            timer->fire(rt, timer);
    }
}

/* ---- operations
 * ---------------------------------------------------------------------------------- */

void co_op_complete(struct co_rt *rt, struct co_op *op, long result)
{
    op->in_flight = false;
    op->result = result;
    if (!(op->flags & CO_OP_BACKGROUND))
        rt->ops_in_flight--;
    op->done(rt, op);
}

bool co_op_submit(struct co_rt *rt, struct co_op *op)
{
    if (rt->backend->submit(rt, op))
        return true;
    if (!(op->flags & CO_OP_BACKGROUND))
        rt->ops_in_flight++;
    return false;
}

static void op_done(struct co_rt *rt, struct co_op *op)
{
    co_fiber_wake(rt, op->waiter, 0);
}

static void op_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    (void)code;
    rt->backend->cancel(rt, (struct co_op *)(uintptr_t)fiber->wait->on);
}

static const char *op_name(uint8_t code)
{
    static const char *const names[] = {
        [CO_OP_NONE] = "nothing",
        [CO_OP_ACCEPT] = "accept",
        [CO_OP_CONNECT] = "connect",
        [CO_OP_RECEIVE] = "read",
        [CO_OP_SEND] = "write",
        [CO_OP_SEND_FILE] = "write file",
        [CO_OP_RECEIVE_MESSAGES] = "receive",
        [CO_OP_SEND_MESSAGES] = "send",
        [CO_OP_SPLICE] = "read",
        [CO_OP_READABLE] = "readable",
    };
    return names[code];
}

long co_op_run(struct co_op *op)
{
    struct co_rt *rt = co_rt_current();
    bool drainable = op->flags & CO_OP_DRAINABLE;
    int refusal = co_fiber_refusal(rt, drainable);
    if (refusal)
        return refusal;
    op->done = op_done;
    op->waiter = rt->current;
    if (co_op_submit(rt, op)) {
        co_fiber_spend(rt);
        return op->result;
    }
    const struct co_wait wait = {
        .what = op_name(op->code),
        .on = op,
        .interrupt = op_interrupted,
        .is_op = true,
        .drainable = drainable,
    };
    co_fiber_wait(rt, &wait);
    if (op->result == -ECANCELED) {
        refusal = co_fiber_refusal(rt, drainable);
        return refusal ? refusal : -ECANCELED;
    }
    return op->result;
}

/* ---- messages from other threads
 * ------------------------------------------------------------------- */

void co_rt_post(struct co_rt *rt, struct co_post *post)
{
    post->next = atomic_load_explicit(&rt->inbox, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&rt->inbox, &post->next, post)) {
    }
    rt->backend->wake(rt);
}

static void inbox_run(struct co_rt *rt)
{
    struct co_post *last = atomic_exchange(&rt->inbox, NULL), *first = NULL;
    while (last) {
        struct co_post *next = last->next;
        last->next = first;
        first = last;
        last = next;
    }
    while (first) {
        struct co_post *next = first->next;
        first->run(rt, first);
        first = next;
    }
}

/* ---- the loop
 * --------------------------------------------------------------------------------------- */

static void deadlock(struct co_rt *rt)
{
    if (!rt->options->no_deadlock_report)
        co_rt_dump(rt, 2, "deadlock: every fiber waits for another");
    rt->deadlocked = true;
    for (struct co_link *at = rt->fibers.next; at != &rt->fibers; at = at->next) {
        struct co_fiber *fiber = CO_CONTAINER(at, struct co_fiber, link);
        if (!fiber->group)
            co_scope_end(&fiber->root, CO_EDEADLOCK);
    }
}

/* The main fiber has returned: what is left (signal handling) ends too. */
static void loop_stop(struct co_rt *rt)
{
    rt->stopping = true;
    for (struct co_link *at = rt->fibers.next; at != &rt->fibers; at = at->next) {
        struct co_fiber *fiber = CO_CONTAINER(at, struct co_fiber, link);
        if (!fiber->group)
            co_scope_end(&fiber->root, CO_ECANCELED);
    }
}

static int64_t poll_until(struct co_rt *rt)
{
    struct co_heap_node *node;
    int64_t first = CO_NEVER;
    if (rt->ready_first)
        return 0;
    while ((node = co_heap_first(&rt->timers, &first))) {
        struct co_timer *timer = CO_CONTAINER(node, struct co_timer, node);
        if (timer->due == first)
            return first;
        if (timer->due == CO_NEVER)
            co_timer_forget(rt, timer);
        else
            co_heap_move(&rt->timers, node, timer->due);
    }
    return CO_NEVER;
}

static bool nothing_can_come(struct co_rt *rt, int64_t until)
{
    return until == CO_NEVER && rt->ops_in_flight == 0 && rt->outside == 0 && !rt->deadlocked &&
           !rt->stopping && !atomic_load(&rt->inbox);
}

static int loop_run(struct co_rt *rt)
{
    while (rt->fiber_count > 0) {
        co_fibers_run(rt);
        if (!rt->main_fiber && !rt->stopping)
            loop_stop(rt);
        if (rt->fiber_count == 0)
            break;
        int64_t until = poll_until(rt);
        if (nothing_can_come(rt, until)) {
            deadlock(rt);
            continue;
        }
        int rc = rt->backend->poll(rt, until);
        if (rc == CO_EDEADLOCK && rt->outside == 0 && !rt->deadlocked && !rt->stopping)
            deadlock(rt); /* virtual: what is in flight can never complete */
        else if (rc < 0 && rc != CO_EDEADLOCK && rc != -EINTR)
            return rc;
        rt->now = rt->backend->now(rt);
        if (atomic_load_explicit(&rt->inbox, memory_order_relaxed))
            inbox_run(rt);
        co_workers_reap(rt);
        timers_run(rt);
    }
    return 0;
}

/* ---- beginning and end
 * ---------------------------------------------------------------------------- */

static void loop_stack_note(struct co_rt *rt)
{
#ifdef CO_ASAN
    pthread_attr_t attributes;
    void *bottom;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &bottom, &rt->loop_stack_size);
        rt->loop_stack_bottom = bottom;
        pthread_attr_destroy(&attributes);
    }
#endif
    rt->loop_tsan = co_tsan_current();
}

static int rt_open(struct co_rt *rt)
{
    rt->ready_last = &rt->ready_first;
    co_list_init(&rt->fibers);
    co_list_init(&rt->shards);
    co_list_init(&rt->senders);
    pthread_mutex_init(&rt->dump_lock, NULL);
    loop_stack_note(rt);
    int rc = co_stacks_new(&rt->stacks);
    if (rc < 0)
        return rc;
    rc = co_backend_choose(rt);
    if (rc < 0) {
        co_stacks_free(rt->stacks);
        return rc;
    }
    rt->now = rt->backend->now(rt);
    return 0;
}

void co_rt_keep(struct co_rt *rt, struct co_kept *kept)
{
    kept->next = rt->kept;
    rt->kept = kept;
}

struct co_kept *co_rt_kept(struct co_rt *rt, const void *key)
{
    struct co_kept *kept = rt->kept;
    while (kept && kept->key != key)
        kept = kept->next;
    return kept;
}

static void kept_free(struct co_rt *rt)
{
    while (rt->kept) {
        struct co_kept *kept = rt->kept;
        rt->kept = kept->next;
        kept->free(kept);
    }
}

static void rt_close(struct co_rt *rt)
{
    co_senders_end(rt);
    inbox_run(rt); /* what came too late frees itself there */
    co_workers_stop(rt);
    kept_free(rt);
    rt->backend->close(rt);
    co_pool_free(rt);
    co_heap_free(&rt->timers);
    co_stacks_free(rt->stacks);
    pthread_mutex_destroy(&rt->dump_lock);
}

/* sendfile has no MSG_NOSIGNAL; EPIPE is answer enough. */
struct sigpipe {
    sigset_t alone, before;
    bool was_pending;
};

static bool sigpipe_is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
}

static void sigpipe_block(struct sigpipe *sigpipe)
{
    sigemptyset(&sigpipe->alone);
    sigaddset(&sigpipe->alone, SIGPIPE);
    sigpipe->was_pending = sigpipe_is_pending();
    pthread_sigmask(SIG_BLOCK, &sigpipe->alone, &sigpipe->before);
}

/* One that we caused is taken away: the caller's mask must not let it through to kill him. */
static void sigpipe_restore(const struct sigpipe *sigpipe)
{
    const struct timespec at_once = {0, 0};
    if (!sigpipe->was_pending && sigpipe_is_pending())
        sigtimedwait(&sigpipe->alone, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &sigpipe->before, NULL);
}

static int rt_run(struct co_rt *rt, co_task *task, void *arg)
{
    const struct co_run_options *options = rt->options;
    struct sigpipe sigpipe;
    int rc = rt_open(rt);
    if (rc < 0)
        return rc;
    sigpipe_block(&sigpipe);
    co_rt_of_thread = rt;
    co_overflow_watch(rt);
    const struct co_go_options go = {.name = "main"};
    rc = co_fiber_spawn(rt, NULL, &go, task, arg);
    if (rc == 0) {
        rt->main_fiber = CO_CONTAINER(rt->fibers.next, struct co_fiber, link);
        if (options->handle_signals)
            co_signals_handle(rt);
        rc = loop_run(rt);
    }
    co_overflow_watch_end(rt);
    rt_close(rt);
    co_rt_of_thread = NULL;
    sigpipe_restore(&sigpipe);
    return rc < 0 ? rc : rt->deadlocked ? CO_EDEADLOCK : rt->exit_code;
}

int co_rt_run_shard(
    struct co_rt *rt, struct co_shard *shard, co_task *task, const struct co_run_options *options)
{
    *rt = (struct co_rt){.options = options, .shard = shard};
    return rt_run(rt, task, shard);
}

/* For a thread that goes on by itself then, and hears why from co_explain. */
static int run_here(struct co_rt *rt, co_task *task, void *arg)
{
    int rc = rt_run(rt, task, arg);
    co_detail_of_thread_set(rt->exit_detail);
    free(rt->exit_detail);
    return rc;
}

int co_run(co_task *task, void *arg, const struct co_run_options *options)
{
    static const struct co_run_options defaults;
    struct co_rt rt = {.options = options ? options : &defaults};
    if (co_rt_current())
        return -EBUSY;
    return run_here(&rt, task, arg);
}

int co_main(co_task *task, void *arg)
{
    const struct co_run_options options = {.handle_signals = true};
    struct co_rt rt = {.options = &options};
    int rc = run_here(&rt, task, arg);
    bool good = rc >= 0 || (rt.signaled && (rc == CO_ECANCELED || rc == CO_EDRAIN));
    if (!good)
        fprintf(stderr, "%s\n", co_explain(rc));
    return good ? 0 : 1;
}
