/* SPDX-License-Identifier: MIT */
/* Whatever becomes of a file is noticed, once, when it has come to rest. */
#include "test.h"

#include "cmd/watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/coronet-watch-XXXXXX", path[64], other[64], link_path[64];

static void fill(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(other);
    unlink(link_path);
    int rc = rmdir(folder);
    memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
    return rc;
}

/* A change is told by the look behind the one that sees it, and not again. */
static void assert_noticed(struct co_watch *watch)
{
    assert_false(co_watch_look(watch));
    assert_int_equal(co_watch_pause_ms(watch), CO_WATCH_SETTLE_MS);
    assert_true(co_watch_look(watch));
    assert_int_equal(co_watch_pause_ms(watch), CO_WATCH_MS);
    assert_false(co_watch_look(watch));
}

static void every_kind_of_change_is_noticed_once(void **state)
{
    struct co_watch watch = {0};
    const struct timespec long_ago[] = {{1, 0}, {1, 0}};
    (void)state;
    co_watch_add(&watch, path);
    co_watch_begin(&watch);
    assert_false(co_watch_look(&watch));
    fill(path, "one"); /* it comes, */
    assert_noticed(&watch);
    fill(path, "three"); /* grows, */
    assert_noticed(&watch);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0); /* is another by its time alone, */
    assert_noticed(&watch);
    fill(other, "other"); /* is replaced by one of the same size and time, */
    assert_int_equal(utimensat(AT_FDCWD, other, long_ago, 0), 0);
    assert_int_equal(rename(other, path), 0);
    assert_noticed(&watch);
    assert_int_equal(unlink(path), 0); /* goes */
    assert_noticed(&watch);
}

static void a_link_that_is_turned_is_noticed(void **state)
{
    struct co_watch watch = {0};
    (void)state;
    fill(path, "one");
    fill(other, "two");
    assert_int_equal(symlink("file", link_path), 0);
    co_watch_add(&watch, link_path);
    co_watch_begin(&watch);
    assert_false(co_watch_look(&watch));
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(symlink("other", link_path), 0);
    assert_noticed(&watch);
}

static void what_is_still_being_written_is_waited_for(void **state)
{
    struct co_watch watch = {0};
    (void)state;
    co_watch_add(&watch, path);
    co_watch_add(&watch, other);
    co_watch_begin(&watch);
    fill(path, "half");
    assert_false(co_watch_look(&watch));
    fill(path, "and half");
    assert_false(co_watch_look(&watch));
    fill(other, "its key");
    assert_false(co_watch_look(&watch));
    assert_true(co_watch_look(&watch));
    assert_false(co_watch_look(&watch));
}

static void what_has_been_read_meanwhile_is_known(void **state)
{
    struct co_watch watch = {0};
    (void)state;
    assert_int_equal(co_watch_pause_ms(&watch), -1);
    co_watch_add(&watch, path);
    co_watch_begin(&watch);
    fill(path, "one");
    assert_false(co_watch_look(&watch));
    co_watch_begin(&watch);
    assert_false(co_watch_look(&watch));
}

/* A pipe is another one, by its times, whenever it has been read. */
static void what_is_no_file_is_left_alone(void **state)
{
    struct co_watch watch = {0};
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    co_watch_add(&watch, path);
    co_watch_begin(&watch);
    assert_int_equal(utimensat(AT_FDCWD, path, NULL, 0), 0);
    assert_false(co_watch_look(&watch));
    assert_false(co_watch_look(&watch));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_change_is_noticed_once),
        TEST(a_link_that_is_turned_is_noticed),
        TEST(what_is_still_being_written_is_waited_for),
        TEST(what_has_been_read_meanwhile_is_known),
        TEST(what_is_no_file_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
