/* SPDX-License-Identifier: MIT */
/* Child processes: their streams, what they inherit, how they end, and that nothing is left. */
#include "child.h"
#include "coronet/process.h"
#include "pairs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/ptrace.h>

#define BULK_BYTES (2U << 20) /* of which the sockets hold a part */
#define CROWD      (IS_SLOW ? 50 : 200)
#define KILLED     (CO_PROCESS_SIGNALED + SIGKILL)
#define TERMINATED (CO_PROCESS_SIGNALED + SIGTERM)

/* ---- the rig ----------------------------------------------------------------------------------
 */

static int descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static bool has_children(void)
{
    return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

static int leaves_nothing(int (*body)(void))
{
    int before = descriptors(), rc = body();
    CHECK_INT(descriptors(), before);
    CHECK(!has_children());
    return rc;
}

#define PROCESS_TEST(name)                                                                         \
 static int name##_process(void);                                                                  \
 KERNEL_TEST(name)                                                                                 \
 {                                                                                                 \
  return leaves_nothing(name##_process);                                                           \
 }                                                                                                 \
 static int name##_process(void)

static int start_sh(co_process **ret, const char *script, const struct co_process_options *options)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    return co_process_start(ret, argv, options);
}

/* Is that all that a stream brings? */
static bool says(co_stream *stream, const char *expected)
{
    char text[4096];
    size_t size = 0;
    ssize_t n;
    while ((n = co_read(stream, text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)n;
    CHECK_INT(n, 0);
    text[size] = '\0';
    return CHECK_STRING(text, expected);
}

/* Runs a script to its end, which is the result; its output is compared. */
static int run_sh(const char *script, const char *expected, struct co_process_options options)
{
    co_process *process;
    options.output = CO_PROCESS_STREAM;
    int rc = start_sh(&process, script, &options);
    if (rc < 0)
        return rc;
    says(co_process_output(process), expected);
    rc = co_process_wait(process);
    CHECK_INT(co_process_end(process), rc);
    return rc;
}

static const struct co_process_options plain;

/* ---- streams ----------------------------------------------------------------------------------
 */

PROCESS_TEST(output_and_errors_come_apart_or_together)
{
    const char *script = "echo out; echo err >&2";
    const struct co_process_options apart = {
        .output = CO_PROCESS_STREAM, .error = CO_PROCESS_STREAM};
    co_process *process;
    REQUIRE(start_sh(&process, script, &apart) == 0);
    CHECK(!co_process_input(process));
    CHECK(says(co_process_output(process), "out\n"));
    CHECK(says(co_process_error(process), "err\n"));
    CHECK_INT(co_process_wait(process), 0);
    CHECK_INT(co_process_end(process), 0);
    CHECK_INT(
        run_sh(script, "out\nerr\n", (struct co_process_options){.error = CO_PROCESS_OUTPUT}), 0);
    CHECK_INT(run_sh(script, "out\n", (struct co_process_options){.error = CO_PROCESS_NULL}), 0);
    CHECK_INT(co_process_end(NULL), 0);
    return 0;
}

PROCESS_TEST(errors_join_an_output_that_is_thrown_away)
{
    co_process *process;
    const struct co_process_options both = {.output = CO_PROCESS_NULL, .error = CO_PROCESS_OUTPUT};
    REQUIRE(start_sh(&process, "test /dev/null -ef /proc/$$/fd/2", &both) == 0);
    CHECK_INT(co_process_wait(process), 0);
    CHECK_INT(co_process_end(process), 0);
    return 0;
}

PROCESS_TEST(no_input_is_an_end_at_once)
{
    CHECK_INT(run_sh("cat", "", (struct co_process_options){.input = CO_PROCESS_NULL}), 0);
    return 0;
}

static int feed(void *input)
{
    static char bytes[BULK_BYTES];
    pattern_fill(bytes, sizeof bytes);
    int rc = co_write(input, bytes, sizeof bytes);
    return rc < 0 ? rc : co_shutdown_write(input);
}

PROCESS_TEST(more_than_sockets_hold_goes_through_cat_and_back)
{
    static char back[BULK_BYTES + 1];
    const char *const argv[] = {"cat", NULL};
    const struct co_process_options both = {
        .input = CO_PROCESS_STREAM, .output = CO_PROCESS_STREAM};
    co_process *process;
    co_group group;
    REQUIRE(co_process_start(&process, argv, &both) == 0);
    co_group_open(&group, NULL);
    co_go(&group, feed, co_process_input(process));
    CHECK_INT(co_read_full(co_process_output(process), back, BULK_BYTES), BULK_BYTES);
    CHECK(pattern_holds(back, 0, BULK_BYTES));
    CHECK_INT(co_read(co_process_output(process), back, 1), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_process_wait(process), 0);
    CHECK_INT(co_process_end(process), 0);
    return 0;
}

PROCESS_TEST(writing_to_what_reads_no_more_fails)
{
    static char bytes[BULK_BYTES];
    co_process *process;
    REQUIRE(start_sh(&process, "exec <&-; echo shut; exec sleep 1000",
                &(struct co_process_options){
                    .input = CO_PROCESS_STREAM, .output = CO_PROCESS_STREAM}) == 0);
    char line[8];
    CHECK_INT(co_read_line(co_process_output(process), line, sizeof line), 5);
    CHECK_INT(co_write(co_process_input(process), bytes, sizeof bytes), -EPIPE);
    CHECK_INT(co_process_end(process), TERMINATED);
    return 0;
}

/* ---- what it has from us -----------------------------------------------------------------------
 */

PROCESS_TEST(it_works_in_its_folder_with_its_environment)
{
    const char *const environment[] = {"NAME=a value", "LC_ALL=C", NULL};
    const char *const argv[] = {"env", NULL};
    const struct co_process_options options = {
        .output = CO_PROCESS_STREAM, .environment = environment};
    co_process *process;
    REQUIRE(co_process_start(&process, argv, &options) == 0);
    CHECK(says(co_process_output(process), "NAME=a value\nLC_ALL=C\n"));
    CHECK_INT(co_process_wait(process), 0);
    CHECK_INT(co_process_end(process), 0);
    CHECK_INT(run_sh("pwd", "/usr\n", (struct co_process_options){.folder = "/usr"}), 0);
    setenv("CORONET_TEST_VALUE", "ours", 1);
    CHECK_INT(run_sh("echo $CORONET_TEST_VALUE", "ours\n", plain), 0);
    unsetenv("CORONET_TEST_VALUE");
    return 0;
}

PROCESS_TEST(no_descriptor_of_ours_comes_along)
{
    int open_to_all[2];
    REQUIRE(pipe(open_to_all) == 0); /* not close-on-exec */
    /* The last one is the shell's own, by which it looks. */
    CHECK_INT(
        run_sh("cd /proc/$$/fd; echo *", "0 1 2 3\n",
            (struct co_process_options){.input = CO_PROCESS_STREAM, .error = CO_PROCESS_STREAM}),
        0);
    close(open_to_all[0]);
    close(open_to_all[1]);
    return 0;
}

/* This thread blocks what it waits for, and a program may ignore SIGPIPE. */
PROCESS_TEST(it_blocks_no_signal_and_does_not_ignore_sigpipe)
{
    static const int usr2[] = {SIGUSR2, 0};
    co_scope scope;
    co_scope_open(&scope, 0);
    CHECK_INT(co_signal_wait(usr2), CO_EDEADLINE);
    co_scope_close(&scope);
    static const int others[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    for (size_t i = 0; i < CO_LENGTH(others); i++)
        signal(others[i], SIG_DFL); /* which this program may have been started without */
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    const char *script = "while read name value; do case $name in SigBlk: | SigIgn:) "
                         "echo $name ${value#????????????};; esac; done </proc/$$/status";
    CHECK_INT(run_sh(script, "SigBlk: 0000\nSigIgn: 0000\n", plain), 0); /* of the first 16 */
    signal(SIGHUP, SIG_IGN);                                             /* nohup's way */
    CHECK_INT(run_sh(script, "SigBlk: 0000\nSigIgn: 0001\n", plain), 0);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, before);
    return 0;
}

/* ---- its end -----------------------------------------------------------------------------------
 */

PROCESS_TEST(exit_codes_and_signals_are_told_apart)
{
    static const int codes[] = {0, 1, 137, 255};
    for (size_t i = 0; i < CO_LENGTH(codes); i++) {
        char script[16];
        snprintf(script, sizeof script, "exit %d", codes[i]);
        CHECK_INT(run_sh(script, "", plain), codes[i]);
    }
    CHECK_INT(run_sh("kill -KILL $$", "", plain), KILLED);
    CHECK_INT(run_sh("kill -TERM $$", "", plain), TERMINATED);
    return 0;
}

PROCESS_TEST(signals_reach_it_until_it_was_waited_for)
{
    const char *const argv[] = {"cat", NULL};
    co_process *process;
    REQUIRE(co_process_start(
                &process, argv, &(struct co_process_options){.input = CO_PROCESS_STREAM}) == 0);
    CHECK_INT(kill(co_process_pid(process), 0), 0);
    CHECK_INT(co_process_signal(process, 1000), -EINVAL);
    CHECK_INT(co_process_signal(process, SIGINT), 0);
    CHECK_INT(co_process_wait(process), CO_PROCESS_SIGNALED + SIGINT);
    CHECK_INT(co_process_wait(process), CO_PROCESS_SIGNALED + SIGINT);
    CHECK_INT(co_process_signal(process, SIGINT), -ESRCH);
    CHECK_INT(co_process_end(process), CO_PROCESS_SIGNALED + SIGINT);
    return 0;
}

/* Starts what ignores SIGTERM, as what it becomes does too, and waits until it does. */
static int start_stubborn(co_process **ret, int64_t grace_ms)
{
    const struct co_process_options options = {.output = CO_PROCESS_STREAM, .grace_ms = grace_ms};
    char line[16];
    int rc = start_sh(ret, "trap '' TERM; echo ready; exec sleep 1000", &options);
    if (rc == 0)
        CHECK_INT(co_read_line(co_process_output(*ret), line, sizeof line), 6);
    return rc;
}

PROCESS_TEST(a_deadline_kills_what_ignores_sigterm)
{
    co_process *process;
    co_scope scope;
    REQUIRE(start_stubborn(&process, 20) == 0);
    pid_t pid = co_process_pid(process);
    co_scope_open(&scope, 20);
    CHECK_INT(co_process_wait(process), CO_EDEADLINE);
    CHECK_INT(co_process_end(process), KILLED);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    CHECK_INT(kill(pid, 0), -1); /* not even as a zombie */
    return 0;
}

PROCESS_TEST(without_grace_it_is_killed_at_once)
{
    const char *const argv[] = {"sleep", "1000", NULL};
    co_process *process;
    REQUIRE(co_process_start(&process, argv, &(struct co_process_options){.grace_ms = -1}) == 0);
    CHECK_INT(co_process_end(process), KILLED);
    return 0;
}

static int wait_and_end(void *process)
{
    int rc = co_process_wait(process), ended = co_process_end(process);
    CHECK_INT(ended, TERMINATED);
    return rc;
}

PROCESS_TEST(cancellation_ends_the_wait_and_cleanup_the_process)
{
    const char *const argv[] = {"sleep", "1000", NULL};
    co_process *process;
    co_group group;
    REQUIRE(co_process_start(&process, argv, NULL) == 0);
    co_group_open(&group, NULL);
    co_go(&group, wait_and_end, process);
    co_sleep(0);
    CHECK_INT(co_process_wait(process), -EBUSY);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    return 0;
}

PROCESS_TEST(in_a_scope_that_has_ended_nothing_starts)
{
    co_process *process;
    co_scope scope;
    co_scope_open(&scope, -1);
    co_scope_cancel(&scope);
    CHECK_INT(start_sh(&process, "true", &(struct co_process_options){.output = CO_PROCESS_STREAM}),
        CO_ECANCELED);
    co_scope_close(&scope);
    return 0;
}

/* ---- what cannot be started --------------------------------------------------------------------
 */

static int start_one(const char *name, const char *folder)
{
    const char *const argv[] = {name, NULL};
    const struct co_process_options options = {.input = CO_PROCESS_STREAM,
        .output = CO_PROCESS_STREAM,
        .error = CO_PROCESS_STREAM,
        .folder = folder};
    co_process *process = NULL;
    int rc = co_process_start(&process, argv, &options);
    CHECK(!process);
    return rc;
}

PROCESS_TEST(what_cannot_be_run_is_told_with_its_name)
{
    CHECK_INT(start_one("no-such-program", NULL), -ENOENT);
    CHECK_STRING(co_explain(-ENOENT),
        "cannot run no-such-program: no such file or directory (is it installed?)");
    CHECK_INT(start_one("true", "/no/such/folder"), -ENOENT);
    CHECK_STRING(
        co_explain(-ENOENT), "cannot run true in /no/such/folder: no such file or directory");
    CHECK_INT(start_one("/usr", NULL), -EACCES);
    CHECK_STRING(co_explain(-EACCES), "cannot run /usr: permission denied");
    CHECK_INT(start_one(NULL, NULL), -EINVAL);
    co_process *process;
    CHECK_INT(
        start_sh(&process, "true",
            &(struct co_process_options){.input = CO_PROCESS_STREAM, .output = CO_PROCESS_OUTPUT}),
        -EINVAL);
    return 0;
}

/* With one descriptor more each time, until there are enough. */
PROCESS_TEST(a_start_without_descriptors_leaves_nothing)
{
    struct rlimit usual, few;
    int rc = -EMFILE, before = descriptors(), refused = 0, first_free = dup(STDERR_FILENO);
    close(first_free);
    getrlimit(RLIMIT_NOFILE, &usual);
    for (few = usual; rc == -EMFILE && refused < 50; refused++) {
        few.rlim_cur = (rlim_t)(first_free + refused);
        setrlimit(RLIMIT_NOFILE, &few);
        rc = start_one("no-such-program", NULL);
        setrlimit(RLIMIT_NOFILE, &usual);
        CHECK_INT(descriptors(), before);
        CHECK(!has_children());
    }
    CHECK_INT(rc, -ENOENT);
    CHECK(refused > 1);
    return 0;
}

PROCESS_TEST(ignored_ends_of_children_are_refused)
{
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    CHECK_INT(start_one("true", NULL), -ECHILD);
    CHECK_STRING(co_explain(-ECHILD),
        "cannot run true: this program ignores SIGCHLD and would not be told of its end");
    signal(SIGCHLD, before);
    return 0;
}

VIRTUAL_TEST(there_are_no_processes_in_virtual_time)
{
    co_process *process;
    CHECK_INT(start_sh(&process, "true", NULL), -ENOSYS);
    CHECK_STRING(co_explain(-ENOSYS), "cannot run sh: there are no processes in virtual time");
    const struct co_process_options options = {
        .output = CO_PROCESS_FD, .output_fd = -1, .own_group = true};
    CHECK_INT(start_sh(&process, "true", &options), -ENOSYS);
    return 0;
}

/* ---- descriptors of ours ------------------------------------------------------------------------
 */

struct pipe_ends {
    int read, write;
};

static struct pipe_ends pipe_new(void)
{
    int ends[2] = {-1, -1};
    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    return (struct pipe_ends){ends[0], ends[1]};
}

/* Has everybody who could write to it ended, and what have they written? Closes it. */
static bool pipe_says(struct pipe_ends ends, const char *expected)
{
    struct pollfd one = {.fd = ends.read, .events = POLLIN};
    char text[256] = "";
    size_t size = 0;
    ssize_t n = 1;
    close(ends.write);
    while (n > 0 && poll(&one, 1, PATIENCE_MS) > 0) {
        n = read(ends.read, text + size, sizeof text - 1 - size);
        size += n > 0 ? (size_t)n : 0;
    }
    close(ends.read);
    return CHECK_INT(n, 0) && CHECK_STRING(text, expected);
}

PROCESS_TEST(descriptors_of_ours_are_read_and_written)
{
    struct pipe_ends in = pipe_new(), out = pipe_new();
    co_process *process;
    CHECK_INT(write(in.write, "tea\n", 4), 4);
    close(in.write);
    const struct co_process_options options = {.input = CO_PROCESS_FD,
        .output = CO_PROCESS_FD,
        .error = CO_PROCESS_OUTPUT,
        .input_fd = in.read,
        .output_fd = out.write};
    REQUIRE(start_sh(&process, "cat; echo err >&2", &options) == 0);
    close(in.read);
    CHECK(!co_process_input(process) && !co_process_output(process));
    CHECK_INT(co_process_wait(process), 0);
    CHECK_INT(co_process_end(process), 0);
    CHECK(pipe_says(out, "tea\nerr\n"));
    return 0;
}

PROCESS_TEST(a_descriptor_that_is_not_open_is_refused)
{
    co_process *process;
    const struct co_process_options options = {
        .input = CO_PROCESS_STREAM, .output = CO_PROCESS_FD, .output_fd = -1};
    CHECK_INT(start_sh(&process, "true", &options), -EBADF);
    CHECK_STRING(co_explain(-EBADF), "cannot run sh: bad file descriptor");
    return 0;
}

/* ---- its group ----------------------------------------------------------------------------------
 */

/* Starts a shell with a group of its own and a child that holds the pipe and heeds no SIGTERM. */
static int start_family(co_process **ret, struct pipe_ends held, const char *then)
{
    char script[128], line[8];
    const struct co_process_options options = {.output = CO_PROCESS_STREAM,
        .error = CO_PROCESS_FD,
        .error_fd = held.write,
        .own_group = true};
    snprintf(script, sizeof script, "(trap '' TERM; echo born; exec sleep 1000 >&2) & %s", then);
    int rc = start_sh(ret, script, &options);
    if (rc == 0)
        CHECK_INT(co_read_line(co_process_output(*ret), line, sizeof line), 5);
    return rc;
}

PROCESS_TEST(it_is_in_our_group_or_begins_one_of_its_own)
{
    const char *const argv[] = {"cat", NULL};
    struct co_process_options options = {.input = CO_PROCESS_STREAM};
    for (int own = 0; own < 2; own++) {
        co_process *process;
        options.own_group = own;
        REQUIRE(co_process_start(&process, argv, &options) == 0);
        CHECK_INT(getpgid(co_process_pid(process)), own ? co_process_pid(process) : getpgrp());
        CHECK_INT(co_process_end(process), TERMINATED);
    }
    return 0;
}

PROCESS_TEST(a_signal_reaches_the_whole_group)
{
    struct pipe_ends held = pipe_new();
    co_process *process;
    REQUIRE(start_family(&process, held, "wait") == 0);
    CHECK_INT(co_process_signal(process, 1000), -EINVAL);
    CHECK_INT(co_process_signal(process, SIGKILL), 0);
    CHECK(pipe_says(held, ""));
    CHECK_INT(co_process_wait(process), KILLED);
    CHECK_INT(co_process_end(process), KILLED);
    return 0;
}

PROCESS_TEST(the_end_leaves_nobody_of_the_group)
{
    struct pipe_ends held = pipe_new();
    co_process *process;
    REQUIRE(start_family(&process, held, "wait") == 0);
    CHECK_INT(co_process_end(process), TERMINATED);
    CHECK(pipe_says(held, ""));
    return 0;
}

PROCESS_TEST(who_outlives_it_in_its_group_is_still_reached)
{
    struct pipe_ends held = pipe_new();
    co_process *process;
    REQUIRE(start_family(&process, held, "exit 5") == 0);
    CHECK_INT(co_process_wait(process), 5);
    CHECK_INT(co_process_wait(process), 5);
    CHECK_INT(co_process_signal(process, SIGCONT), 0);
    CHECK_INT(co_process_end(process), 5);
    CHECK(pipe_says(held, ""));
    return 0;
}

PROCESS_TEST(a_group_whose_number_may_be_anothers_is_not_reached)
{
    const char *const argv[] = {"true", NULL};
    co_process *process;
    REQUIRE(co_process_start(&process, argv, &(struct co_process_options){.own_group = true}) == 0);
    CHECK_INT(waitpid(co_process_pid(process), NULL, 0), co_process_pid(process));
    CHECK_INT(co_process_signal(process, SIGTERM), -ESRCH);
    CHECK_INT(co_process_end(process), -ECHILD);
    return 0;
}

/* ---- all at once --------------------------------------------------------------------------------
 */

static const struct co_process_options all_streams = {
    .input = CO_PROCESS_STREAM, .output = CO_PROCESS_STREAM, .error = CO_PROCESS_STREAM};

PROCESS_TEST(input_output_and_errors_go_in_one_call)
{
    static char bytes[BULK_BYTES], back[BULK_BYTES + 1], errors[8];
    struct co_process_talk talk = {.input = {bytes, sizeof bytes},
        .output = back,
        .output_size = sizeof back,
        .error = errors,
        .error_size = sizeof errors};
    co_process *process;
    pattern_fill(bytes, sizeof bytes);
    REQUIRE(start_sh(&process, "echo err >&2; cat; exit 3", &all_streams) == 0);
    CHECK_INT(co_process_communicate(process, &talk), 3);
    CHECK_INT(talk.output_bytes, BULK_BYTES);
    CHECK(pattern_holds(back, 0, BULK_BYTES));
    CHECK_STRING(errors, "err\n");
    CHECK_INT(talk.error_bytes, 4);
    return 0;
}

PROCESS_TEST(what_goes_elsewhere_is_not_heard)
{
    char text[8] = "before", errors[8] = "before";
    struct co_process_talk talk = {
        .output = text, .output_size = sizeof text, .error = errors, .error_size = sizeof errors};
    co_process *process;
    const struct co_process_options options = {
        .input = CO_PROCESS_NULL, .output = CO_PROCESS_STREAM, .error = CO_PROCESS_OUTPUT};
    REQUIRE(start_sh(&process, "cat; echo err >&2", &options) == 0);
    CHECK_INT(co_process_communicate(process, &talk), 0);
    CHECK_STRING(text, "err\n");
    CHECK_STRING(errors, "");
    return 0;
}

PROCESS_TEST(input_that_nobody_reads_is_no_failure)
{
    static const char bytes[BULK_BYTES];
    struct co_process_talk talk = {.input = {bytes, sizeof bytes}};
    co_process *process;
    REQUIRE(start_sh(&process, "exit 4", &all_streams) == 0);
    CHECK_INT(co_process_communicate(process, &talk), 4);
    return 0;
}

PROCESS_TEST(who_prints_more_than_there_is_room_for_is_ended)
{
    char text[8];
    struct co_process_talk talk = {.output = text, .output_size = sizeof text};
    co_process *process;
    REQUIRE(start_sh(&process, "echo 123456", &all_streams) == 0);
    CHECK_INT(co_process_communicate(process, &talk), 0);
    CHECK_STRING(text, "123456\n");
    REQUIRE(start_sh(&process, "echo 1234567; exec sleep 1000", &all_streams) == 0);
    CHECK_INT(co_process_communicate(process, &talk), CO_ETOOBIG);
    CHECK_STRING(co_explain(CO_ETOOBIG), "the program prints more than 7 bytes");
    CHECK_STRING(text, "1234567");
    REQUIRE(start_sh(&process, "echo err >&2; exec sleep 1000", &all_streams) == 0);
    CHECK_INT(co_process_communicate(process, &talk), CO_ETOOBIG);
    return 0;
}

PROCESS_TEST(a_deadline_ends_the_talk_and_the_process)
{
    char text[8];
    struct co_process_talk talk = {.output = text, .output_size = sizeof text};
    co_process *process;
    co_scope scope;
    REQUIRE(start_sh(&process, "exec sleep 1000", &all_streams) == 0);
    pid_t pid = co_process_pid(process);
    co_scope_open(&scope, 20);
    CHECK_INT(co_process_communicate(process, &talk), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    CHECK_INT(kill(pid, 0), -1);
    CHECK_STRING(text, "");
    return 0;
}

static int talk_with_a_sleeper(void *arg)
{
    struct co_process_talk talk = {0};
    co_process *process;
    int rc = start_sh(&process, "exec sleep 1000", arg);
    return rc < 0 ? rc : co_process_communicate(process, &talk);
}

/* With streams, and with nothing to wait for but the end. */
PROCESS_TEST(a_cancellation_ends_the_talk_and_the_process)
{
    struct co_process_options kinds[] = {plain, all_streams};
    for (size_t i = 0; i < CO_LENGTH(kinds); i++) {
        co_group group;
        co_group_open(&group, NULL);
        co_go(&group, talk_with_a_sleeper, &kinds[i]);
        while (!has_children())
            co_sleep(1);
        co_group_cancel(&group);
        CHECK_INT(co_group_close(&group), CO_ECANCELED);
        CHECK(!has_children());
    }
    return 0;
}

/* ---- others who look at our children ------------------------------------------------------------
 */

PROCESS_TEST(an_end_that_other_code_has_taken_is_told_so)
{
    const char *const argv[] = {"true", NULL};
    co_process *process;
    REQUIRE(co_process_start(&process, argv, NULL) == 0);
    CHECK_INT(waitpid(co_process_pid(process), NULL, 0), co_process_pid(process));
    CHECK_INT(co_process_signal(process, SIGTERM), -ESRCH);
    CHECK_INT(co_process_wait(process), -ECHILD);
    CHECK(strstr(co_explain(-ECHILD), "other code of this program has waited for it"));
    CHECK_INT(co_process_end(process), -ECHILD);
    return 0;
}

static int await_sigchld(void *arg)
{
    static const int chld[] = {SIGCHLD, 0};
    (void)arg;
    return co_signal_wait(chld) == SIGCHLD ? 0 : -EPROTO;
}

PROCESS_TEST(who_waits_for_sigchld_gets_it_too)
{
    co_process *process;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, await_sigchld, NULL);
    co_sleep(0); /* it is blocked here from now on */
    REQUIRE(start_sh(&process, "exit 3", NULL) == 0);
    CHECK_INT(co_process_wait(process), 3);
    CHECK_INT(co_process_end(process), 3);
    CHECK_INT(co_group_close(&group), 0);
    return 0;
}

/* Takes hold of a process, says whether it could, and lets go when told to. */
static pid_t trace(pid_t pid, int talk)
{
    pid_t tracer = fork();
    if (tracer == 0) {
        char held = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 ? 'y' : 'n';
        if (write(talk, &held, 1) != 1 || read(talk, &held, 1) != 0)
            _exit(1);
        waitpid(pid, NULL, __WALL);
        _exit(0);
    }
    return tracer;
}

PROCESS_TEST(a_traced_process_has_ended_when_its_tracer_lets_it)
{
    co_process *process;
    co_scope scope;
    int talk[2];
    char held = 'n';
    REQUIRE(start_sh(
                &process, "read x", &(struct co_process_options){.input = CO_PROCESS_STREAM}) == 0);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) == 0);
    pid_t tracer = trace(co_process_pid(process), talk[1]);
    close(talk[1]);
    CHECK_INT(read(talk[0], &held, 1), 1);
    CHECK_INT(co_shutdown_write(co_process_input(process)), 0);
    if (held == 'y') { /* else not even a parent may */
        co_scope_open(&scope, 50);
        CHECK_INT(co_process_wait(process), CO_EDEADLINE);
        CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    }
    shutdown(talk[0], SHUT_WR);
    CHECK_INT(co_process_wait(process), 1);
    CHECK_INT(co_process_end(process), 1);
    CHECK_INT(waitpid(tracer, NULL, 0), tracer);
    close(talk[0]);
    return 0;
}

/* ---- many, and in many places -------------------------------------------------------------------
 */

struct crowd {
    int running;
    co_event all_run;
};

static int one_of_many(void *arg)
{
    struct crowd *crowd = arg;
    char script[64], expected[16];
    co_process *process;
    int number = crowd->running % 100;
    snprintf(script, sizeof script, "cat; echo %d; exit %d", number, number);
    snprintf(expected, sizeof expected, "in\n%d\n", number);
    if (++crowd->running == CROWD)
        co_event_set(&crowd->all_run);
    REQUIRE(start_sh(&process, script,
                &(struct co_process_options){
                    .input = CO_PROCESS_STREAM, .output = CO_PROCESS_STREAM}) == 0);
    CHECK_INT(co_event_wait(&crowd->all_run), 0);
    CHECK_INT(co_write(co_process_input(process), "in\n", 3), 0);
    CHECK_INT(co_shutdown_write(co_process_input(process)), 0);
    CHECK(says(co_process_output(process), expected));
    CHECK_INT(co_process_wait(process), number);
    CHECK_INT(co_process_end(process), number);
    return 0;
}

static int many_at_once(void *arg)
{
    struct crowd crowd = {0};
    co_group group;
    (void)arg;
    co_group_open(&group, NULL);
    for (int i = 0; i < CROWD; i++)
        co_go(&group, one_of_many, &crowd);
    return co_group_close(&group);
}

PROCESS_TEST(hundreds_run_at_once)
{
    return many_at_once(NULL);
}

PROCESS_TEST(each_shard_has_its_own)
{
    return co_shards(3, many_at_once, NULL);
}

/* ---- descriptors 0, 1 and 2 ---------------------------------------------------------------------
 */

/* What is made for the child gets their numbers then, and must not be written over on the way. */
static int run_without_standard_streams(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        close(i);
    co_process *process;
    const struct co_process_options options = {
        .input = CO_PROCESS_NULL, .output = CO_PROCESS_NULL, .error = CO_PROCESS_STREAM};
    char text[4] = "";
    int rc = start_sh(&process, "cat; echo out; echo err >&2", &options);
    if (rc < 0)
        return rc;
    bool good = co_read_full(co_process_error(process), text, 4) == 4 && !memcmp(text, "err\n", 4);
    rc = co_process_wait(process);
    co_process_end(process);
    return good ? rc : -EPROTO;
}

static int without_standard_streams(void)
{
    return co_run(run_without_standard_streams, NULL, NULL) == 0 ? 0 : 1;
}

static void a_program_without_standard_streams_runs_others(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, without_standard_streams);
    assert_int_equal(child_end(&child), 0);
}

