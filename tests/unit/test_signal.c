/* SPDX-License-Identifier: MIT */
/* Programs and signals: a child runs co_main, is sent signals, and its end and its words are seen.
 */
#include "child.h"

#include <pthread.h>

/* ---- SIGINT, SIGTERM ------------------------------------------------------------------------- */

static int wait_in_handler(co_stream *stream, void *arg)
{
    char c;
    (void)arg;
    say("connected\n");
    ssize_t n = co_read(stream, &c, 1);
    say(n == CO_ECANCELED ? "handler cancelled\n" : "handler ended\n");
    return (int)n;
}

static int connect_to(void *arg)
{
    co_stream *stream;
    char c;
    int rc = co_connect(&stream, arg);
    if (rc < 0)
        return rc;
    rc = (int)co_read(stream, &c, 1);
    co_abort(stream);
    return rc;
}

static int serve_and_connect(void *with_client)
{
    co_listener *listener;
    int rc = co_listen(&listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    co_address address = *co_listener_address(listener);
    co_group group;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    if (with_client)
        co_go(&group, connect_to, &address);
    else
        say("connected\n");
    rc = co_serve_listener(listener, wait_in_handler, NULL, NULL);
    say(rc == 0 ? "drained\n" : "not drained\n");
    int joined = co_group_close(&group);
    co_listener_close(listener);
    return rc < 0 ? rc : joined;
}

static int server_alone(void)
{
    return co_main(serve_and_connect, NULL);
}

static int server_with_client(void)
{
    int with_client;
    return co_main(serve_and_connect, &with_client);
}

static void a_first_signal_drains(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM};
    static struct child child;
    (void)state;
    for (int i = 0; i < 2; i++) {
        child_start(&child, server_alone);
        assert_true(child_says(&child, "connected"));
        kill(child.pid, signals[i]);
        assert_true(child_says(&child, "drained\n"));
        assert_int_equal(child_end(&child), 0);
    }
}

static void a_second_signal_cancels(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, server_with_client);
    assert_true(child_says(&child, "connected"));
    kill(child.pid, SIGINT);
    usleep(100000);
    kill(child.pid, SIGTERM);
    assert_true(child_says(&child, "handler"));
    assert_int_equal(child_end(&child), 0); /* a signal ended it: in good order */
}

/* ---- SIGUSR1 --------------------------------------------------------------------------------- */

static int sleep_on(void *arg)
{
    (void)arg;
    return co_sleep(60000);
}

static int wait_for_mutex(void *arg)
{
    int rc = co_mutex_lock(arg);
    return rc;
}

static int parent_of_two(void *arg)
{
    static const struct co_go_options named = {.name = "the sleeper"};
    co_mutex mutex = {0};
    (void)arg;
    int rc = co_mutex_lock(&mutex);
    co_group group;
    co_group_open(&group, NULL);
    co_go_with(&group, &named, sleep_on, NULL);
    co_go(&group, wait_for_mutex, &mutex);
    rc = co_sleep(0);
    say("ready\n");
    rc = co_group_close(&group);
    return rc;
}

static int dumped(void)
{
    return co_main(parent_of_two, NULL);
}

static void sigusr1_prints_the_fibers(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, dumped);
    assert_true(child_says(&child, "ready\n"));
    kill(child.pid, SIGUSR1);
    assert_true(child_says(&child, "the sleeper: waits for sleep"));
    assert_true(child_says(&child, "wait_for_mutex"));
    assert_true(child_says(&child, "waits for mutex"));
    assert_true(strstr(child.text, "main: waits for children") != NULL);
    assert_true(strstr(child.text, "test_signal.c:") != NULL); /* where it was started */
    kill(child.pid, SIGINT);
    kill(child.pid, SIGTERM);
    usleep(50000);
    kill(child.pid, SIGTERM);
    child_end(&child);
}

static int have_a_child(void *arg)
{
    static const struct co_go_options named = {.name = "the grandchild"};
    co_group group;
    co_group_open(&group, NULL);
    co_go_with(&group, &named, sleep_on, arg);
    return co_group_close(&group);
}

