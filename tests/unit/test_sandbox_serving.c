/* SPDX-License-Identifier: MIT */
/* What serving takes is left in the sandbox. */
#include "sandbox_rig.h"

#include <pthread.h>

static void *nothing(void *arg)
{
    return arg;
}

/* Not 0: the number of what does not work. */
static long serve(struct cell *cell)
{
    char bytes[8];
    pthread_t thread;
    int file = openat(cell->www, "upload", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int folder = openat(cell->www, ".", O_RDONLY | O_DIRECTORY);
    if (pread(cell->fd, bytes, sizeof bytes, 0) < 6)
        return 3;
    if (file < 0 || folder < 0 || write(file, "x", 1) != 1 || fsync(file) < 0)
        return 4;
    if (mkdirat(cell->www, "folder", 0777) < 0 ||
        renameat2(cell->www, "upload", cell->www, "folder/upload", RENAME_NOREPLACE) < 0)
        return 5;
    if (unlinkat(cell->www, "folder/upload", 0) < 0 ||
        unlinkat(cell->www, "folder", AT_REMOVEDIR) < 0)
        return 6;
    if (renameat2(cell->www, "link", cell->www, "moved", RENAME_NOREPLACE) < 0 ||
        unlinkat(cell->www, "moved", 0) < 0)
        return 10;
    if (bind_to(free_port) < 0)
        return 7;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return 8;
    const struct io_uring_sqe poll = {
        .opcode = IORING_OP_POLL_ADD, .fd = cell->fd, .poll_events = POLLIN};
    if (cell->ring.fd >= 0 && !(ask(cell, &poll) & POLLIN))
        return 9;
    return 0;
}

static long serve_or_exit(struct cell *cell)
{
    long rc = serve(cell);
    if (rc != 0)
        _exit((int)rc);
    return 0;
}

static void what_serving_takes_is_left(void **state)
{
    (void)state;
    char link[64];
    snprintf(link, sizeof link, "%s/www/link", place);
    assert_int_equal(symlink("inside", link), 0);
    int status = status_of(serve_or_exit, CALLS, true);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
        skip();
    assert_int_equal(status, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_serving_takes_is_left),
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
