/* SPDX-License-Identifier: MIT */
/* Fibers and groups: start, join, errors, places, backgrounds, readiness, jobs, sleep. */
#include "fibers.h"

#include <pthread.h>
#include <unistd.h>

/* ---- order and errors ---------------------------------------------------------------------- */

static char trace[64];

static void trace_clear(void)
{
    memset(trace, 0, sizeof trace);
}

static void trace_add(char c)
{
    size_t at = strlen(trace);
    if (at + 1 < sizeof trace)
        trace[at] = c;
}

static int add_letter(void *arg)
{
    trace_add(*(char *)arg);
    return co_sleep(0);
}

FIBER_TEST(children_start_in_order_and_run_when_the_parent_waits)
{
    trace_clear();
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, add_letter, (char[]){"a"});
    co_go(&group, add_letter, (char[]){"b"});
    co_go(&group, add_letter, (char[]){"c"});
    trace_add('p');
    CHECK_INT(co_group_close(&group), 0);
    CHECK(strcmp(trace, "pabc") == 0);
    return 0;
}

static int fail_after(void *arg)
{
    long ms = (long)(intptr_t)arg;
    int rc = co_sleep(ms);
    return rc < 0 ? rc : co_fail(-ENOENT, "failed after %ld ms", ms);
}

static int sleep_long(void *arg)
{
    int rc = co_sleep(60000);
    if (arg)
        *(int *)arg = rc;
    return rc;
}

FIBER_TEST(first_error_wins_and_cancels_the_siblings)
{
    int sibling = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, sleep_long, &sibling);
    co_go(&group, fail_after, (void *)5);
    CHECK_INT(co_group_close(&group), -ENOENT);
    CHECK_INT(sibling, CO_ECANCELED);
    CHECK(strcmp(co_explain(-ENOENT), "failed after 5 ms") == 0);
    CHECK_INT(co_status(), 0);
    return 0;
}

static int sleep_short(void *arg)
{
    *(int *)arg = co_sleep(20);
    return *(int *)arg;
}

FIBER_TEST(keep_going_lets_the_siblings_finish)
{
    int sibling = 1;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    co_go(&group, sleep_short, &sibling);
    co_go(&group, fail_after, (void *)1);
    CHECK_INT(co_group_close(&group), -ENOENT);
    CHECK_INT(sibling, 0);
    return 0;
}

FIBER_TEST(group_reports_its_deadline_and_its_cancellation)
{
    int child = 0;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 5, .keep_going = true});
    CHECK_INT(co_group_close(&group), 0);

    co_group_open(&group, &(struct co_group_options){.timeout_ms = 5});
    co_go(&group, sleep_long, &child);
    CHECK_INT(co_group_close(&group), CO_EDEADLINE);
    CHECK_INT(child, CO_EDEADLINE);

    co_group_open(&group, NULL);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    return 0;
}

FIBER_TEST(start_in_an_ended_group_is_a_failed_child)
{
    int child = 1;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    co_group_cancel(&group);
    co_go(&group, sleep_long, &child);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(child, 1); /* it never ran */
    return 0;
}

/* ---- places -------------------------------------------------------------------------------- */

static int running, most;

static int count_running(void *arg)
{
    (void)arg;
    running++;
    most = running > most ? running : most;
    int rc = co_sleep(1);
    running--;
    return rc;
}

FIBER_TEST(children_max_bounds_the_running_children)
{
    running = most = 0;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.children_max = 3});
    for (int i = 0; i < 20; i++)
        co_go(&group, count_running, NULL);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(most, 3);
    CHECK_INT(running, 0);
    return 0;
}

static int start_two(void *arg)
{
    co_group *group = arg;
    co_go(group, count_running, NULL);
    co_go(group, count_running, NULL);
    return 0;
}

FIBER_TEST(drain_does_not_fail_a_start_that_waits_for_a_place)
{
    running = most = 0;
    co_group outer, group;
    co_group_open(&outer, NULL);
    co_group_open(&group, &(struct co_group_options){.children_max = 1});
    co_group starter;
    co_group_open(&starter, NULL);
    co_go(&starter, start_two, &group);
    co_sleep(0);
    co_group_drain(&outer);
    CHECK_INT(co_group_close(&starter), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_group_close(&outer), 0);
    CHECK_INT(most, 1);
    return 0;
}

FIBER_TEST(waiting_for_a_place_obeys_the_scope)
{
    co_group group;
    int child = 0;
    co_group_open(&group, &(struct co_group_options){.children_max = 1, .timeout_ms = 5});
    co_go(&group, sleep_long, &child);
    co_go(&group, sleep_long, &child); /* waits until the deadline */
    CHECK_INT(co_group_close(&group), CO_EDEADLINE);
    return 0;
}

/* ---- copies, names, backgrounds -------------------------------------------------------------- */

