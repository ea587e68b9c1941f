/* SPDX-License-Identifier: MIT */
/*
 * The sandbox of `coronet serve` from within: a process that somebody has taken over tries to get
 * out. Each attempt is made by a child that went in as the server does, with a ring of the
 * runtime's; those that anybody could make outside are first seen to succeed there.
 */
#include "child.h"

#include "cmd/privilege.h"
#include "cmd/sandbox.h"
#include "runtime/ring.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

enum { REFUSED = 1, NOT_HERE = 77 };

/* What an attempt has: the served folder `www` beside a secret and a folder open to everybody. */
struct cell {
    int www, fd;
    pid_t outside; /* a process outside: our parent */
    struct co_ring ring;
    struct co_sandbox granted;
};

static char place[] = "/tmp/coronet-sandbox-XXXXXX";
static struct sockaddr_in listening; /* somebody listens there */
static unsigned free_port;           /* that passive mode may use */
static unsigned other_port;          /* free, too */

/* Which part of the sandbox must be there for the attempt to fail. The last two: of a server by
 * HTTP alone, where nobody may write. */
enum need { FILES, PORTS, SIGNALS, CALLS, RING, FILES_READ, CALLS_READ };

/* 0 or more: it got out. */
typedef long attempt_fn(struct cell *cell);

static long result(long rc)
{
    return rc < 0 ? -errno : rc;
}

/* ---- going in ----------------------------------------------------------------------------- */

static void make_file(const char *name, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, "secret", 6) == 6 && fchmod(fd, mode) == 0);
    close(fd);
}

static void make_folder(const char *name, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place, name);
    assert_true(mkdir(path, 0700) == 0 && chmod(path, mode) == 0);
}

/* A port that was free a moment ago. */
static unsigned some_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static int set_up(void **state)
{
    socklen_t size = sizeof listening;
    (void)state;
    assert_non_null(mkdtemp(place));
    assert_int_equal(chmod(place, 0755), 0);
    make_folder("www", 0777);
    make_folder("open", 0777);
    make_file("secret", 0644);
    make_file("www/inside", 0666);
    make_file("open/file", 0666);
    listening =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&listening, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&listening, &size), 0);
    assert_int_equal(listen(fd, 100), 0);
    free_port = some_port();
    do
        other_port = some_port();
    while (other_port == free_port);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "exec rm -rf %s", place);
    return system(command);
}

static bool has(const struct cell *cell, enum need need)
{
    switch (need) {
    case FILES:
    case FILES_READ: return cell->granted.files;
    case PORTS: return cell->granted.ports;
    case SIGNALS: return cell->granted.signals || cell->granted.calls;
    case CALLS:
    case CALLS_READ: return cell->granted.calls;
    case RING: return cell->ring.fd >= 0;
    }
    return false;
}

static void become_nobody(void)
{
    struct co_identity nobody;
    if (geteuid() == 0 &&
        (co_identity_find("nobody", &nobody) < 0 || co_privileges_drop(&nobody) < 0))
        _exit(NOT_HERE);
}

static int go_in(struct cell *cell, enum need need)
{
    bool reads_only = need == FILES_READ || need == CALLS_READ;
    const struct co_sandbox_options options = {
        .directory_fd = cell->www,
        .writes = !reads_only,
        .listens = !reads_only,
        .passive_low = free_port,
        .passive_high = free_port,
    };
    if (co_privileges_forgo() < 0 || co_sandbox_enter(&options, &cell->granted) < 0 ||
        co_sandbox_seal(&cell->granted) < 0)
        return -1;
    return 0;
}

static _Noreturn void run(attempt_fn *attempt, enum need need, bool inside)
{
    struct cell cell = {.outside = getppid()};
    char path[128];
    alarm(PATIENCE_MS / 1000);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof path, "%s/www", place);
    become_nobody();
    cell.www = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    cell.fd = openat(cell.www, "inside", O_RDWR | O_CLOEXEC);
    if (co_ring_open(&cell.ring) < 0)
        cell.ring.fd = -1;
    if (cell.fd < 0 || (inside && go_in(&cell, need) < 0))
        _exit(2);
    if (inside && !has(&cell, need))
        _exit(NOT_HERE);
    _exit(attempt(&cell) < 0 ? REFUSED : 0);
}

/* The child's status. */
static int status_of(attempt_fn *attempt, enum need need, bool inside)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        run(attempt, need, inside);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void expect_failure(attempt_fn *attempt, enum need need, bool is_free)
{
    if (is_free)
        assert_int_equal(status_of(attempt, need, false), 0);
    int status = status_of(attempt, need, true);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
        skip();
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
        assert_int_equal(status, REFUSED << 8);
}

