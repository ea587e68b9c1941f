/* SPDX-License-Identifier: MIT */
/*
 * Several runtimes, a thread each. The caller's fiber runs the task itself as shard 0; for each
 * other shard one of its children waits for the thread and passes on what its scope is told.
 */
#include "coronet/shard.h"

#include "runtime/fiber.h"
#include "runtime/shard.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define SHARDS_MAX 256

struct co_shard {
    unsigned index;
    co_task *task;
    void *arg;
    struct co_rt *parent;
    struct co_fiber *waiter;
    pthread_t thread;
    pthread_mutex_t lock; /* guards `rt` and the flags between the two threads */
    struct co_rt *rt;     /* while the shard's loop can take messages */
    bool drain, cancel;   /* asked for */
    struct co_post told;  /* to the shard */
    bool told_pending;
    struct co_post ended; /* to the parent */
    int result;
    struct co_detail *detail;
};

unsigned co_shard_index(void)
{
    struct co_rt *rt = co_rt_current();
    return rt->shard ? rt->shard->index : 0;
}

/* In the shard's thread: does what the parent has asked for. */
static void shard_obey(struct co_rt *rt, struct co_shard *shard)
{
    pthread_mutex_lock(&shard->lock);
    bool drain = shard->drain, cancel = shard->cancel;
    shard->told_pending = false;
    pthread_mutex_unlock(&shard->lock);
    if (drain && rt->main_fiber)
        co_scope_drain(&rt->main_fiber->root);
    if (cancel && rt->main_fiber)
        co_scope_end(&rt->main_fiber->root, CO_ECANCELED);
}

static void shard_told(struct co_rt *rt, struct co_post *post)
{
    shard_obey(rt, CO_CONTAINER(post, struct co_shard, told));
}

static int shard_task(void *arg)
{
    struct co_shard *shard = arg;
    struct co_rt *rt = co_rt_current();
    pthread_mutex_lock(&shard->lock);
    shard->rt = rt;
    pthread_mutex_unlock(&shard->lock);
    shard_obey(rt, shard);
    int rc = shard->task(shard->arg);
    pthread_mutex_lock(&shard->lock);
    shard->rt = NULL; /* from here on nothing more is posted */
    pthread_mutex_unlock(&shard->lock);
    return rc;
}

/* In the parent's thread: the shard has ended. */
static void shard_ended(struct co_rt *rt, struct co_post *post)
{
    struct co_shard *shard = CO_CONTAINER(post, struct co_shard, ended);
    rt->outside--;
    co_fiber_wake(rt, shard->waiter, 0);
}

static void *shard_thread(void *arg)
{
    struct co_shard *shard = arg;
    struct co_run_options options = *shard->parent->options;
    struct co_rt rt;
    options.report_overflow |= options.handle_signals;
    options.handle_signals = false;
    options.backend = shard->parent->backend->name;
    shard->result = co_rt_run_shard(&rt, shard, shard_task, &options);
    shard->detail = rt.exit_detail;
    co_rt_post(shard->parent, &shard->ended);
    return NULL;
}

/* The parent's scope was told something: so is the shard. The wait goes on. */
static void shard_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    (void)rt;
    struct co_shard *shard = (struct co_shard *)(uintptr_t)fiber->wait->on;
    fiber->interrupted = false;
    pthread_mutex_lock(&shard->lock);
    shard->drain |= code == CO_EDRAIN;
    shard->cancel |= code != CO_EDRAIN;
    if (shard->rt && !shard->told_pending) {
        shard->told_pending = true;
        co_rt_post(shard->rt, &shard->told);
    }
    pthread_mutex_unlock(&shard->lock);
}

static int shard_wait(void *arg)
{
    struct co_shard *shard = arg;
    struct co_rt *rt = co_rt_current();
    shard->waiter = rt->current;
    int rc = pthread_create(&shard->thread, NULL, shard_thread, shard);
    if (rc != 0)
        return -rc;
    rt->outside++;
    const struct co_wait wait = {
        .what = "shard",
        .on = shard,
        .interrupt = shard_interrupted,
        .drainable = true,
    };
    co_fiber_wait(rt, &wait);
    pthread_join(shard->thread, NULL);
    if (shard->result < 0 && shard->detail)
        co_detail_set(&rt->current->detail, shard->detail->code, shard->detail->text);
    free(shard->detail);
    return shard->result;
}

static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}

int co_shards(unsigned count, co_task *task, void *arg)
{
    if (count == 0)
        count = processors();
    if (count > SHARDS_MAX)
        return co_fail(-EINVAL, "%u shards are too many: at most %d", count, SHARDS_MAX);
    struct co_shard *shards = calloc(count, sizeof *shards);
    if (!shards)
        return -ENOMEM;
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 1; i < count; i++) {
        shards[i] = (struct co_shard){
            .index = i,
            .task = task,
            .arg = arg,
            .parent = co_rt_current(),
            .told.run = shard_told,
            .ended.run = shard_ended,
        };
        pthread_mutex_init(&shards[i].lock, NULL);
        co_go(&group, shard_wait, &shards[i]);
    }
    co_go(&group, task, arg);
    int rc = co_group_close(&group);
    for (unsigned i = 1; i < count; i++)
        pthread_mutex_destroy(&shards[i].lock);
    free(shards);
    return rc;
}
