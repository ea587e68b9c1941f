/* SPDX-License-Identifier: MIT */
#include "cmd/syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Other processors have other tables of system calls, and mostly none of ours. */
#if defined(__x86_64__) || defined(__aarch64__)

# ifdef __x86_64__
#  define PROCESSOR AUDIT_ARCH_X86_64
# else
#  define PROCESSOR AUDIT_ARCH_AARCH64
# endif

# define ALLOW  SECCOMP_RET_ALLOW
# define KILL   SECCOMP_RET_KILL_PROCESS
# define REFUSE (SECCOMP_RET_ERRNO | EPERM)
# define ABSENT (SECCOMP_RET_ERRNO | ENOSYS)

/* The newest call of Linux 6.1. Of later ones the C library must think that they do not exist, and
 * go the way that it went before. */
# define NEWEST_KNOWN 450

# define X32_BIT 0x40000000U /* x86-64: another table under the same name */

# define INSTRUCTIONS_MAX 1024

struct program {
    unsigned short size;
    struct sock_filter at[INSTRUCTIONS_MAX];
};

/* ---- rules ---------------------------------------------------------------------------------- */

/* The first rule that applies decides. Only the lower half of an argument is looked at: all of
 * these are ints, or flags that the kernel has none of in the upper half. */
struct rule {
    uint32_t call;
    enum { ALWAYS, IF, UNLESS } when; /* (argument & mask) == value */
    uint32_t action;
    uint32_t argument, mask, value;
};

# define ALL 0xffffffffU

# define CLONE_SPACES                                                                              \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |    \
      CLONE_NEWNET)

/* First, for the kernel keeps a table of what is allowed whatever the arguments are, and runs the
 * program for these alone. */
static const struct rule by_argument[] = {
    /* Not TIOCSTI, which types into the terminal that we were started from. */
    {SYS_ioctl, IF, ALLOW, 1, ALL, FIONREAD},
    {SYS_ioctl, IF, ALLOW, 1, ALL, TIOCOUTQ},
    /* Nothing becomes code that was not there at the start. */
    {SYS_mmap, UNLESS, REFUSE, 2, PROT_EXEC, 0},
    {SYS_mmap, ALWAYS, ALLOW, 0, 0, 0},
    {SYS_mprotect, UNLESS, REFUSE, 2, PROT_EXEC, 0},
    {SYS_mprotect, ALWAYS, ALLOW, 0, 0, 0},
    /* Threads, no processes. The flags of clone3 lie in memory, where no filter sees them. */
    {SYS_clone, IF, ALLOW, 0, CLONE_SPACES | CLONE_THREAD, CLONE_THREAD},
    {SYS_clone3, ALWAYS, ABSENT, 0, 0, 0},
    /* No signals to others when a descriptor is ready. */
    {SYS_fcntl, IF, REFUSE, 1, ALL, F_SETOWN},
    {SYS_fcntl, IF, REFUSE, 1, ALL, F_SETOWN_EX},
    {SYS_fcntl, IF, REFUSE, 1, ALL, F_SETSIG},
    {SYS_fcntl, ALWAYS, ALLOW, 0, 0, 0},
    {SYS_ioctl, IF, ALLOW, 1, ALL, (uint32_t)FICLONE},
    {SYS_ioctl, IF, ALLOW, 1, ALL, TCGETS},
    {SYS_prctl, IF, ALLOW, 0, ALL, PR_SET_NAME},
    /* What the monitor's answers come by. */
    {SYS_socketpair, IF, ALLOW, 0, ALL, AF_UNIX},
    /* Our own limits: to ask, or to lower what cannot be raised again. */
    {SYS_prlimit64, IF, ALLOW, 0, ALL, 0},
};

