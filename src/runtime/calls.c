/* SPDX-License-Identifier: MIT */
/* The public calls about the fiber itself: sleep, clocks, randomness, blocking jobs, explanations.
 */
#include "base/error.h"
#include "runtime/fiber.h"
#include "runtime/workers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* A hundred years: longer is for ever, which is no deadlock, and no clock runs over. */
#define SLEEP_MS_MAX (INT64_C(100) * 366 * 24 * 3600 * 1000)

static void sleep_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    co_fiber_wake(rt, fiber, code);
}

/* A wait in a scope of its own, whose deadline is the sleep's end; or why there is none. Out of
 * line, so that giving way to other fibers saves no registers for it. */
static __attribute__((noinline)) int sleep_for(struct co_rt *rt, int64_t ms)
{
    static const struct co_wait wait = {.what = "sleep", .interrupt = sleep_interrupted};
    co_scope scope;
    int rc = co_fiber_refusal(rt, false);
    if (rc < 0)
        return rc;
    co_scope_open(&scope, ms < SLEEP_MS_MAX ? ms : SLEEP_MS_MAX);
    co_fiber_wait(rt, &wait);
    co_scope_close(&scope);
    return co_fiber_refusal(rt, false);
}

int co_sleep(int64_t ms)
{
    struct co_rt *rt = co_rt_current();
    const struct co_scope_body *scope = rt->current->scope;
    if (CO_UNLIKELY(ms > 0 || scope->code || scope->deadline <= rt->now))
        return sleep_for(rt, ms);
    co_fiber_pause(rt);
    return 0;
}

int64_t co_now_ns(void)
{
    struct co_rt *rt = co_rt_current();
    return rt->backend->now(rt);
}

int64_t co_wall_seconds(void)
{
    struct co_rt *rt = co_rt_current();
    return rt->backend->wall(rt) / CO_SECOND;
}

void co_random(void *ret_bytes, size_t size)
{
    struct co_rt *rt = co_rt_current();
    rt->backend->random(rt, ret_bytes, size);
}

const char *co_backend_name(void)
{
    return co_rt_current()->backend->name;
}

/* ---- blocking jobs
 * ------------------------------------------------------------------------------- */

struct block {
    struct co_job job;
    struct co_fiber *fiber;
};

static void block_done(struct co_rt *rt, struct co_job *job)
{
    rt->outside--;
    co_fiber_wake(rt, CO_CONTAINER(job, struct block, job)->fiber, job->result);
}

/* A function that runs is waited for. */
static void block_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    struct block *block = (struct block *)(uintptr_t)fiber->wait->on;
    if (!co_workers_withdraw(rt, &block->job))
        return;
    rt->outside--;
    co_fiber_wake(rt, fiber, code);
}

int co_block(co_task *function, void *arg)
{
    struct co_rt *rt = co_rt_current();
    int rc = co_fiber_refusal(rt, false);
    if (rc < 0)
        return rc;
    struct block block = {
        .job = {.run = function, .arg = arg, .done = block_done},
        .fiber = rt->current,
    };
    rc = rt->backend->offload(rt, &block.job);
    if (rc < 0)
        return rc;
    rt->outside++;
    const struct co_wait wait = {
        .what = "blocking call", .on = &block, .interrupt = block_interrupted};
    return co_fiber_wait(rt, &wait);
}

/* ---- explanations
 * --------------------------------------------------------------------------------- */

/* Where no fiber runs; in place, for nothing here hears of a thread's end to free it. */
static __thread struct co_detail detail_of_thread;

void co_detail_of_thread_set(const struct co_detail *detail)
{
    detail_of_thread = detail ? *detail : (struct co_detail){0};
}

const char *co_explain(int code)
{
    struct co_rt *rt = co_rt_current();
    const struct co_detail *detail = rt && rt->current ? rt->current->detail : &detail_of_thread;
    bool is_of_it = code < 0 && detail && detail->code == code;
    return is_of_it ? detail->text : co_error_sentence(code);
}

int co_fail(int code, const char *format, ...)
{
    struct co_rt *rt = co_rt_current();
    struct co_detail *own = &detail_of_thread;
    char text[CO_DETAIL_MAX]; /* what stands there already may be among the values */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    co_detail_set(rt && rt->current ? &rt->current->detail : &own, code, text);
    return code;
}
