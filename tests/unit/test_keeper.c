/* SPDX-License-Identifier: MIT */
/* The process that opens files again, asked by whoever has taken the server over, too. */
#include "fibers.h"

#include "cmd/keeper.h"

#include <sys/mman.h>
#include <sys/stat.h>
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
    struct co_keeper *keeper;
    struct co_kept_file files[] = {{.open = open_word, .arg = (void *)(uintptr_t)first},
        {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    assert_int_equal(co_keeper_start(&keeper, files, 2), 0);
    assert_opens(&files[1], second);
    assert_opens(&files[0], first);
    assert_opens(&files[1], second);
    co_keeper_stop(keeper);
}

static void number_that_is_not_in_the_list_is_refused(void **state)
{
    struct co_keeper *keeper;
    struct co_kept_file files[2] = {{.open = open_word, .arg = (void *)(uintptr_t)first}};
    (void)state;
    assert_int_equal(co_keeper_start(&keeper, files, 1), 0);
    files[1].keeper = keeper;
    assert_int_equal(co_keeper_open(&files[1]), -EINVAL);
    assert_opens(&files[0], first);
    co_keeper_stop(keeper);
}

static void file_that_cannot_be_opened_is_an_error_and_no_end(void **state)
{
    struct co_keeper *keeper;
    struct co_kept_file files[] = {
        {.open = open_nothing}, {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    assert_int_equal(co_keeper_start(&keeper, files, 2), 0);
    assert_int_equal(co_keeper_open(&files[0]), -ENOENT);
    assert_opens(&files[1], second);
    co_keeper_stop(keeper);
}

/* Whoever is not root cannot become anybody: that is an answer, too. */
static void opener_that_dies_as_another_user_is_an_error_and_no_end(void **state)
{
    struct co_keeper *keeper;
    const struct co_identity nobody = {.uid = 65534, .gid = 65534};
    struct co_kept_file files[] = {
        {.open = die, .user = &nobody}, {.open = open_word, .arg = (void *)(uintptr_t)second}};
    (void)state;
    assert_int_equal(co_keeper_start(&keeper, files, 2), 0);
    assert_int_equal(co_keeper_open(&files[0]), geteuid() == 0 ? -EIO : -EPERM);
    assert_opens(&files[1], second);
    co_keeper_stop(keeper);
}

static void keeper_that_is_gone_is_an_error(void **state)
{
    struct co_keeper *keeper;
    struct co_kept_file file = {.open = die};
    (void)state;
    assert_int_equal(co_keeper_start(&keeper, &file, 1), 0);
    int rc = co_keeper_open(&file);
    assert_true(rc == -EPIPE || rc == -ECONNRESET);
    assert_int_equal(co_keeper_open(&file), -EPIPE);
    co_keeper_stop(keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_is_opened_by_its_number),
        cmocka_unit_test(number_that_is_not_in_the_list_is_refused),
        cmocka_unit_test(file_that_cannot_be_opened_is_an_error_and_no_end),
        cmocka_unit_test(opener_that_dies_as_another_user_is_an_error_and_no_end),
        cmocka_unit_test(keeper_that_is_gone_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