static const uint32_t allowed[] = {
    /* input and output */
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
    SYS_preadv2, SYS_pwritev2, SYS_lseek, SYS_sendfile, SYS_splice, SYS_pipe2, SYS_close, SYS_dup,
    SYS_dup3, SYS_flock, SYS_fadvise64, SYS_fsync, SYS_fdatasync,
    /* files */
    SYS_openat, SYS_openat2, SYS_newfstatat, SYS_fstat, SYS_statx, SYS_fstatfs, SYS_getdents64,
    SYS_readlinkat, SYS_faccessat, SYS_faccessat2,
    /* connections */
    SYS_listen, SYS_accept4, SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt,
    SYS_shutdown, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg,
    /* waiting */
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_ppoll, SYS_eventfd2,
    SYS_signalfd4, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
    /* time and chance */
    SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_getrandom,
    /* memory */
    SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_sysinfo,
    /* threads */
    SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_sched_yield, SYS_sched_getaffinity,
    SYS_membarrier, SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigtimedwait,
    SYS_sigaltstack, SYS_restart_syscall, SYS_exit, SYS_exit_group, SYS_seccomp, SYS_wait4};

/* No path is told from another here: Landlock does that, but knows nothing of modes and times. */
static const uint32_t writing[] = {SYS_mkdirat, SYS_unlinkat, SYS_linkat, SYS_renameat,
    SYS_renameat2, SYS_ftruncate, SYS_fallocate, SYS_copy_file_range, SYS_fchmod, SYS_fchmodat,
    SYS_utimensat, SYS_sync_file_range, SYS_syncfs};

/* Before all others, since nothing is called more often. What is refused would connect unseen by
 * Landlock. */
static const struct rule no_fast_open[] = {
    {SYS_sendto, UNLESS, REFUSE, 3, MSG_FASTOPEN, 0},
    {SYS_sendto, ALWAYS, ALLOW, 0, 0, 0},
    {SYS_sendmsg, UNLESS, REFUSE, 2, MSG_FASTOPEN, 0},
    {SYS_sendmsg, ALWAYS, ALLOW, 0, 0, 0},
    {SYS_sendmmsg, UNLESS, REFUSE, 3, MSG_FASTOPEN, 0},
};

static const struct rule sockets[] = {
    /* TCP alone: not its relatives, of which Landlock knows nothing. */
    {SYS_socket, UNLESS, REFUSE, 1, 0xf, SOCK_STREAM},
    {SYS_socket, UNLESS, REFUSE, 2, ~(uint32_t)IPPROTO_TCP, 0},
    {SYS_socket, IF, ALLOW, 0, ALL, AF_INET},
    {SYS_socket, IF, ALLOW, 0, ALL, AF_INET6},
    {SYS_bind, ALWAYS, ALLOW, 0, 0, 0},
};

/* Nobody calls these by mistake. */
static const uint32_t deadly[] = {
    /* other programs and processes */
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
    SYS_pidfd_getfd, SYS_pidfd_send_signal,
    /* other ids and other worlds */
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid,
    SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_chroot, SYS_pivot_root, SYS_unshare, SYS_setns,
    SYS_personality,
    /* file systems */
    SYS_mount, SYS_umount2, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
    SYS_fspick, SYS_mount_setattr, SYS_swapon, SYS_swapoff, SYS_quotactl, SYS_quotactl_fd, SYS_acct,
    SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_fanotify_init,
    /* the kernel */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_init_module, SYS_finit_module,
    SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot, SYS_syslog,
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname,
    SYS_setdomainname,
    /* keys */
    SYS_keyctl, SYS_add_key, SYS_request_key};

/* Calls that only this processor has, some of them older names for those above. */
# ifdef __x86_64__
static const uint32_t allowed_here[] = {SYS_epoll_wait, SYS_poll, SYS_dup2, SYS_time, SYS_readlink};
static const uint32_t deadly_here[] = {SYS_fork, SYS_vfork, SYS_iopl, SYS_ioperm, SYS_modify_ldt};
# endif

# define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- the program ------------------------------------------------------------------------------
 */

static void add(struct program *program, uint16_t code, uint32_t value, uint8_t yes, uint8_t no)
{
    /* What finds no room is missed at the end, where the whole is not applied. */
    if (program->size < INSTRUCTIONS_MAX)
        program->at[program->size] = (struct sock_filter){code, yes, no, value};
    program->size++;
}