struct copied {
    int index;
    char text[300];
};

static int check_copied(void *arg)
{
    const struct copied *copied = arg;
    running += copied->index;
    return strcmp(copied->text, "own copy") == 0 && (uintptr_t)arg % 16 == 0 ? 0 : -EINVAL;
}

FIBER_TEST(go_copy_gives_each_child_its_own_argument)
{
    running = 0;
    co_group group;
    co_group_open(&group, NULL);
    struct copied copied = {.text = "own copy"};
    for (copied.index = 1; copied.index <= 4; copied.index++)
        co_go_copy(&group, check_copied, &copied);
    memset(&copied, 0, sizeof copied);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(running, 10);
    return 0;
}

FIBER_TEST(a_copy_beyond_4096_bytes_is_a_failed_child)
{
    static char large[5000];
    co_group group;
    co_group_open(&group, NULL);
    co_go_copy(&group, check_copied, &large);
    CHECK_INT(co_group_close(&group), -E2BIG);
    return 0;
}

static const struct co_go_options in_background = {.name = "background", .background = true};

FIBER_TEST(background_fibers_do_not_keep_the_group_open)
{
    int background = 0, child = 1;
    co_group group;
    co_group_open(&group, NULL);
    co_go_with(&group, &in_background, sleep_long, &background);
    co_go(&group, sleep_short, &child);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(child, 0);
    CHECK_INT(background, CO_ECANCELED);
    return 0;
}

static int start_when_dismissed(void *arg)
{
    int rc = co_sleep(60000);
    co_go((co_group *)arg, count_running, NULL); /* its last act: one more member */
    return rc;
}

FIBER_TEST(a_member_started_by_a_dismissed_background_fiber_is_joined)
{
    running = most = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go_with(&group, &in_background, start_when_dismissed, &group);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(most, 1);
    CHECK_INT(running, 0);
    return 0;
}

/* ---- readiness ------------------------------------------------------------------------------- */

static int be_ready(void *arg)
{
    (void)arg;
    co_sleep(1);
    co_ready(4711);
    co_ready(1); /* nobody waits any more */
    return co_sleep(1);
}

static int end_unready(void *arg)
{
    return (int)(intptr_t)arg;
}

FIBER_TEST(start_returns_when_the_child_is_ready)
{
    long port = 0;
    co_group group;
    co_group_open(&group, NULL);
    CHECK_INT(co_start(&group, be_ready, NULL, &port), 0);
    CHECK_INT(port, 4711);
    CHECK_INT(co_start(&group, be_ready, NULL, NULL), 0);
    CHECK_INT(co_group_close(&group), 0);
    return 0;
}

FIBER_TEST(start_reports_a_child_that_ends_before)
{
    co_group group;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    CHECK_INT(co_start(&group, end_unready, (void *)0, NULL), -EPIPE);
    CHECK_INT(co_start(&group, end_unready, (void *)(intptr_t)-ENOENT, NULL), -ENOENT);
    long port = 0;
    /* an earlier failure says nothing about this child */
    CHECK_INT(co_start(&group, be_ready, NULL, &port), 0);
    CHECK_INT(port, 4711);
    CHECK_INT(co_group_close(&group), -ENOENT);
    return 0;
}