/* The younger child has begun before its sibling's. */
static int family(void *arg)
{
    static const struct co_go_options elder = {.name = "the elder"},
                                      younger = {.name = "the younger"};
    co_group group;
    co_group_open(&group, NULL);
    co_go_with(&group, &elder, have_a_child, arg);
    co_go_with(&group, &younger, sleep_on, arg);
    co_sleep(1);
    co_dump(1);
    co_group_cancel(&group);
    return co_group_close(&group) == CO_ECANCELED ? 0 : -1;
}

static int family_dumped(void)
{
    return co_main(family, NULL);
}

static void a_dump_has_children_behind_their_parent(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, family_dumped);
    assert_int_equal(child_end(&child), 0);
    const char *elder = strstr(child.text, "\n  #"), *grandchild = strstr(child.text, "\n    #");
    assert_non_null(elder);
    assert_non_null(grandchild);
    assert_true(strstr(elder, "the elder") < grandchild);
    assert_true(strstr(grandchild, "the grandchild: waits for sleep") != NULL);
    assert_true(strstr(grandchild, "the younger: waits for sleep") != NULL);
    assert_true(strstr(grandchild, "\n        at ") != NULL); /* and where it does */
}

#define SHARDS       3
#define CROWD        10 /* fibers of a shard: two trees printed at once would mix their lines */
#define LINES_OF_ONE "fiber of shard "

static atomic_int crowds;

/* The last shard to be complete tells. */
static int crowd_of_shard(void *dumps)
{
    static const char *const names[SHARDS] = {LINES_OF_ONE "0", LINES_OF_ONE "1", LINES_OF_ONE "2"};
    struct co_go_options named = {.name = names[co_shard_index()]};
    co_group group;
    co_group_open(&group, NULL);
    for (int i = 0; i < CROWD; i++)
        co_go_with(&group, &named, sleep_on, NULL);
    co_sleep(1);
    if (atomic_fetch_add(&crowds, 1) + 1 == SHARDS)
        say("ready\n");
    while (dumps && atomic_load(&crowds) < SHARDS)
        co_sleep(1);
    if (dumps && co_shard_index() == 1)
        co_dump(2);
    return co_group_close(&group);
}

static int crowds_in_shards(void *dumps)
{
    return co_shards(SHARDS, crowd_of_shard, dumps);
}

static int dumped_by_signal(void)
{
    return co_main(crowds_in_shards, NULL);
}

static int dumped_by_a_shard(void)
{
    int dumps;
    return co_main(crowds_in_shards, &dumps);
}

/* Each shard's fibers stand beneath its own head, all of them. */
static void expect_whole_trees(const char *text)
{
    unsigned seen[SHARDS] = {0}, shard = SHARDS;
    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        const char *end = strchr(at, '\n'), *found = strstr(at, LINES_OF_ONE);
        if (strncmp(at, "coronet: ", 9) == 0)
            assert_int_equal(sscanf(strstr(at, "; shard "), "; shard %u", &shard), 1);
        if (!end || !found || found > end)
            continue;
        assert_true(shard < SHARDS);
        assert_int_equal(found[strlen(LINES_OF_ONE)] - '0', shard);
        seen[shard]++;
    }
    for (int i = 0; i < SHARDS; i++)
        assert_int_equal(seen[i], CROWD);
}

/* Until every fiber has been named, then the end. */
static void expect_dump_of_shards(int (*main_of)(void), bool by_signal)
{
    static struct child child;
    child_start(&child, main_of);
    assert_true(child_says(&child, "ready\n"));
    if (by_signal)
        kill(child.pid, SIGUSR1);
    for (int i = 0; i < SHARDS; i++) {
        char head[32];
        snprintf(head, sizeof head, "; shard %d, ", i);
        assert_true(child_says(&child, head));
    }
    kill(child.pid, SIGINT);
    kill(child.pid, SIGTERM);
    child_end(&child);
    expect_whole_trees(child.text);
}

static void a_dump_shows_the_fibers_of_every_shard(void **state)
{
    (void)state;
    expect_dump_of_shards(dumped_by_signal, true);
    expect_dump_of_shards(dumped_by_a_shard, false);
}

/* ---- failures -------------------------------------------------------------------------------- */

static int wait_for_ever(void *arg)
{
    co_event never = {0};
    (void)arg;
    return co_event_wait(&never);
}

static int deadlocked(void)
{
    return co_main(wait_for_ever, NULL);
}