/* 1 and 2 change places, although they are made one after the other. */
static int run_swapped(void *arg)
{
    (void)arg;
    co_process *process;
    const struct co_process_options options = {.output = CO_PROCESS_FD,
        .error = CO_PROCESS_FD,
        .output_fd = STDERR_FILENO,
        .error_fd = STDOUT_FILENO};
    int rc = start_sh(&process, "echo out; echo err >&2", &options);
    if (rc == 0)
        rc = co_process_wait(process);
    co_process_end(process);
    return rc;
}

static int with_swapped_streams(void)
{
    struct pipe_ends out = pipe_new(), err = pipe_new();
    char text[4];
    if (dup2(out.write, STDOUT_FILENO) < 0 || dup2(err.write, STDERR_FILENO) < 0 ||
        co_run(run_swapped, NULL, NULL) != 0)
        return 1;
    if (read(out.read, text, sizeof text) != sizeof text || memcmp(text, "err\n", sizeof text) != 0)
        return 2;
    return read(err.read, text, sizeof text) == sizeof text && !memcmp(text, "out\n", sizeof text)
               ? 0
               : 3;
}

static void output_and_errors_can_change_places(void **state)
{
    static struct child child;
    (void)state;
    child_start(&child, with_swapped_streams);
    assert_int_equal(child_end(&child), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_errors_come_apart_or_together),
        cmocka_unit_test(errors_join_an_output_that_is_thrown_away),
        cmocka_unit_test(no_input_is_an_end_at_once),
        cmocka_unit_test(more_than_sockets_hold_goes_through_cat_and_back),
        cmocka_unit_test(writing_to_what_reads_no_more_fails),
        cmocka_unit_test(it_works_in_its_folder_with_its_environment),
        cmocka_unit_test(no_descriptor_of_ours_comes_along),
        cmocka_unit_test(it_blocks_no_signal_and_does_not_ignore_sigpipe),
        cmocka_unit_test(exit_codes_and_signals_are_told_apart),
        cmocka_unit_test(signals_reach_it_until_it_was_waited_for),
        cmocka_unit_test(a_deadline_kills_what_ignores_sigterm),
        cmocka_unit_test(without_grace_it_is_killed_at_once),
        cmocka_unit_test(cancellation_ends_the_wait_and_cleanup_the_process),
        cmocka_unit_test(in_a_scope_that_has_ended_nothing_starts),
        cmocka_unit_test(what_cannot_be_run_is_told_with_its_name),
        cmocka_unit_test(a_start_without_descriptors_leaves_nothing),
        cmocka_unit_test(ignored_ends_of_children_are_refused),
        cmocka_unit_test(there_are_no_processes_in_virtual_time),
        cmocka_unit_test(descriptors_of_ours_are_read_and_written),
        cmocka_unit_test(a_descriptor_that_is_not_open_is_refused),
        cmocka_unit_test(it_is_in_our_group_or_begins_one_of_its_own),
        cmocka_unit_test(a_signal_reaches_the_whole_group),
        cmocka_unit_test(the_end_leaves_nobody_of_the_group),
        cmocka_unit_test(who_outlives_it_in_its_group_is_still_reached),
        cmocka_unit_test(a_group_whose_number_may_be_anothers_is_not_reached),
        cmocka_unit_test(input_output_and_errors_go_in_one_call),
        cmocka_unit_test(what_goes_elsewhere_is_not_heard),
        cmocka_unit_test(input_that_nobody_reads_is_no_failure),
        cmocka_unit_test(who_prints_more_than_there_is_room_for_is_ended),
        cmocka_unit_test(a_deadline_ends_the_talk_and_the_process),
        cmocka_unit_test(a_cancellation_ends_the_talk_and_the_process),
        cmocka_unit_test(an_end_that_other_code_has_taken_is_told_so),
        cmocka_unit_test(who_waits_for_sigchld_gets_it_too),
        cmocka_unit_test(a_traced_process_has_ended_when_its_tracer_lets_it),
        cmocka_unit_test(hundreds_run_at_once),
        cmocka_unit_test(each_shard_has_its_own),
        cmocka_unit_test(a_program_without_standard_streams_runs_others),
        cmocka_unit_test(output_and_errors_can_change_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