/* ESCAPE(name, need, is_free) { ... }: is_free: anybody can do that outside. */
#define ESCAPE(name, need, is_free)                                                                \
 static long try_to_##name(struct cell *cell);                                                     \
 static void cannot_##name(void **state)                                                           \
 {                                                                                                 \
  (void)state;                                                                                     \
  expect_failure(try_to_##name, need, is_free);                                                    \
 }                                                                                                 \
 static long try_to_##name(__attribute__((unused)) struct cell *cell)

/* ---- files -------------------------------------------------------------------------------- */

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

ESCAPE(make_a_socket_without_ftp, CALLS_READ, true)
{
    return result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
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

ESCAPE(call_as_a_32_bit_program, CALLS, false)
{
    long rc = 20; /* getpid; where the kernel has that door */
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

/* ---- the network -------------------------------------------------------------------------- */

static long open_socket(int family, int type, int protocol)
{
    return result(socket(family, type | SOCK_CLOEXEC, protocol));
}

static long bind_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = bind(fd, (struct sockaddr *)&address, sizeof address);
    return result(rc);
}

ESCAPE(connect_out, CALLS, true)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return result(connect(fd, (struct sockaddr *)&listening, sizeof listening));
}

ESCAPE(connect_out_by_sending, PORTS, false)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return result(
        sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&listening, sizeof listening));
}

ESCAPE(bind_a_port_of_services, PORTS, false)
{
    return bind_to(80);
}

ESCAPE(bind_another_port_than_it_may, PORTS, true)
{
    return bind_to(other_port);
}

ESCAPE(send_datagrams, CALLS, true)
{
    return open_socket(AF_INET, SOCK_DGRAM, 0);
}

ESCAPE(speak_multipath_tcp, CALLS, false)
{
    return open_socket(AF_INET, SOCK_STREAM, 262); /* IPPROTO_MPTCP */
}

ESCAPE(open_a_raw_socket, CALLS, false)
{
    return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

ESCAPE(open_a_packet_socket, CALLS, false)
{
    return open_socket(AF_PACKET, SOCK_RAW, 0);
}

ESCAPE(talk_to_the_kernel_by_netlink, CALLS, true)
{
    return open_socket(AF_NETLINK, SOCK_RAW, 0);
}

ESCAPE(open_a_unix_socket, CALLS, true)
{
    return open_socket(AF_UNIX, SOCK_STREAM, 0);
}

/* ---- the kernel --------------------------------------------------------------------------- */

ESCAPE(load_a_bpf_program, CALLS, false)
{
    char attributes[128] = {0};
    return result(syscall(SYS_bpf, 0, attributes, sizeof attributes));
}

ESCAPE(watch_events, CALLS, false)
{
    char attributes[128] = {0};
    return result(syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}

ESCAPE(handle_page_faults, CALLS, false)
{
    return result(syscall(SYS_userfaultfd, 0));
}

ESCAPE(use_keys, CALLS, false)
{
    return result(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
}

ESCAPE(load_a_module, CALLS, false)
{
    return result(syscall(SYS_finit_module, cell->fd, "", 0));
}

ESCAPE(read_the_kernels_log, CALLS, false)
{
    return result(syscall(SYS_syslog, 10, NULL, 0));
}

ESCAPE(type_into_the_terminal, CALLS, false)
{
    return result(ioctl(0, TIOCSTI, "x"));
}

ESCAPE(make_a_file_in_memory, CALLS, true)
{
    return result(memfd_create("x", 0));
}

ESCAPE(set_up_another_ring, CALLS, false)
{
    struct io_uring_params params = {0};
    return result(syscall(SYS_io_uring_setup, 4, &params));
}

ESCAPE(add_a_filter, CALLS, false)
{
    struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    const struct sock_fprog program = {1, &allow};
    return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

/* ---- through the ring, which no filter looks into ----------------------------------------- */

/* What the kernel answers to the request. */
static long ask(struct cell *cell, const struct io_uring_sqe *request)
{
    struct io_uring_cqe answer;
    struct io_uring_sqe *sqe = co_ring_request(&cell->ring);
    if (!sqe)
        return -EBUSY;
    *sqe = *request;
    int rc = co_ring_enter(&cell->ring, CO_RING_FOREVER);
    if (rc < 0)
        return rc;
    if (co_ring_ready(&cell->ring) == 0)
        return -EIO;
    co_ring_take(&cell->ring, &answer);
    return answer.res;
}

#define ADDRESS(at) (uint64_t)(uintptr_t)(at)

/* Not even inside: the ring itself refuses. */
ESCAPE(open_through_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
                         .fd = cell->www,
                         .addr = ADDRESS("inside"),
                         .open_flags = O_RDONLY});
}

ESCAPE(open_by_openat2_through_the_ring, RING, false)
{
    const struct open_how how = {.flags = O_RDONLY};
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_OPENAT2,
                         .fd = cell->www,
                         .addr = ADDRESS("inside"),
                         .len = sizeof how,
                         .off = ADDRESS(&how)});
}

