/* SPDX-License-Identifier: MIT */
/* What an upload starts from is taken over: by a reflink, by the kernel, or by hand. */
#include "upload_rig.h"

#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

enum way { REAL, CLONE, KERNEL, HAND };

static struct {
    enum way way;
    bool is_cut;     /* a clone is of a source that somebody has just cut to one byte */
    unsigned clones; /* that were made */
    unsigned copies; /* by the kernel */
} taking;

/* A reflink as other programs see it, on any file system. */
static int clone_as_if(int to, int from)
{
    char bytes[64];
    if (taking.is_cut)
        put("root/file", "i");
    ssize_t n = pread(from, bytes, sizeof bytes, 0);
    return n < 0 || pwrite(to, bytes, (size_t)n, 0) != n ? -1 : 0;
}

/* In the place of libc's. */
int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    int rc = -1;
    if (request != FICLONE || taking.way == REAL)
        rc = (int)syscall(SYS_ioctl, fd, request, argument);
    else if (taking.way == CLONE)
        rc = clone_as_if(fd, (int)argument);
    else
        errno = EOPNOTSUPP;
    if (rc == 0 && request == FICLONE)
        taking.clones++;
    return rc;
}

ssize_t copy_file_range(
    int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags)
{
    ssize_t n = -1;
    if (taking.way == HAND)
        errno = EOPNOTSUPP;
    else
        n = syscall(SYS_copy_file_range, from, from_at, to, to_at, size, flags);
    if (n > 0)
        taking.copies++;
    return n;
}

/* An append and an upload from a part of the file, in a way; nothing counts twice. */
static void take_over(enum way way)
{
    memset(&taking, 0, sizeof taking);
    taking.way = way;
    put("root/file", "inside");
    quota.bytes_used = 6;
    struct co_upload *upload = begin("file", append);
    assert_int_equal(co_upload_size(upload), 6);
    add(upload, ", more");
    finish(upload);
    assert_string_equal(content_of("root/file"), "inside, more");
    assert_int_equal(quota.bytes_used, 12);
    upload = begin("file", resume(2));
    assert_int_equal(co_upload_size(upload), 2);
    add(upload, "!");
    finish(upload);
    assert_string_equal(content_of("root/file"), "in!");
    assert_int_equal(quota.bytes_used, 3);
}

static void a_reflink_is_made_where_the_file_system_can(void **state)
{
    (void)state;
    take_over(CLONE);
    assert_int_equal(taking.clones, 2);
    assert_int_equal(taking.copies, 0);
}

static void elsewhere_the_kernel_copies_or_else_we_do(void **state)
{
    (void)state;
    take_over(KERNEL);
    assert_int_equal(taking.copies, 2);
    take_over(HAND);
    assert_int_equal(taking.clones + taking.copies, 0);
}

/* On file systems of the day, as btrfs and xfs. */
static void a_reflink_of_this_file_system_is_none_of_copying(void **state)
{
    (void)state;
    take_over(REAL);
    if (taking.clones == 0) {
        print_message("no reflinks in /tmp: the copy was tested\n");
        assert_int_equal(taking.copies, 2);
        skip();
    }
    assert_int_equal(taking.clones, 2);
    assert_int_equal(taking.copies, 0);
}

static void a_reflink_of_a_file_that_was_cut_meanwhile_is_refused(void **state)
{
    (void)state;
    taking.way = CLONE;
    taking.is_cut = true;
    put("root/file", "inside");
    quota.bytes_used = 6;
    assert_int_equal(try_open("file", append), -EINVAL);
    assert_int_equal(names_in("root"), 1);
    assert_int_equal(quota.bytes_used, 6); /* who cut it tells no quota */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_reflink_is_made_where_the_file_system_can),
        TREE_TEST(elsewhere_the_kernel_copies_or_else_we_do),
        TREE_TEST(a_reflink_of_this_file_system_is_none_of_copying),
        TREE_TEST(a_reflink_of_a_file_that_was_cut_meanwhile_is_refused),
    };
    return run_in_each_world(tests);
}
