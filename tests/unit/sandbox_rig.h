/* SPDX-License-Identifier: MIT */
/*
 * The sandbox of `coronet serve` from within: a process that somebody has taken over tries to get
 * out. Each attempt is made by a child that went in as the server does, with a ring of the
 * runtime's; those that anybody could make outside are first seen to succeed there.
 */
#ifndef CO_TEST_SANDBOX_RIG_H
#define CO_TEST_SANDBOX_RIG_H

#include "child.h"

#include "cmd/privilege.h"
#include "cmd/sandbox.h"
#include "runtime/ring.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

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

static inline long result(long rc)
{
    return rc < 0 ? -errno : rc;
}

/* ---- going in ----------------------------------------------------------------------------- */

static inline void make_file(const char *name, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, "secret", 6) == 6 && fchmod(fd, mode) == 0);
    close(fd);
}

static inline void make_folder(const char *name, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place, name);
    assert_true(mkdir(path, 0700) == 0 && chmod(path, mode) == 0);
}

/* A port that was free a moment ago. */
static inline unsigned some_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "exec rm -rf %s", place);
    return system(command);
}

static inline bool has(const struct cell *cell, enum need need)
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

static inline void become_nobody(void)
{
    struct co_identity nobody;
    if (geteuid() == 0 &&
        (co_identity_find("nobody", &nobody) < 0 || co_privileges_drop(&nobody) < 0))
        _exit(NOT_HERE);
}

static inline int go_in(struct cell *cell, enum need need)
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

static inline _Noreturn void run(attempt_fn *attempt, enum need need, bool inside)
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
static inline int status_of(attempt_fn *attempt, enum need need, bool inside)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        run(attempt, need, inside);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static inline void expect_failure(attempt_fn *attempt, enum need need, bool is_free)
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

/* ---- what more than one program asks for ---------------------------------------------------- */

static inline long bind_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = bind(fd, (struct sockaddr *)&address, sizeof address);
    return result(rc);
}

/* What the kernel answers to the request. */
static inline long ask(struct cell *cell, const struct io_uring_sqe *request)
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

#endif
