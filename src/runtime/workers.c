/* SPDX-License-Identifier: MIT */
#include "runtime/workers.h"
#include "runtime/rt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* A FIFO of jobs, linked by `next`. */
struct job_queue {
    struct co_job *first, **last;
};

struct co_workers {
    struct co_rt *rt;
    pthread_mutex_t lock; /* over all below but threads, count and count_max */
    pthread_cond_t work;
    struct job_queue queued, finished;
    unsigned idle, queued_count;
    bool stopping;
    unsigned count, count_max;
    pthread_t threads[CO_WORKERS_MAX];
};

static void queue_init(struct job_queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_add(struct job_queue *queue, struct co_job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct co_job *queue_take(struct job_queue *queue)
{
    struct co_job *job = queue->first;
    queue->first = job->next;
    if (!queue->first)
        queue->last = &queue->first;
    return job;
}

static void run_one(struct co_workers *workers)
{
    struct co_job *job = queue_take(&workers->queued);
    workers->queued_count--;
    pthread_mutex_unlock(&workers->lock);
    job->result = job->run(job->arg);
    pthread_mutex_lock(&workers->lock);
    queue_add(&workers->finished, job);
    pthread_mutex_unlock(&workers->lock);
    workers->rt->backend->wake(workers->rt);
    pthread_mutex_lock(&workers->lock);
}

static void *worker(void *arg)
{
    struct co_workers *workers = arg;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        if (workers->queued.first) {
            run_one(workers);
        } else if (workers->stopping) {
            break;
        } else {
            workers->idle++;
            pthread_cond_wait(&workers->work, &workers->lock);
            workers->idle--;
        }
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static struct co_workers *workers_new(struct co_rt *rt)
{
    struct co_workers *workers = calloc(1, sizeof *workers);
    if (!workers)
        return NULL;
    unsigned wanted = rt->options ? rt->options->pool_threads : 0;
    workers->rt = rt;
    workers->count_max =
        wanted == 0 ? CO_WORKERS_DEFAULT : (wanted > CO_WORKERS_MAX ? CO_WORKERS_MAX : wanted);
    queue_init(&workers->queued);
    queue_init(&workers->finished);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->work, NULL);
    return workers;
}

/* Signals are for the threads that asked for them: a worker starts with all blocked. */
static int start_thread(struct co_workers *workers)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&workers->threads[workers->count], NULL, worker, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        return -ENOMEM;
    workers->count++;
    return 0;
}

int co_workers_offload(struct co_rt *rt, struct co_job *job)
{
    if (!rt->workers && !(rt->workers = workers_new(rt)))
        return -ENOMEM;
    struct co_workers *workers = rt->workers;
    pthread_mutex_lock(&workers->lock);
    bool crowded = workers->queued_count >= workers->idle;
    pthread_mutex_unlock(&workers->lock);
    if (crowded && workers->count < workers->count_max && start_thread(workers) < 0 &&
        workers->count == 0)
        return -ENOMEM;
    rt->jobs_in_flight++;
    pthread_mutex_lock(&workers->lock);
    queue_add(&workers->queued, job);
    workers->queued_count++;
    pthread_cond_signal(&workers->work);
    pthread_mutex_unlock(&workers->lock);
    return 0;
}

/* From the front, where the longest-waiting are: they are mostly the first to be given up, too. */
static bool queue_remove(struct job_queue *queue, struct co_job *job)
{
    struct co_job **at = &queue->first;
    while (*at && *at != job)
        at = &(*at)->next;
    if (!*at)
        return false;
    *at = job->next;
    if (!*at)
        queue->last = at;
    return true;
}

bool co_workers_withdraw(struct co_rt *rt, struct co_job *job)
{
    struct co_workers *workers = rt->workers;
    if (!workers)
        return false;
    pthread_mutex_lock(&workers->lock);
    bool queued = queue_remove(&workers->queued, job);
    workers->queued_count -= queued;
    pthread_mutex_unlock(&workers->lock);
    rt->jobs_in_flight -= queued;
    return queued;
}

void co_workers_reap(struct co_rt *rt)
{
    struct co_workers *workers = rt->workers;
    if (!workers || rt->jobs_in_flight == 0)
        return;
    pthread_mutex_lock(&workers->lock);
    struct co_job *job = workers->finished.first;
    queue_init(&workers->finished);
    pthread_mutex_unlock(&workers->lock);
    while (job) {
        struct co_job *next = job->next; /* `done` may free the job */
        rt->jobs_in_flight--;
        job->done(rt, job);
        job = next;
    }
}

void co_workers_stop(struct co_rt *rt)
{
    struct co_workers *workers = rt->workers;
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++)
        pthread_join(workers->threads[i], NULL);
    co_workers_reap(rt);
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->work);
    free(workers);
    rt->workers = NULL;
}
