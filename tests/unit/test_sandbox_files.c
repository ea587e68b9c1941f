/* SPDX-License-Identifier: MIT */
/* Files: a server that somebody has taken over reads and writes only what it serves. */
#include "sandbox_rig.h"

#include <sys/syscall.h>

static long open_at(const char *name, int flags)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place, name);
    return result(open(path, flags | O_CLOEXEC, 0666));
}

ESCAPE(read_outside, FILES, true)
{
    return open_at("secret", O_RDONLY);
}

ESCAPE(read_outside_by_dots, FILES, true)
{
    return result(openat(cell->www, "../secret", O_RDONLY));
}

ESCAPE(read_passwd, FILES, true)
{
    return result(open("/etc/passwd", O_RDONLY));
}

ESCAPE(list_outside, FILES, true)
{
    return open_at("", O_RDONLY | O_DIRECTORY);
}

ESCAPE(list_the_root, FILES, true)
{
    return result(open("/", O_RDONLY | O_DIRECTORY));
}

ESCAPE(create_outside, FILES, true)
{
    return open_at("open/new", O_WRONLY | O_CREAT);
}

ESCAPE(write_outside, FILES, true)
{
    return open_at("open/file", O_WRONLY);
}

ESCAPE(truncate_outside, FILES, true)
{
    return open_at("open/file", O_RDWR | O_TRUNC);
}

ESCAPE(make_a_folder_outside, FILES, false)
{
    return result(mkdirat(cell->www, "../open/folder", 0777));
}

ESCAPE(remove_outside, FILES, false)
{
    return result(unlinkat(cell->www, "../open/file", 0));
}

ESCAPE(move_out, FILES, false)
{
    return result(renameat(cell->www, "inside", cell->www, "../open/inside"));
}

ESCAPE(move_in, FILES, false)
{
    return result(renameat(cell->www, "../open/file", cell->www, "file"));
}

ESCAPE(link_in, FILES, false)
{
    return result(linkat(cell->www, "../open/file", cell->www, "linked", 0));
}

ESCAPE(make_a_symbolic_link, CALLS, false)
{
    return result(symlinkat("/etc/passwd", cell->www, "link"));
}

ESCAPE(make_a_fifo, CALLS, false)
{
    return result(mknodat(cell->www, "fifo", S_IFIFO | 0666, 0));
}

ESCAPE(write_where_nobody_may, FILES_READ, true)
{
    return result(openat(cell->www, "inside", O_WRONLY));
}

ESCAPE(create_where_nobody_may, FILES_READ, true)
{
    return result(openat(cell->www, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

ESCAPE(cut_short_where_nobody_may, CALLS_READ, true)
{
    return result(ftruncate(cell->fd, 6));
}

ESCAPE(change_times_where_nobody_may_write, CALLS_READ, true)
{
    return result(utimensat(cell->www, "inside", NULL, 0));
}

ESCAPE(open_a_terminal, FILES, false)
{
    return result(open("/dev/ptmx", O_RDWR));
}

ESCAPE(write_its_own_memory, FILES, false)
{
    return result(open("/proc/self/mem", O_RDWR));
}

ESCAPE(read_its_own_maps, FILES, true)
{
    return result(open("/proc/self/maps", O_RDONLY));
}

ESCAPE(read_through_the_root_of_another, FILES, false)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/root/etc/passwd", (int)cell->outside);
    return result(open(path, O_RDONLY));
}

ESCAPE(read_the_command_lines_of_others, FILES, true)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)cell->outside);
    return result(open(path, O_RDONLY));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(cannot_read_outside),
    cmocka_unit_test(cannot_read_outside_by_dots),
    cmocka_unit_test(cannot_read_passwd),
    cmocka_unit_test(cannot_list_outside),
    cmocka_unit_test(cannot_list_the_root),
    cmocka_unit_test(cannot_create_outside),
    cmocka_unit_test(cannot_write_outside),
    cmocka_unit_test(cannot_truncate_outside),
    cmocka_unit_test(cannot_make_a_folder_outside),
    cmocka_unit_test(cannot_remove_outside),
    cmocka_unit_test(cannot_move_out),
    cmocka_unit_test(cannot_move_in),
    cmocka_unit_test(cannot_link_in),
    cmocka_unit_test(cannot_make_a_symbolic_link),
    cmocka_unit_test(cannot_make_a_fifo),
    cmocka_unit_test(cannot_write_where_nobody_may),
    cmocka_unit_test(cannot_create_where_nobody_may),
    cmocka_unit_test(cannot_cut_short_where_nobody_may),
    cmocka_unit_test(cannot_change_times_where_nobody_may_write),
    cmocka_unit_test(cannot_open_a_terminal),
    cmocka_unit_test(cannot_write_its_own_memory),
    cmocka_unit_test(cannot_read_its_own_maps),
    cmocka_unit_test(cannot_read_through_the_root_of_another),
    cmocka_unit_test(cannot_read_the_command_lines_of_others),
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
