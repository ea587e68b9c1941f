/* SPDX-License-Identifier: MIT */
/* Turns of the loop on the kernel's backends: time, waking, pool threads and what uses them, the
 * sending of files; and the rooms they are made of. */
#include "backend_rig.h"

#include "runtime/feature.h"
#include "runtime/sanitize.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

/* ---- files --------------------------------------------------------------------------------- */

#define FILE_SIZE ((size_t)1 << 20)

static int file_new(void)
{
    static char block[4096];
    char name[] = "test_backend_real_XXXXXX"; /* beside the tests: /tmp may be memory */
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    for (size_t at = 0; at < FILE_SIZE; at += sizeof block) {
        memset(block, 'a' + (int)(at / sizeof block % 26), sizeof block);
        assert_int_equal(write(fd, block, sizeof block), sizeof block);
    }
    return fd;
}

static struct try send_file_of(co_fd fd, int file, uint64_t offset, size_t size)
{
    return (struct try){.op = {.code = CO_OP_SEND_FILE, .fd = fd, .a.file = {file, offset, size}}};
}

/* Reads what is there and compares it with the file from `offset`; the number of bytes. */
static size_t take_and_compare(int peer, size_t offset)
{
    static char room[1 << 16];
    size_t count = 0;
    ssize_t n;
    while ((n = recv(peer, room, sizeof room, MSG_DONTWAIT)) > 0)
        for (ssize_t i = 0; i < n; i++, count++)
            if (room[i] != (char)('a' + (offset + count) / 4096 % 26))
                fail_msg("byte %zu is wrong", offset + count);
    return count;
}

/* In memory or not, larger than the socket's room, and then told too large. */
static void file_arrives_whole_and_ends(struct rig *rig)
{
    int file = file_new(), peer;
    co_fd fd = pair(rig, SOCK_STREAM, &peer);
    for (unsigned cold = 0; cold < 2; cold++) {
        size_t sent = 0, received = 0;
        if (cold) {
            assert_int_equal(fsync(file), 0);
            posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        }
        struct try try = send_file_of(fd, file, 0, FILE_SIZE + 5000);
        for (;;) {
            bool at_once = submit(rig, &try);
            if (!at_once)
                turn(rig, 0);
            received += take_and_compare(peer, received);
            if (finish(rig, &try) <= 0)
                break;
            sent += (size_t)try.op.result;
            try = send_file_of(fd, file, sent, FILE_SIZE + 5000 - sent);
        }
        received += take_and_compare(peer, received);
        assert_int_equal(try.op.result, 0);
        assert_int_equal(sent, FILE_SIZE);
        assert_int_equal(received, FILE_SIZE);
    }
    give_up(rig, fd);
    close(peer);
    close(file);
}

static void file_that_shrinks_ends_early(struct rig *rig)
{
    int file = file_new(), peer;
    co_fd fd = pair(rig, SOCK_STREAM, &peer);
    struct try try = send_file_of(fd, file, 0, FILE_SIZE);
    assert_true(run(rig, &try) > 0);
    size_t sent = (size_t)try.op.result;
    assert_int_equal(take_and_compare(peer, 0), sent);
    assert_int_equal(ftruncate(file, (off_t)sent + 100), 0);
    try = send_file_of(fd, file, sent, FILE_SIZE - sent);
    assert_int_equal(run(rig, &try), 100);
    try = send_file_of(fd, file, sent + 100, FILE_SIZE - sent - 100);
    assert_int_equal(run(rig, &try), 0);
    give_up(rig, fd);
    close(peer);
    close(file);
}

/* Cancelled while a pool thread reads: done once, and not before the thread lets go of the file. */
static void cancelled_cold_file_is_done_once(struct rig *rig)
{
    int file = file_new(), peer;
    assert_int_equal(fsync(file), 0);
    for (unsigned round = 0; round < 10; round++) {
        co_fd fd = pair(rig, SOCK_STREAM, &peer);
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        struct try try = send_file_of(fd, file, 0, 8192);
        if (!submit(rig, &try)) {
            rig->backend->cancel(&rig->rt, &try.op);
            long result = finish(rig, &try);
            assert_true(result == -ECANCELED || result > 0);
        }
        give_up(rig, fd);
        close(peer);
    }
    close(file);
}

/* ---- time, waking, jobs -------------------------------------------------------------------- */

static void sleep_ends_on_time(struct rig *rig)
{
    for (int64_t ns = 300000; ns < 5 * CO_MS; ns *= 3) {
        int64_t until = rig->backend->now(&rig->rt) + ns;
        while (rig->backend->now(&rig->rt) < until)
            turn(rig, until);
    }
    int64_t before = rig->backend->now(&rig->rt);
    turn(rig, 0);
    turn(rig, 1); /* long past */
    assert_true(rig->backend->now(&rig->rt) - before < CO_SECOND);
}

struct waker {
    struct rig *rig;
    atomic_uint called, seen;
    pthread_t sleeper;
};

enum { WAKES = 2000 };

/* Each wake waits until the one before was noticed, so that none may get lost. */
static void *wake_in_step(void *arg)
{
    struct waker *waker = arg;
    for (unsigned i = 0; i < WAKES; i++) {
        atomic_fetch_add(&waker->called, 1);
        waker->rig->backend->wake(&waker->rig->rt);
        while (atomic_load(&waker->seen) != i + 1)
            sched_yield();
    }
    return NULL;
}

