/* SPDX-License-Identifier: MIT */
#include "cmd/keeper.h"

#include "cmd/active.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { OPEN, READY, CONNECT };

#define PARCEL_FDS 2 /* the most that travel with a question */

struct co_keeper {
    const struct co_kept_file *files;
    size_t count;
    const struct co_doors *control;
    int worker, monitor; /* the two ends; -1: not ours, or none yet */
    bool is_ready;
};

struct question {
    uint32_t kind;
    uint32_t number; /* of a file; a port */
};

/* Bytes that travel with descriptors. */
struct parcel {
    struct iovec piece;
    struct msghdr head;
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(PARCEL_FDS * sizeof(int))];
};

static void parcel_init(struct parcel *parcel, void *bytes, size_t size)
{
    memset(parcel, 0, sizeof *parcel);
    parcel->piece = (struct iovec){bytes, size};
    parcel->head.msg_iov = &parcel->piece;
    parcel->head.msg_iovlen = 1;
    parcel->head.msg_control = parcel->room;
    parcel->head.msg_controllen = sizeof parcel->room;
}

/* fds: up to the first that is -1. 0 or -errno. */
static int parcel_send(
    int socket, const void *bytes, size_t size, const int fds[PARCEL_FDS], int flags)
{
    struct parcel parcel;
    size_t count = 0;
    parcel_init(&parcel, (void *)(uintptr_t)bytes, size);
    while (count < PARCEL_FDS && fds[count] >= 0)
        count++;
    parcel.head.msg_controllen = count ? CMSG_SPACE(count * sizeof *fds) : 0;
    struct cmsghdr *head = CMSG_FIRSTHDR(&parcel.head);
    if (head) {
        *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof *fds),
            .cmsg_level = SOL_SOCKET,
            .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(head), fds, count * sizeof *fds);
    }
    return sendmsg(socket, &parcel.head, MSG_NOSIGNAL | flags) < 0 ? -errno : 0;
}

/* ret_fds: those that came, then -1. 0; -EPIPE at the end; -EINVAL when it is not that many bytes;
 * -errno. */
static int parcel_receive(int socket, void *bytes, size_t size, int ret_fds[PARCEL_FDS])
{
    struct parcel parcel;
    ssize_t n;
    parcel_init(&parcel, bytes, size);
    do
        n = recvmsg(socket, &parcel.head, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    for (int i = 0; i < PARCEL_FDS; i++)
        ret_fds[i] = -1;
    if (n <= 0)
        return n < 0 ? -errno : -EPIPE;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&parcel.head);
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fds, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
    return (size_t)n == size ? 0 : -EINVAL;
}

static void forget(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- both --------------------------------------------------------------------------------- */

int co_keeper_new(struct co_keeper **ret, struct co_kept_file *files, size_t count,
    const struct co_doors *control)
{
    struct co_keeper *keeper = malloc(sizeof *keeper);
    if (!keeper)
        return -ENOMEM;
    *keeper = (struct co_keeper){
        .files = files,
        .count = count,
        .control = control,
        .worker = -1,
        .monitor = -1,
    };
    for (size_t i = 0; i < count; i++)
        files[i].keeper = keeper;
    *ret = keeper;
    return 0;
}

void co_keeper_free(struct co_keeper *keeper)
{
    if (!keeper)
        return;
    forget(&keeper->worker);
    forget(&keeper->monitor);
    free(keeper);
}

int co_keeper_begin(struct co_keeper *keeper)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    forget(&keeper->worker);
    forget(&keeper->monitor);
    keeper->worker = ends[0];
    keeper->monitor = ends[1];
    keeper->is_ready = false;
    return 0;
}

void co_keeper_is_worker(struct co_keeper *keeper)
{
    forget(&keeper->monitor);
}

void co_keeper_is_monitor(struct co_keeper *keeper)
{
    forget(&keeper->worker);
}

/* ---- in the monitor ----------------------------------------------------------------------- */

/* An answer: 0 or -errno, and a descriptor beside it when there is one. It may find nobody, and
 * waits for nobody to read it. */