static void a_deadlock_is_reported(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, deadlocked);
    assert_true(child_says(&child, "waits for event"));
    assert_true(child_says(&child, co_explain(CO_EDEADLOCK)));
    int status = child_end(&child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static int fail_with_detail(void *arg)
{
    (void)arg;
    return co_fail(-ENOENT, "there is no such thing as a free lunch");
}

static int failing(void)
{
    return co_main(fail_with_detail, NULL);
}

static void a_failure_is_explained(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, failing);
    int status = child_end(&child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_string_equal(child.text, "there is no such thing as a free lunch\n");
}

static int wait_for_hup(void *arg)
{
    (void)arg;
    say("ready\n");
    int signal = co_signal_wait((const int[]){SIGHUP, SIGUSR2, 0});
    return signal == SIGUSR2 ? 0 : -EPROTO;
}

static int waiting(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return co_main(wait_for_hup, NULL);
}

static void waiting_for_a_signal_alone_is_no_deadlock(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, waiting);
    assert_true(child_says(&child, "ready\n"));
    usleep(50000);
    kill(child.pid, SIGUSR2);
    assert_int_equal(child_end(&child), 0);
    assert_string_equal(child.text, "ready\n");
}

static int wait_for_two(void *arg)
{
    const int both[] = {SIGHUP, SIGUSR2, 0};
    int seen = 0;
    (void)arg;
    for (int i = 0; i < 2; i++)
        seen += co_signal_wait(both);
    return seen == SIGHUP + SIGUSR2 ? 0 : -EPROTO;
}

static int raise_both(void *arg)
{
    (void)arg;
    co_sleep(1);
    raise(SIGHUP);
    return raise(SIGUSR2);
}

static int both_at_once(void *arg)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, wait_for_two, arg);
    co_go(&group, raise_both, arg);
    return co_group_close(&group);
}

static int signalled_at_once(void)
{
    sigset_t mask;
    int rc = co_run(both_at_once, NULL, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return rc == 0 && !sigismember(&mask, SIGHUP) ? 0 : 1;
}

static void a_signal_that_arrives_between_two_waits_is_not_lost(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, signalled_at_once);
    assert_int_equal(child_end(&child), 0);
}

static int wait_a_moment(void *signals)
{
    co_scope moment;
    co_scope_open(&moment, 200);
    int rc = co_signal_wait(signals);
    int over = co_scope_close(&moment);
    return rc < 0 ? rc : over;
}

static void signals_that_cannot_come_are_not_waited_for(void **state)
{
    static int none[] = {0},
               impossible[][3] = {{SIGHUP, -1}, {SIGHUP, 1000}, {SIGKILL, SIGHUP}, {SIGSTOP}};
    (void)state;
    assert_int_equal(co_run(wait_a_moment, none, NULL), -EINVAL);
    for (size_t i = 0; i < CO_LENGTH(impossible); i++)
        assert_int_equal(co_run(wait_a_moment, impossible[i], NULL), -EINVAL);
}

static int wait_beside(void *arg)
{
    const struct co_go_options background = {.name = "beside", .background = true};
    co_group group;
    co_group_open(&group, NULL);
    co_go_with(&group, &background, wait_for_hup, arg);
    co_go(&group, fail_with_detail, NULL);
    return co_group_close(&group);
}

static int waiting_beside(void)
{
    return co_main(wait_beside, NULL);
}

static void dismissing_who_waits_for_a_signal_is_no_deadlock(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, waiting_beside);
    child_end(&child);
    assert_string_equal(child.text, "ready\nthere is no such thing as a free lunch\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_signal_drains),
        cmocka_unit_test(a_second_signal_cancels),
        cmocka_unit_test(sigusr1_prints_the_fibers),
        cmocka_unit_test(a_dump_has_children_behind_their_parent),
        cmocka_unit_test(a_dump_shows_the_fibers_of_every_shard),
        cmocka_unit_test(a_deadlock_is_reported),
        cmocka_unit_test(a_failure_is_explained),
        cmocka_unit_test(waiting_for_a_signal_alone_is_no_deadlock),
        cmocka_unit_test(a_signal_that_arrives_between_two_waits_is_not_lost),
        cmocka_unit_test(signals_that_cannot_come_are_not_waited_for),
        cmocka_unit_test(dismissing_who_waits_for_a_signal_is_no_deadlock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