FIBER_TEST(start_obeys_the_scope)
{
    int child = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_scope scope;
    co_scope_open(&scope, 5);
    CHECK_INT(co_start(&group, sleep_long, &child, NULL), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    co_group_cancel(&group);
    CHECK_INT(co_start(&group, sleep_long, &child, NULL), CO_ECANCELED);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    return 0;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static atomic_bool job_has_begun, job_may_end;

static int job(void *arg)
{
    atomic_store(&job_has_begun, true);
    for (int i = 0; arg && i < 5000 && !atomic_load(&job_may_end); i++)
        usleep(1000);
    return 42;
}

static int block_on_job(void *arg)
{
    *(int *)arg = co_block(job, arg);
    return co_sleep(0);
}

FIBER_TEST(block_returns_what_the_job_returned)
{
    CHECK_INT(co_block(job, NULL), 42);
    co_scope scope;
    co_scope_open(&scope, -1);
    co_scope_cancel(&scope);
    CHECK_INT(co_block(job, NULL), CO_ECANCELED);
    CHECK_INT(co_scope_close(&scope), CO_ECANCELED);
    return 0;
}

KERNEL_TEST(a_job_under_way_is_not_cut_short_by_cancellation)
{
    int result = 0;
    atomic_store(&job_has_begun, false);
    atomic_store(&job_may_end, false);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, block_on_job, &result);
    while (!atomic_load(&job_has_begun))
        co_sleep(1);
    co_group_cancel(&group);
    co_sleep(5);
    CHECK_INT(result, 0);
    atomic_store(&job_may_end, true);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(result, 42);
    return 0;
}

KERNEL_TEST(a_job_that_no_thread_has_begun_is_taken_back)
{
    int results[4], never = 0;
    atomic_store(&job_may_end, false);
    co_group busy;
    co_group_open(&busy, NULL);
    for (size_t i = 0; i < CO_LENGTH(results); i++) /* as many as there are threads */
        co_go(&busy, block_on_job, &results[i]);
    co_sleep(0);
    co_scope scope;
    co_scope_open(&scope, 5);
    CHECK_INT(co_block(job, &never), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    atomic_store(&job_may_end, true);
    CHECK_INT(co_group_close(&busy), 0);
    CHECK_INT(co_block(job, NULL), 42);
    return 0;
}

/* ---- time ------------------------------------------------------------------------------------ */

VIRTUAL_TEST(sleep_is_exact_in_virtual_time)
{
    for (int64_t ms = 1; ms <= 1000000; ms *= 10) {
        int64_t before = co_now_ns();
        CHECK_INT(co_sleep(ms), 0);
        CHECK_INT(co_now_ns() - before, ms * 1000000);
    }
    return 0;
}

VIRTUAL_TEST(a_sleep_for_ever_is_no_deadlock)
{
    CHECK_INT(co_sleep(INT64_MAX), 0); /* a very long time */
    return 0;
}

KERNEL_TEST(sleep_is_not_too_short)
{
    for (int64_t ms = 1; ms <= 16; ms *= 2) {
        int64_t before = co_now_ns();
        CHECK_INT(co_sleep(ms), 0);
        CHECK(co_now_ns() - before >= ms * 1000000);
    }
    return 0;
}

/* From this time on the sleepers count, so that one which starts late does not wake late. */
static int64_t sleepers_base_ns;

static int sleep_and_trace(void *arg)
{
    intptr_t i = (intptr_t)arg;
    int64_t wake_ns = sleepers_base_ns + (50 + 10 * i) * 1000000;
    int rc = co_sleep((wake_ns - co_now_ns()) / 1000000);
    trace_add((char)('0' + i));
    return rc;
}

FIBER_TEST(sleepers_wake_in_the_order_of_their_times)
{
    trace_clear();
    co_group group;
    co_group_open(&group, NULL);
    sleepers_base_ns = co_now_ns();
    for (intptr_t i = 5; i > 0; i--)
        co_go(&group, sleep_and_trace, (void *)i);
    CHECK_INT(co_group_close(&group), 0);
    CHECK(strcmp(trace, "12345") == 0);
    return 0;
}

/* ---- many, deep ------------------------------------------------------------------------------ */

static co_event *gate;

static int wait_at_gate(void *arg)
{
    (void)arg;
    return co_event_wait(gate);
}

FIBER_TEST(a_hundred_thousand_fibers_at_once)
{
    int count = IS_SLOW ? 2000 : 100000;
    co_event event = {0};
    gate = &event;
    co_group group;
    co_group_open(&group, NULL);
    for (int i = 0; i < count; i++)
        co_go_with(&group, &(struct co_go_options){.stack_bytes = 16384}, wait_at_gate, NULL);
    co_sleep(0);
    co_event_set(&event);
    CHECK_INT(co_group_close(&group), 0);
    return 0;
}

static int nest(void *arg)
{
    intptr_t left = (intptr_t)arg;
    if (left == 0)
        return co_sleep(60000);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, nest, (void *)(left - 1));
    return co_group_close(&group);
}

FIBER_TEST(deeply_nested_groups_are_cancelled_to_the_bottom)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, nest, (void *)(intptr_t)(IS_SLOW ? 200 : 5000));
    co_sleep(5);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    return 0;
}

static int be_stopped(void *arg)
{
    int *turns = arg, rc;
    while ((rc = co_sleep(0)) == 0)
        ++*turns;
    return rc;
}

FIBER_TEST(a_fiber_that_never_waits_long_does_not_stop_the_clock)
{
    int turns = 0;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 20});
    if (is_virtual()) /* where time stands still while somebody is ready */
        co_group_cancel(&group);
    co_go(&group, be_stopped, &turns);
    CHECK_INT(co_group_close(&group), is_virtual() ? CO_ECANCELED : CO_EDEADLINE);
    return 0;
}

/* ---- programs -------------------------------------------------------------------------------- */

static int run_within(void *arg)
{
    (void)arg;
    return co_run(add_letter, arg, NULL);
}

static int wait_for_ever(void *arg)
{
    co_event never = {0};
    int rc = co_event_wait(&never);
    *(int *)arg = rc;
    return 0;
}

