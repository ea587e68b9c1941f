/* SPDX-License-Identifier: MIT */
/*
 * Several runtimes, a thread each. The caller's fiber runs the task itself as shard 0; for each
 * other shard one of its children waits for the thread and passes on what its scope is told.
 */
#include "coronet/shard.h"

#include "runtime/fiber.h"
#include "runtime/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define SHARDS_MAX 256

struct co_shard {
    unsigned index;
    co_task *task;
    void *arg;
    struct co_rt *parent;
    struct co_link link; /* among the parent's shards while its thread runs */
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

/* ---- every shard's fiber tree ---------------------------------------------------------------- */

/* Goes from shard to shard along the tree of who started whom; each message frees itself. */
struct dump {
    struct co_post post;
    const struct co_shard *from; /* the edge of that tree it came along */
    int fd;                      /* its own: the caller's may be closed by then */
    const char *reason;
};

static void dump_pass_on(struct co_rt *rt, int fd, const char *reason, const struct co_shard *from);

static void dump_print(struct co_rt *rt, int fd, const char *reason)
{
    struct co_rt *first = rt;
    while (first->shard)
        first = first->shard->parent;
    pthread_mutex_lock(&first->dump_lock);
    co_rt_dump(rt, fd, reason);
    pthread_mutex_unlock(&first->dump_lock);
}

static void dump_arrived(struct co_rt *rt, struct co_post *post)
{
    struct dump *dump = CO_CONTAINER(post, struct dump, post);
    dump_print(rt, dump->fd, dump->reason);
    dump_pass_on(rt, dump->fd, dump->reason, dump->from);
    close(dump->fd);
    free(dump);
}

/* NULL when memory or descriptors are out: that shard's tree is missing then. */
static struct co_post *dump_new(int fd, const char *reason, const struct co_shard *edge)
{
    struct dump *dump = malloc(sizeof *dump);
    if (!dump)
        return NULL;
    *dump = (struct dump){{.run = dump_arrived}, edge, fcntl(fd, F_DUPFD_CLOEXEC, 0), reason};
    if (dump->fd >= 0)
        return &dump->post;
    free(dump);
    return NULL;
}

static void dump_to_child(struct co_shard *child, int fd, const char *reason)
{
    pthread_mutex_lock(&child->lock);
    struct co_post *post = child->rt ? dump_new(fd, reason, child) : NULL;
    if (post)
        co_rt_post(child->rt, post);
    pthread_mutex_unlock(&child->lock);
}

static void dump_pass_on(struct co_rt *rt, int fd, const char *reason, const struct co_shard *from)
{
    for (struct co_link *at = rt->shards.next; at != &rt->shards; at = at->next) {
        struct co_shard *child = CO_CONTAINER(at, struct co_shard, link);
        if (child != from)
            dump_to_child(child, fd, reason);
    }
    if (!rt->shard || rt->shard == from)
        return;
    /* The parent takes this before it takes our end: it is there until then. */
    struct co_post *post = dump_new(fd, reason, rt->shard);
    if (post)
        co_rt_post(rt->shard->parent, post);
}

void co_shards_dump(struct co_rt *rt, int fd, const char *reason)
{
    dump_print(rt, fd, reason);
    dump_pass_on(rt, fd, reason, NULL);
}

void co_dump(int fd)
{
    co_shards_dump(co_rt_current(), fd, "fibers");
}

/* ---- a shard's thread and its waiter -----------------------------------------------------------
 */

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
    co_list_append(&rt->shards, &shard->link);
    const struct co_wait wait = {
        .what = "shard",
        .on = shard,
        .interrupt = shard_interrupted,
        .drainable = true,
    };
    co_fiber_wait(rt, &wait);
    co_list_remove(&shard->link);
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
