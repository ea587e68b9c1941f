/* SPDX-License-Identifier: MIT */
/* Faults without a network: channels, groups, jobs, locks, shards. */
#include "room.h"

/* ---- channels and jobs ------------------------------------------------------------------------
 */

static int send_values(void *channel)
{
    int rc = 0;
    for (int i = 0; i < 5 && rc == 0; i++)
        rc = co_send(channel, &i);
    co_channel_close(channel);
    return rc;
}

static int pass_values(void)
{
    co_channel *channel;
    int value, rc = co_channel_new(&channel, sizeof value, 2);
    if (rc < 0)
        return rc;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, send_values, channel);
    co_scope scope;
    co_scope_open(&scope, 1000); /* the sender may not have started */
    while (rc == 0)
        rc = co_receive(channel, &value);
    int late = co_scope_close(&scope);
    int sent = co_group_close(&group);
    co_channel_free(channel);
    if (sent < 0)
        return sent;
    return late < 0 ? -ETIMEDOUT : rc == CO_ECLOSED ? 0 : rc;
}

static int post_seven(void *sender)
{
    return co_post(sender, &(int){7});
}

static int pass_a_post(void)
{
    co_channel *channel;
    co_sender *sender = NULL;
    int value = 0, rc = co_channel_new(&channel, sizeof value, 1);
    if (rc < 0)
        return rc;
    rc = co_sender_new(&sender, channel);
    if (rc == 0)
        rc = co_block(post_seven, sender);
    if (rc == 0)
        rc = co_receive(channel, &value);
    if (rc == 0 && value != 7)
        room_problem("7 was posted, %d received", value);
    co_sender_free(sender);
    co_channel_free(channel);
    return rc;
}

static int job(void *arg)
{
    return *(int *)arg;
}

static int jobs_run(void *arg)
{
    int seven = 7, result = co_block(job, &seven);
    (void)arg;
    if (result >= 0 && result != 7)
        room_problem("a job that returns 7 gave %d", result);
    return result < 0 ? result : 0;
}

static int channels_work(void *arg)
{
    fault_begin();
    int rc = pass_values();
    if (rc == 0)
        rc = pass_a_post();
    if (rc == 0) {
        co_group group;
        co_group_open(&group, &(struct co_group_options){.children_max = 2, .keep_going = true});
        for (int i = 0; i < 4; i++)
            co_go(&group, jobs_run, arg);
        rc = co_group_close(&group);
    }
    fault_end();
    return rc;
}

static int channels_run(void *arg)
{
    return room_in_time(channels_work, arg);
}

const struct room channels_room = {"channels", channels_run, true};

/* ---- locks ------------------------------------------------------------------------------------
 */

struct locks {
    co_mutex mutex;
    co_semaphore places;
    co_event open;
    int inside, passed;
};

static int pass_locks(void *arg)
{
    struct locks *locks = arg;
    int rc = co_event_wait(&locks->open);
    if (rc == 0)
        rc = co_semaphore_take(&locks->places);
    if (rc < 0)
        return rc;
    rc = co_mutex_lock(&locks->mutex);
    if (rc == 0) {
        if (++locks->inside != 1)
            room_problem("%d fibers inside of a mutex", locks->inside);
        co_sleep(1);
        locks->inside--;
        locks->passed++;
        co_mutex_unlock(&locks->mutex);
    }
    co_semaphore_give(&locks->places);
    return rc;
}

static int open_up(void *arg)
{
    struct locks *locks = arg;
    co_event_set(&locks->open);
    co_ready(7);
    return 0;
}

static int locks_work(void *arg)
{
    struct locks locks = {.places.count = 2};
    long ready = 0;
    (void)arg;
    fault_begin();
    co_group group;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    for (int i = 0; i < 3; i++)
        co_go(&group, pass_locks, &locks);
    int started = co_start(&group, open_up, &locks, &ready);
    co_event_set(&locks.open);
    int rc = co_group_close(&group);
    fault_end();
    if (started == 0 && ready != 7)
        room_problem("a child said that it is ready with %ld, not 7", ready);
    if (rc == 0 && locks.passed != 3)
        room_problem("%d of 3 fibers passed the locks", locks.passed);
    return rc;
}

static int locks_run(void *arg)
{
    return room_in_time(locks_work, arg);
}

const struct room locks_room = {"locks", locks_run, true};

/* ---- shards -----------------------------------------------------------------------------------
 */

static int shard_task(void *arg)
{
    int rc = pass_values();
    return rc < 0 ? rc : jobs_run(arg);
}

/* Virtual time is one thread's. */
static int shards_work(void *arg)
{
    fault_begin();
    int rc = strcmp(co_backend_name(), "virtual") == 0 ? 0 : co_shards(3, shard_task, arg);
    fault_end();
    return rc;
}

static int shards_run(void *arg)
{
    return room_in_time(shards_work, arg);
}

const struct room shards_room = {"shards", shards_run, false};
