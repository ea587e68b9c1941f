/* SPDX-License-Identifier: MIT */
/* Uploads whose bytes come through a pipe. */
#include "upload_rig.h"

#include <fcntl.h>
#include <sys/resource.h>

#define MUCH  (4u << 20) /* after that a pipe is worth its making */
#define PIECE 5000

/* An upload of which much has come. */
static struct co_upload *begin_much(const char *path, struct co_upload_options options)
{
    static const char zeros[65536];
    struct co_upload *upload = begin(path, options);
    for (size_t left = MUCH; left > 0; left -= sizeof zeros) {
        assert_int_equal(co_upload_pipe(upload), -1);
        assert_int_equal(co_upload_write(upload, zeros, sizeof zeros), 0);
    }
    return upload;
}

static struct co_upload *begin_bulk(const char *path, struct co_upload_options options)
{
    struct co_upload *upload = begin_much(path, options);
    assert_true(co_upload_pipe(upload) >= 0);
    return upload;
}

static int move(struct co_upload *upload, char letter)
{
    char bytes[PIECE];
    memset(bytes, letter, sizeof bytes);
    assert_int_equal(write(co_upload_pipe(upload), bytes, sizeof bytes), sizeof bytes);
    return co_upload_drain(upload, sizeof bytes);
}

/* The bytes behind the zeros are so many of each letter, in that order. */
static void assert_tail(const char *path, const char *letters)
{
    char bytes[PIECE], expected[PIECE];
    struct stat st;
    char full[64];
    snprintf(full, sizeof full, "root/%s", path);
    int fd = openat(base.fd, full, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, MUCH + PIECE * strlen(letters));
    for (off_t at = MUCH; *letters; letters++, at += PIECE) {
        memset(expected, *letters, sizeof expected);
        assert_int_equal(pread(fd, bytes, PIECE, at), PIECE);
        assert_memory_equal(bytes, expected, PIECE);
    }
    close(fd);
}

static void bulk_goes_through_a_pipe_into_the_file(void **state)
{
    (void)state;
    struct co_upload *upload = begin_bulk("file", anew);
    int pipe_fd = co_upload_pipe(upload);
    assert_int_equal(move(upload, 'a'), 0);
    assert_int_equal(move(upload, 'b'), 0);
    assert_int_equal(co_upload_pipe(upload), pipe_fd);
    assert_int_equal(co_upload_size(upload), MUCH + 2 * PIECE);
    assert_int_equal(quota.bytes_used, MUCH + 2 * PIECE);
    finish(upload);
    assert_tail("file", "ab");
    assert_int_equal(fcntl(pipe_fd, F_GETFD), -1);
}

static void a_file_system_without_splice_gets_copies(void **state)
{
    (void)state;
    struct co_upload *upload = begin_bulk("file", anew);
    assert_int_equal(move(upload, 'a'), 0);
    assert_int_equal(fcntl(upload->fd, F_SETFL, O_APPEND), 0); /* splice(2) refuses that, too */
    assert_int_equal(move(upload, 'b'), 0);
    assert_int_equal(co_upload_pipe(upload), -1);
    assert_int_equal(co_upload_write(upload, "", 0), 0);
    finish(upload);
    assert_tail("file", "ab");
}

static void without_a_pipe_bytes_are_copied(void **state)
{
    char bytes[PIECE];
    struct rlimit before, none;
    (void)state;
    struct co_upload *upload = begin_much("file", anew);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(co_upload_pipe(upload), -1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(co_upload_pipe(upload), -1); /* it is not tried again */
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(co_upload_write(upload, bytes, sizeof bytes), 0);
    finish(upload);
    assert_tail("file", "a");
}

static void what_comes_by_a_pipe_is_counted_f18(void **state)
{
    (void)state;
    quota.bytes_max = MUCH + PIECE + 10;
    struct co_upload *upload = begin_bulk("file", anew);
    assert_int_equal(move(upload, 'a'), 0);
    assert_int_equal(move(upload, 'b'), -EDQUOT);
    assert_int_equal(co_upload_size(upload), MUCH + PIECE);
    assert_int_equal(quota.bytes_used, MUCH + PIECE);
    assert_int_equal(upload->pipe[0], -1); /* nothing of it can come up later */
    co_upload_abort(upload, true);
    assert_int_equal(quota.bytes_used, 0);
}

static void more_than_a_file_may_have_is_refused_from_a_pipe_too(void **state)
{
    (void)state;
    struct co_upload_options options = anew;
    options.size_max = MUCH + PIECE;
    struct co_upload *upload = begin_bulk("file", options);
    assert_int_equal(move(upload, 'a'), 0);
    assert_int_equal(move(upload, 'b'), -EFBIG);
    co_upload_abort(upload, true);
    assert_int_equal(partial_of("file"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(bulk_goes_through_a_pipe_into_the_file),
        TREE_TEST(a_file_system_without_splice_gets_copies),
        TREE_TEST(without_a_pipe_bytes_are_copied),
        TREE_TEST(what_comes_by_a_pipe_is_counted_f18),
        TREE_TEST(more_than_a_file_may_have_is_refused_from_a_pipe_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