ESCAPE(remove_through_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){
                         .opcode = IORING_OP_UNLINKAT, .fd = cell->www, .addr = ADDRESS("inside")});
}

ESCAPE(move_through_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_RENAMEAT,
                         .fd = cell->www,
                         .addr = ADDRESS("inside"),
                         .len = (uint32_t)cell->www,
                         .addr2 = ADDRESS("moved")});
}

ESCAPE(make_a_socket_through_the_ring, RING, false)
{
    return ask(
        cell, &(struct io_uring_sqe){
                  .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_DGRAM | SOCK_CLOEXEC});
}

ESCAPE(connect_through_the_ring, RING, false)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
                         .fd = fd,
                         .addr = ADDRESS(&listening),
                         .off = sizeof listening});
}

ESCAPE(write_through_the_ring, RING, false)
{
    return ask(
        cell, &(struct io_uring_sqe){
                  .opcode = IORING_OP_WRITE, .fd = cell->fd, .addr = ADDRESS("x"), .len = 1});
}

ESCAPE(send_commands_through_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_URING_CMD, .fd = cell->fd});
}

ESCAPE(link_requests_of_the_ring, RING, false)
{
    return ask(cell, &(struct io_uring_sqe){.opcode = IORING_OP_POLL_ADD,
                         .fd = cell->fd,
                         .poll_events = POLLIN,
                         .flags = IOSQE_IO_LINK});
}

ESCAPE(register_files_with_the_ring, RING, false)
{
    return co_ring_register(&cell->ring, IORING_REGISTER_FILES, &cell->fd, 1);
}

ESCAPE(register_an_identity_with_the_ring, RING, false)
{
    return co_ring_register(&cell->ring, IORING_REGISTER_PERSONALITY, NULL, 0);
}

ESCAPE(lift_the_restrictions_of_the_ring, RING, false)
{
    struct io_uring_restriction rule = {
        .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_OPENAT};
    return co_ring_register(&cell->ring, IORING_REGISTER_RESTRICTIONS, &rule, 1);
}

/* ---- what is left ------------------------------------------------------------------------- */

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
    int status = status_of(serve_or_exit, CALLS, true);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
        skip();
    assert_int_equal(status, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_serving_takes_is_left),
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
    cmocka_unit_test(cannot_make_a_socket_without_ftp),
    cmocka_unit_test(cannot_open_a_terminal),
    cmocka_unit_test(cannot_write_its_own_memory),
    cmocka_unit_test(cannot_read_its_own_maps),
    cmocka_unit_test(cannot_read_through_the_root_of_another),
    cmocka_unit_test(cannot_read_the_command_lines_of_others),
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
    cmocka_unit_test(cannot_connect_out),
    cmocka_unit_test(cannot_connect_out_by_sending),
    cmocka_unit_test(cannot_bind_a_port_of_services),
    cmocka_unit_test(cannot_bind_another_port_than_it_may),
    cmocka_unit_test(cannot_send_datagrams),
    cmocka_unit_test(cannot_speak_multipath_tcp),
    cmocka_unit_test(cannot_open_a_raw_socket),
    cmocka_unit_test(cannot_open_a_packet_socket),
    cmocka_unit_test(cannot_talk_to_the_kernel_by_netlink),
    cmocka_unit_test(cannot_open_a_unix_socket),
    cmocka_unit_test(cannot_load_a_bpf_program),
    cmocka_unit_test(cannot_watch_events),
    cmocka_unit_test(cannot_handle_page_faults),
    cmocka_unit_test(cannot_use_keys),
    cmocka_unit_test(cannot_load_a_module),
    cmocka_unit_test(cannot_read_the_kernels_log),
    cmocka_unit_test(cannot_type_into_the_terminal),
    cmocka_unit_test(cannot_make_a_file_in_memory),
    cmocka_unit_test(cannot_set_up_another_ring),
    cmocka_unit_test(cannot_add_a_filter),
    cmocka_unit_test(cannot_open_through_the_ring),
    cmocka_unit_test(cannot_open_by_openat2_through_the_ring),
    cmocka_unit_test(cannot_remove_through_the_ring),
    cmocka_unit_test(cannot_move_through_the_ring),
    cmocka_unit_test(cannot_make_a_socket_through_the_ring),
    cmocka_unit_test(cannot_connect_through_the_ring),
    cmocka_unit_test(cannot_write_through_the_ring),
    cmocka_unit_test(cannot_send_commands_through_the_ring),
    cmocka_unit_test(cannot_link_requests_of_the_ring),
    cmocka_unit_test(cannot_register_files_with_the_ring),
    cmocka_unit_test(cannot_register_an_identity_with_the_ring),
    cmocka_unit_test(cannot_lift_the_restrictions_of_the_ring),
#ifdef __x86_64__
    cmocka_unit_test(cannot_call_by_the_other_table),
    cmocka_unit_test(cannot_call_as_a_32_bit_program),
#endif
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