static void answer(int socket, int result)
{
    int32_t number = result < 0 ? result : 0;
    const int fds[PARCEL_FDS] = {result, -1};
    (void)parcel_send(socket, &number, sizeof number, fds, MSG_DONTWAIT);
}

static void answer_and_close(int socket, int result)
{
    answer(socket, result);
    forget(&result);
}

/* By a process of that user's for this once: from there is no way back. If it dies on the way the
 * socket's end is the answer. */
static void open_as_user(int socket, const struct co_kept_file *file)
{
    pid_t pid = fork();
    if (pid < 0)
        answer(socket, -errno);
    if (pid == 0) {
        int rc = co_privileges_drop(file->user);
        if (rc < 0)
            answer(socket, rc);
        else
            answer_and_close(socket, file->open(file->arg));
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void answer_open(const struct co_keeper *keeper, uint32_t number, int socket)
{
    const struct co_kept_file *file = number < keeper->count ? &keeper->files[number] : NULL;
    if (!file)
        answer(socket, -EINVAL);
    else if (file->user)
        open_as_user(socket, file);
    else
        answer_and_close(socket, file->open(file->arg));
}

int co_keeper_socket(const struct co_keeper *keeper)
{
    return keeper->monitor;
}

static void answer_question(struct co_keeper *keeper, const struct question *question, int fds[2])
{
    switch (question->kind) {
    case OPEN: answer_open(keeper, question->number, fds[0]); break;
    case CONNECT:
        answer_and_close(fds[0], co_active_begin(keeper->control, fds[1], question->number));
        break;
    case READY:
        keeper->is_ready = true;
        answer(fds[0], 0);
        break;
    default: answer(fds[0], -EINVAL);
    }
}

void co_keeper_answer(struct co_keeper *keeper)
{
    struct question question;
    int fds[PARCEL_FDS]; /* for the answer, and the one that the question is about */
    int rc = parcel_receive(keeper->monitor, &question, sizeof question, fds);
    if (rc == 0 && fds[0] >= 0)
        answer_question(keeper, &question, fds);
    for (int i = 0; i < PARCEL_FDS; i++)
        forget(&fds[i]);
    if (rc < 0 && rc != -EINVAL)
        forget(&keeper->monitor);
}

bool co_keeper_heard_ready(const struct co_keeper *keeper)
{
    return keeper->is_ready;
}

/* ---- in the worker ------------------------------------------------------------------------ */

/* about: the descriptor that the question is about, or -1. 0, with a descriptor at *ret_fd when one
 * came with the answer, else -1; or -errno. */
static int ask(
    const struct co_keeper *keeper, const struct question *question, int about, int *ret_fd)
{
    int ends[2], fds[PARCEL_FDS];
    int32_t number;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    fds[0] = ends[1];
    fds[1] = about;
    int rc = parcel_send(keeper->worker, question, sizeof *question, fds, 0);
    close(ends[1]); /* so that the other one's end is the end */
    if (rc == 0)
        rc = parcel_receive(ends[0], &number, sizeof number, fds);
    close(ends[0]);
    if (rc < 0)
        return rc;
    *ret_fd = fds[0];
    return number;
}

/* A descriptor or -errno. */
static int ask_for_fd(const struct co_keeper *keeper, enum kind kind, uint32_t number, int about)
{
    int fd;
    int rc = ask(keeper, &(struct question){.kind = kind, .number = number}, about, &fd);
    if (rc == 0 && fd < 0)
        rc = -EMFILE; /* no room for it */
    return rc < 0 ? rc : fd;
}

int co_keeper_open(void *arg)
{
    const struct co_kept_file *file = arg;
    return ask_for_fd(file->keeper, OPEN, (uint32_t)(file - file->keeper->files), -1);
}

int co_keeper_connect(void *keeper, int control, unsigned port)
{
    return ask_for_fd(keeper, CONNECT, port, control);
}

int co_keeper_ready(struct co_keeper *keeper)
{
    int fd;
    return ask(keeper, &(struct question){.kind = READY}, -1, &fd);
}