static void no_wake_gets_lost(struct rig *rig)
{
    struct waker waker = {.rig = rig};
    pthread_t thread;
    rig->backend->wake(&rig->rt);
    turn(rig, CO_NEVER); /* called before: does not sleep */
    assert_int_equal(pthread_create(&thread, NULL, wake_in_step, &waker), 0);
    while (atomic_load(&waker.seen) < WAKES) {
        turn(rig, CO_NEVER);
        atomic_store(&waker.seen, atomic_load(&waker.called));
    }
    pthread_join(thread, NULL);
}

static struct rig *rig_of_signal;

static void wake_by_signal(int number)
{
    (void)number;
    rig_of_signal->backend->wake(&rig_of_signal->rt);
}

static void *signal_sleeper(void *arg)
{
    pthread_kill(*(pthread_t *)arg, SIGUSR2);
    return NULL;
}

static void handler_may_wake(struct rig *rig)
{
    const struct sigaction action = {.sa_handler = wake_by_signal, .sa_flags = SA_RESTART};
    pthread_t self = pthread_self(), thread;
#ifdef CO_TSAN
    return; /* it puts handlers off, to the end of a wait that only they would end */
#endif
    rig_of_signal = rig;
    sigaction(SIGUSR2, &action, NULL);
    for (unsigned round = 0; round < 50; round++) {
        assert_int_equal(pthread_create(&thread, NULL, signal_sleeper, &self), 0);
        turn(rig, CO_NEVER);
        pthread_join(thread, NULL);
    }
    turn(rig, 0);
    signal(SIGUSR2, SIG_DFL);
}

struct shared_job {
    struct co_job job;
    atomic_int *running, *running_max;
    unsigned done;
};

static int job_run(void *arg)
{
    struct shared_job *shared = arg;
    sigset_t mask;
    int running = atomic_fetch_add(shared->running, 1) + 1, max = atomic_load(shared->running_max);
    while (running > max && !atomic_compare_exchange_weak(shared->running_max, &max, running))
        continue;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    sched_yield();
    atomic_fetch_sub(shared->running, 1);
    return sigismember(&mask, SIGTERM) && sigismember(&mask, SIGUSR1) ? 42 : -1;
}

static void job_done(struct co_rt *rt, struct co_job *job)
{
    (void)rt;
    CO_CONTAINER(job, struct shared_job, job)->done++;
}

static void jobs_share_few_threads_without_signals(struct rig *rig)
{
    enum { JOBS = 100 };
    static struct shared_job jobs[JOBS];
    atomic_int running = 0, running_max = 0;
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i] = (struct shared_job){
            {.run = job_run, .arg = &jobs[i], .done = job_done}, &running, &running_max, 0};
        assert_int_equal(rig->backend->offload(&rig->rt, &jobs[i].job), 0);
    }
    while (rig->rt.jobs_in_flight > 0)
        turn(rig, rig->backend->now(&rig->rt) + PATIENCE);
    for (unsigned i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].done, 1);
        assert_int_equal(jobs[i].job.result, 42);
    }
    assert_in_range(running_max, 1, 2);
}

/* ---- without a backend --------------------------------------------------------------------- */

static void pool_hands_out_the_warmest(void **state)
{
    (void)state;
    struct co_rt rt = {0};
    void *small = co_buffer_take(&rt, CO_BUFFER_SMALL),
         *other = co_buffer_take(&rt, CO_BUFFER_SMALL);
    void *large = co_buffer_take(&rt, CO_BUFFER_LARGE);
    assert_true(small && other && large && small != other);
    assert_int_equal((uintptr_t)small % 64, 0);
    memset(large, 1, CO_BUFFER_LARGE);
    co_buffer_give(&rt, other, CO_BUFFER_SMALL);
    co_buffer_give(&rt, small, CO_BUFFER_SMALL);
    co_buffer_give(&rt, large, CO_BUFFER_LARGE);
#ifndef CO_ASAN
    assert_ptr_equal(co_buffer_take(&rt, CO_BUFFER_SMALL), small);
    co_buffer_give(&rt, small, CO_BUFFER_SMALL);
#endif
    co_pool_free(&rt);
    assert_null(rt.pool);
}

static void mask_matches_whole_names(void **state)
{
    (void)state;
    setenv("CORONET_MASK", "no_sqarray,io_uring,,x", 1);
    assert_true(co_feature_masked("no_sqarray"));
    assert_true(co_feature_masked("io_uring"));
    assert_true(co_feature_masked("x"));
    assert_false(co_feature_masked("io"));
    assert_false(co_feature_masked("sqarray"));
    struct co_rt rt = {.backend = &co_backend_uring};
    assert_int_equal(rt.backend->open(&rt), -ENOSYS);
    assert_null(rt.backend_state);
    unsetenv("CORONET_MASK");
    assert_false(co_feature_masked("x"));
}

#define BODIES(X)                                                                                  \
 X(file_arrives_whole_and_ends)                                                                    \
 X(file_that_shrinks_ends_early)                                                                   \
 X(cancelled_cold_file_is_done_once)                                                               \
 X(sleep_ends_on_time)                                                                             \
 X(no_wake_gets_lost)                                                                              \
 X(handler_may_wake)                                                                               \
 X(jobs_share_few_threads_without_signals)

BODIES(BODY_TEST)

int main(void)
{
    const struct CMUnitTest tests[] = {BODIES(BODY_ENTRY)
                                           cmocka_unit_test(pool_hands_out_the_warmest),
        cmocka_unit_test(mask_matches_whole_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