static void programs_begin_and_end_as_promised(void **state)
{
    int seen = 0;
    (void)state;
    assert_int_equal(run_on("epoll", end_unready, (void *)7), 7);
    assert_int_equal(run_on("epoll", run_within, NULL), -EBUSY);
    assert_int_equal(run_on("no such backend", end_unready, NULL), -EINVAL);
    assert_int_equal(run_on("epoll", wait_for_ever, &seen), CO_EDEADLOCK);
    assert_int_equal(seen, CO_EDEADLOCK);
    assert_string_equal(co_explain(-ENOENT), co_explain(-ENOENT));
}

static void *fail_elsewhere(void *ret_good)
{
    bool fresh = strcmp(co_explain(-EBADMSG), "the door is shut") != 0;
    co_fail(-EBADMSG, "the window too");
    *(bool *)ret_good = fresh && strcmp(co_explain(-EBADMSG), "the window too") == 0;
    return NULL;
}

static void a_reason_outside_of_a_fiber_is_its_threads(void **state)
{
    bool good = false;
    pthread_t other;
    (void)state;
    const char *plain = co_explain(-EBADMSG);
    assert_string_equal(co_explain(0), "success");
    assert_int_equal(co_fail(-EBADMSG, "the %s is shut", "door"), -EBADMSG);
    assert_string_equal(co_explain(-EBADMSG), "the door is shut");
    assert_ptr_not_equal(co_explain(-EBADMSG), plain);
    assert_string_equal(co_explain(-ENOENT), "no such file or directory");
    assert_int_equal(pthread_create(&other, NULL, fail_elsewhere, &good), 0);
    pthread_join(other, NULL);
    assert_true(good);
    assert_string_equal(co_explain(-EBADMSG), "the door is shut");
    co_fail(-EBADMSG, "%s, says the porter", co_explain(-EBADMSG));
    assert_string_equal(co_explain(-EBADMSG), "the door is shut, says the porter");
    co_fail(-EBADMSG, "%0300d", 1);
    assert_int_equal(strlen(co_explain(-EBADMSG)), 255);
}

static int fail_in_a_fiber(void *arg)
{
    (void)arg;
    bool fresh = strcmp(co_explain(-EBADMSG), "before") != 0;
    return fresh ? co_fail(-EBADMSG, "the cellar is dark") : 1;
}

static void why_a_program_failed_is_told_behind_it(void **state)
{
    int seen;
    (void)state;
    co_fail(-EBADMSG, "before");
    assert_int_equal(run_on("epoll", fail_in_a_fiber, NULL), -EBADMSG);
    assert_string_equal(co_explain(-EBADMSG), "the cellar is dark");
    assert_int_equal(run_on("epoll", wait_for_ever, &seen), CO_EDEADLOCK);
    assert_string_not_equal(co_explain(-EBADMSG), "the cellar is dark");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_start_in_order_and_run_when_the_parent_waits),
        cmocka_unit_test(first_error_wins_and_cancels_the_siblings),
        cmocka_unit_test(keep_going_lets_the_siblings_finish),
        cmocka_unit_test(group_reports_its_deadline_and_its_cancellation),
        cmocka_unit_test(start_in_an_ended_group_is_a_failed_child),
        cmocka_unit_test(children_max_bounds_the_running_children),
        cmocka_unit_test(drain_does_not_fail_a_start_that_waits_for_a_place),
        cmocka_unit_test(waiting_for_a_place_obeys_the_scope),
        cmocka_unit_test(go_copy_gives_each_child_its_own_argument),
        cmocka_unit_test(a_copy_beyond_4096_bytes_is_a_failed_child),
        cmocka_unit_test(background_fibers_do_not_keep_the_group_open),
        cmocka_unit_test(a_member_started_by_a_dismissed_background_fiber_is_joined),
        cmocka_unit_test(start_returns_when_the_child_is_ready),
        cmocka_unit_test(start_reports_a_child_that_ends_before),
        cmocka_unit_test(start_obeys_the_scope),
        cmocka_unit_test(block_returns_what_the_job_returned),
        cmocka_unit_test(a_job_under_way_is_not_cut_short_by_cancellation),
        cmocka_unit_test(a_job_that_no_thread_has_begun_is_taken_back),
        cmocka_unit_test(sleep_is_exact_in_virtual_time),
        cmocka_unit_test(a_sleep_for_ever_is_no_deadlock),
        cmocka_unit_test(sleep_is_not_too_short),
        cmocka_unit_test(sleepers_wake_in_the_order_of_their_times),
        cmocka_unit_test(a_hundred_thousand_fibers_at_once),
        cmocka_unit_test(deeply_nested_groups_are_cancelled_to_the_bottom),
        cmocka_unit_test(a_fiber_that_never_waits_long_does_not_stop_the_clock),
        cmocka_unit_test(programs_begin_and_end_as_promised),
        cmocka_unit_test(a_reason_outside_of_a_fiber_is_its_threads),
        cmocka_unit_test(why_a_program_failed_is_told_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
