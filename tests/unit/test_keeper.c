/* SPDX-License-Identifier: MIT */
/* What the monitor does for its worker, asked by whoever has taken the worker over, too. */
#include "fibers.h"

#include "cmd/keeper.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char first[] = "first", second[] = "second";

/* A file that holds the word. */
static int open_word(void *arg)
{
    const char *word = arg;
    int fd = memfd_create("word", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    return write(fd, word, strlen(word)) == (ssize_t)strlen(word) ? fd : -EIO;
}

static int open_nothing(void *arg)
{
    (void)arg;
    return -ENOENT;
}

static int die(void *arg)
{
    (void)arg;
    _exit(3);
}

/* The monitor is another process here, so that the worker's side can be looked at. */
struct rig {
    struct co_keeper *keeper;
    pid_t monitor;
};

static struct rig rig_open(struct co_kept_file *files, size_t count)
{
    struct rig rig;
    assert_int_equal(co_keeper_new(&rig.keeper, files, count), 0);
    assert_int_equal(co_keeper_begin(rig.keeper), 0);
    rig.monitor = fork();
    assert_true(rig.monitor >= 0);
    if (rig.monitor == 0) {
        co_keeper_is_monitor(rig.keeper);
        while (co_keeper_socket(rig.keeper) >= 0)
            co_keeper_answer(rig.keeper);
        _exit(co_keeper_heard_ready(rig.keeper));
    }
    co_keeper_is_worker(rig.keeper);
    return rig;
}

/* The monitor's exit code: whether it heard that we serve. */
static int rig_close(struct rig *rig)
{
    int status;
    co_keeper_free(rig->keeper);
    assert_int_equal(waitpid(rig->monitor, &status, 0), rig->monitor);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_opens(struct co_kept_file *file, const char *word)
{
    char text[16] = "";
    int fd = co_keeper_open(file);
    assert_true(fd >= 0);
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    assert_string_equal(text, word);
    close(fd);
}

static void each_file_is_opened_by_its_number(void **state)
{
    struct co_kept_file files[] = {{.open = open_word, .arg = (void *)(uintptr_t)first},
        {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    struct rig rig = rig_open(files, 2);
    assert_opens(&files[1], second);
    assert_opens(&files[0], first);
    assert_opens(&files[1], second);
    assert_int_equal(rig_close(&rig), 0);
}

static void number_that_is_not_in_the_list_is_refused(void **state)
{
    struct co_kept_file files[2] = {{.open = open_word, .arg = (void *)(uintptr_t)first}};
    (void)state;
    struct rig rig = rig_open(files, 1);
    files[1].keeper = rig.keeper;
    assert_int_equal(co_keeper_open(&files[1]), -EINVAL);
    assert_opens(&files[0], first);
    assert_int_equal(rig_close(&rig), 0);
}

static void file_that_cannot_be_opened_is_an_error_and_no_end(void **state)
{
    struct co_kept_file files[] = {
        {.open = open_nothing}, {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    struct rig rig = rig_open(files, 2);
    assert_int_equal(co_keeper_open(&files[0]), -ENOENT);
    assert_opens(&files[1], second);
    assert_int_equal(rig_close(&rig), 0);
}

/* Whoever is not root cannot become anybody: that is an answer, too. */
static void opener_that_dies_as_another_user_is_an_error_and_no_end(void **state)
{
    const struct co_identity nobody = {.uid = 65534, .gid = 65534};
    struct co_kept_file files[] = {
        {.open = die, .user = &nobody}, {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    struct rig rig = rig_open(files, 2);
    assert_int_equal(co_keeper_open(&files[0]), geteuid() == 0 ? -EPIPE : -EPERM);
    assert_opens(&files[1], second);
    assert_int_equal(rig_close(&rig), 0);
}

static void monitor_that_is_gone_is_an_error(void **state)
{
    struct co_kept_file file = {.open = die};
    int status;
    (void)state;
    struct rig rig = rig_open(&file, 1);
    assert_int_equal(co_keeper_open(&file), -EPIPE);
    assert_int_equal(co_keeper_open(&file), -EPIPE);
    assert_int_equal(waitpid(rig.monitor, &status, 0), rig.monitor);
    co_keeper_free(rig.keeper);
}

static void worker_that_serves_is_heard(void **state)
{
    (void)state;
    struct rig rig = rig_open(NULL, 0);
    assert_int_equal(co_keeper_ready(rig.keeper), 0);
    assert_int_equal(rig_close(&rig), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_is_opened_by_its_number),
        cmocka_unit_test(number_that_is_not_in_the_list_is_refused),
        cmocka_unit_test(file_that_cannot_be_opened_is_an_error_and_no_end),
        cmocka_unit_test(opener_that_dies_as_another_user_is_an_error_and_no_end),
        cmocka_unit_test(monitor_that_is_gone_is_an_error),
        cmocka_unit_test(worker_that_serves_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
