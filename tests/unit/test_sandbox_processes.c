/* SPDX-License-Identifier: MIT */
/* Programs, other processes, new code, other identities: nothing of that from within. */
#include "sandbox_rig.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* ---- programs and processes --------------------------------------------------------------- */

static char *const words[] = {(char *)(uintptr_t) "true", NULL};

ESCAPE(execute, CALLS, true)
{
    return result(execv("/bin/true", words));
}

ESCAPE(execute_by_a_descriptor, CALLS, false)
{
    return result(fexecve(cell->fd, words, words));
}

ESCAPE(fork, CALLS, true)
{
    return result(fork());
}

ESCAPE(fork_and_execute, CALLS, true)
{
    pid_t pid = fork();
    if (pid == 0)
        execv("/bin/true", words);
    return result(pid);
}

ESCAPE(start_a_process_by_clone3, CALLS, true)
{
    uint64_t arguments[8] = {[4] = SIGCHLD};
    return result(syscall(SYS_clone3, arguments, sizeof arguments));
}

ESCAPE(trace_another, CALLS, false)
{
    return result(ptrace(PTRACE_SEIZE, cell->outside, 0, 0));
}

ESCAPE(be_traced, CALLS, true)
{
    return result(ptrace(PTRACE_TRACEME, 0, 0, 0));
}

ESCAPE(read_the_memory_of_another, CALLS, false)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {&place, 1};
    return result(process_vm_readv(cell->outside, &here, 1, &there, 1, 0));
}

ESCAPE(signal_another, SIGNALS, false)
{
    return result(kill(cell->outside, 0));
}

ESCAPE(signal_everybody, SIGNALS, false)
{
    return result(kill(-1, 0));
}

ESCAPE(signal_a_thread_of_another, SIGNALS, false)
{
    return result(syscall(SYS_tgkill, cell->outside, cell->outside, 0));
}

ESCAPE(signal_through_a_pidfd, SIGNALS, false)
{
    long fd = syscall(SYS_pidfd_open, cell->outside, 0);
    return result(fd < 0 ? -1 : syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
}

ESCAPE(signal_through_a_descriptor, CALLS, true)
{
    return result(fcntl(cell->fd, F_SETOWN, getpid()));
}

ESCAPE(change_the_limits_of_another, CALLS, false)
{
    const struct rlimit limit = {100, 100};
    return result(prlimit(cell->outside, RLIMIT_NOFILE, &limit, NULL));
}

ESCAPE(dump_core, CALLS, false)
{
    const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    return result(setrlimit(RLIMIT_CORE, &limit));
}

ESCAPE(become_dumpable_again, CALLS, true)
{
    return result(prctl(PR_SET_DUMPABLE, 1));
}

/* ---- code --------------------------------------------------------------------------------- */

ESCAPE(map_new_code, CALLS, true)
{
    void *at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -errno : 0;
}

ESCAPE(make_data_code, CALLS, true)
{
    static _Alignas(4096) char page[4096];
    return result(mprotect(page, sizeof page, PROT_READ | PROT_EXEC));
}

#ifdef __x86_64__
ESCAPE(call_by_the_other_table, CALLS, false)
{
    return result(syscall(0x40000000 + SYS_getpid));
}

static void no_such_door(int number)
{
    (void)number;
    _exit(NOT_HERE);
}

ESCAPE(call_as_a_32_bit_program, CALLS, false)
{
    long rc = 20;                  /* getpid */
    signal(SIGSEGV, no_such_door); /* ia32_emulation=off */
    __asm__ volatile("int $0x80" : "+a"(rc) : : "memory", "r8", "r9", "r10", "r11");
    return rc;
}
#endif

/* ---- ids and worlds ----------------------------------------------------------------------- */

ESCAPE(become_root, CALLS, false)
{
    return result(setuid(0));
}

ESCAPE(set_any_id, CALLS, true)
{
    return result(syscall(SYS_setresuid, -1, -1, -1));
}

ESCAPE(join_groups, CALLS, false)
{
    const gid_t group = 0;
    return result(syscall(SYS_setgroups, 1, &group));
}

ESCAPE(mount, CALLS, false)
{
    return result(mount("none", place, "tmpfs", 0, NULL));
}

ESCAPE(unmount, CALLS, false)
{
    return result(umount2("/proc", MNT_DETACH));
}

ESCAPE(change_its_root, CALLS, false)
{
    return result(chroot(place));
}

ESCAPE(enter_a_user_namespace, CALLS, false)
{
    return result(unshare(CLONE_NEWUSER));
}

ESCAPE(join_a_namespace, CALLS, false)
{
    return result(setns(cell->fd, 0));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(cannot_execute),
    cmocka_unit_test(cannot_execute_by_a_descriptor),
    cmocka_unit_test(cannot_fork),
    cmocka_unit_test(cannot_fork_and_execute),
    cmocka_unit_test(cannot_start_a_process_by_clone3),
    cmocka_unit_test(cannot_trace_another),
    cmocka_unit_test(cannot_be_traced),
    cmocka_unit_test(cannot_read_the_memory_of_another),
    cmocka_unit_test(cannot_signal_another),
    cmocka_unit_test(cannot_signal_everybody),
    cmocka_unit_test(cannot_signal_a_thread_of_another),
    cmocka_unit_test(cannot_signal_through_a_pidfd),
    cmocka_unit_test(cannot_signal_through_a_descriptor),
    cmocka_unit_test(cannot_change_the_limits_of_another),
    cmocka_unit_test(cannot_dump_core),
    cmocka_unit_test(cannot_become_dumpable_again),
    cmocka_unit_test(cannot_map_new_code),
    cmocka_unit_test(cannot_make_data_code),
    cmocka_unit_test(cannot_become_root),
    cmocka_unit_test(cannot_set_any_id),
    cmocka_unit_test(cannot_join_groups),
    cmocka_unit_test(cannot_mount),
    cmocka_unit_test(cannot_unmount),
    cmocka_unit_test(cannot_change_its_root),
    cmocka_unit_test(cannot_enter_a_user_namespace),
    cmocka_unit_test(cannot_join_a_namespace),
#ifdef __x86_64__
    cmocka_unit_test(cannot_call_by_the_other_table),
    cmocka_unit_test(cannot_call_as_a_32_bit_program),
#endif
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