static void load(struct program *program, size_t offset)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void decide(struct program *program, uint32_t action)
{
    add(program, BPF_RET | BPF_K, action, 0, 0);
}

static void add_rule(struct program *program, const struct rule *rule)
{
    enum { IF_EQUAL = BPF_JMP | BPF_JEQ | BPF_K };
    if (rule->when == ALWAYS) {
        add(program, IF_EQUAL, rule->call, 0, 1);
        decide(program, rule->action);
        return;
    }
    uint8_t skips_if_equal = rule->when == UNLESS;
    add(program, IF_EQUAL, rule->call, 0, 5);
    load(program, offsetof(struct seccomp_data, args) + 8 * rule->argument);
    add(program, BPF_ALU | BPF_AND | BPF_K, rule->mask, 0, 0);
    add(program, IF_EQUAL, rule->value, skips_if_equal, !skips_if_equal);
    decide(program, rule->action);
    load(program, offsetof(struct seccomp_data, nr));
}

static void add_rules(struct program *program, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_rule(program, &rules[i]);
}

static void add_calls(struct program *program, const uint32_t *calls, size_t count, uint32_t action)
{
    for (size_t i = 0; i < count; i++)
        add_rule(program, &(struct rule){.call = calls[i], .action = action});
}

/* The lower half of an argument lies at its start: both processors are little-endian. */
static struct program *begin(void)
{
    struct program *program = malloc(sizeof *program);
    if (!program)
        return NULL;
    program->size = 0;
    load(program, offsetof(struct seccomp_data, arch));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, PROCESSOR, 1, 0);
    decide(program, KILL);
    load(program, offsetof(struct seccomp_data, nr));
    return program;
}

/* For all threads; frees the program. */
static int apply(struct program *program)
{
    const struct sock_fprog whole = {program->size, program->at};
    long rc = -1;
    int error = E2BIG;
    if (program->size <= INSTRUCTIONS_MAX) {
        rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &whole);
        error = errno == EINVAL ? ENOSYS : errno;
    }
    free(program);
    if (rc < 0)
        return -error;
    return rc > 0 ? -ESRCH : 0; /* a thread has a filter that is not ours */
}

int co_filter_apply(const struct co_filter_options *options)
{
    struct program *program = begin();
    if (!program)
        return -ENOMEM;
# ifdef __x86_64__
    add(program, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    decide(program, KILL);
# endif
    if (options->listens)
        add_rules(program, no_fast_open, COUNT(no_fast_open));
    add_rules(program, by_argument, COUNT(by_argument));
    /* An abort of our own; no signal to anybody else. */
    add_rule(program, &(struct rule){SYS_tgkill, IF, ALLOW, 0, ALL, (uint32_t)getpid()});
    if (options->listens)
        add_rules(program, sockets, COUNT(sockets));
    add_calls(program, allowed, COUNT(allowed), ALLOW);
    if (options->writes)
        add_calls(program, writing, COUNT(writing), ALLOW);
    add_calls(program, deadly, COUNT(deadly), KILL);
# ifdef __x86_64__
    add_calls(program, allowed_here, COUNT(allowed_here), ALLOW);
    add_calls(program, deadly_here, COUNT(deadly_here), KILL);
# endif
    add(program, BPF_JMP | BPF_JGT | BPF_K, NEWEST_KNOWN, 0, 1);
    decide(program, ABSENT);
    decide(program, REFUSE);
    return apply(program);
}

int co_filter_seal(void)
{
    static const uint32_t spent[] = {SYS_io_uring_setup, SYS_seccomp};
    struct program *program = begin();
    if (!program)
        return -ENOMEM;
    add_calls(program, spent, COUNT(spent), REFUSE);
    decide(program, ALLOW);
    return apply(program);
}

#else

int co_filter_apply(const struct co_filter_options *options)
{
    (void)options;
    return -ENOSYS;
}

int co_filter_seal(void)
{
    return -ENOSYS;
}

#endif
