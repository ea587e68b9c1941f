/* SPDX-License-Identifier: MIT */
#include "cmd/keeper.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { OPEN, READY };

struct co_keeper {
    const struct co_kept_file *files;
    size_t count;
    int worker, monitor; /* the two ends; -1: not ours, or none yet */
    bool is_ready;
};

struct question {
    uint32_t kind;
    uint32_t number; /* of a file */
};

/* Bytes that travel with a descriptor. */
struct parcel {
    struct iovec piece;
    struct msghdr head;
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))];
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

/* fd: -1 for none. 0 or -errno. */
static int parcel_send(int socket, const void *bytes, size_t size, int fd, int flags)
{
    struct parcel parcel;
    parcel_init(&parcel, (void *)(uintptr_t)bytes, size);
    if (fd < 0) {
        parcel.head.msg_control = NULL;
        parcel.head.msg_controllen = 0;
    } else {
        struct cmsghdr *head = CMSG_FIRSTHDR(&parcel.head);
        *head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    return sendmsg(socket, &parcel.head, MSG_NOSIGNAL | flags) < 0 ? -errno : 0;
}

/* The descriptor, or -1 when there came none, at *ret_fd. 0; -EPIPE at the end; -EINVAL when it is
 * not that many bytes; -errno. */
static int parcel_receive(int socket, void *bytes, size_t size, int *ret_fd)
{
    struct parcel parcel;
    ssize_t n;
    parcel_init(&parcel, bytes, size);
    do
        n = recvmsg(socket, &parcel.head, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    *ret_fd = -1;
    if (n <= 0)
        return n < 0 ? -errno : -EPIPE;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&parcel.head);
    if (head && head->cmsg_len == CMSG_LEN(sizeof *ret_fd) && head->cmsg_level == SOL_SOCKET &&
        head->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(head), sizeof *ret_fd);
    return (size_t)n == size ? 0 : -EINVAL;
}

static void forget(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- both --------------------------------------------------------------------------------- */

int co_keeper_new(struct co_keeper **ret, struct co_kept_file *files, size_t count)
{
    struct co_keeper *keeper = malloc(sizeof *keeper);
    if (!keeper)
        return -ENOMEM;
    *keeper = (struct co_keeper){.files = files, .count = count, .worker = -1, .monitor = -1};
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
    (void)parcel_send(socket, &number, sizeof number, result, MSG_DONTWAIT);
}

static void open_and_answer(int socket, const struct co_kept_file *file)
{
    int fd = file->open(file->arg);
    answer(socket, fd);
    forget(&fd);
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
            open_and_answer(socket, file);
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
        open_and_answer(socket, file);
}

int co_keeper_socket(const struct co_keeper *keeper)
{
    return keeper->monitor;
}

void co_keeper_answer(struct co_keeper *keeper)
{
    struct question question;
    int socket;
    int rc = parcel_receive(keeper->monitor, &question, sizeof question, &socket);
    if (rc == 0 && socket >= 0 && question.kind == OPEN) {
        answer_open(keeper, question.number, socket);
    } else if (rc == 0 && socket >= 0) {
        keeper->is_ready |= question.kind == READY;
        answer(socket, question.kind == READY ? 0 : -EINVAL);
    }
    forget(&socket);
    if (rc < 0 && rc != -EINVAL)
        forget(&keeper->monitor);
}

bool co_keeper_heard_ready(const struct co_keeper *keeper)
{
    return keeper->is_ready;
}

/* ---- in the worker ------------------------------------------------------------------------ */

/* *ret_fd: the descriptor that came with the answer, or -1. 0 or -errno. */
static int ask(const struct co_keeper *keeper, const struct question *question, int *ret_fd)
{
    int ends[2];
    int32_t number = -EPIPE;
    *ret_fd = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    int rc = parcel_send(keeper->worker, question, sizeof *question, ends[1], 0);
    close(ends[1]); /* so that the other one's end is the end */
    if (rc == 0)
        rc = parcel_receive(ends[0], &number, sizeof number, ret_fd);
    close(ends[0]);
    return rc < 0 ? rc : number;
}

int co_keeper_open(void *arg)
{
    const struct co_kept_file *file = arg;
    const struct co_keeper *keeper = file->keeper;
    const struct question question = {
        .kind = OPEN,
        .number = (uint32_t)(file - keeper->files),
    };
    int fd;
    int rc = ask(keeper, &question, &fd);
    if (rc == 0 && fd < 0)
        rc = -EMFILE; /* no room for the descriptor */
    return rc < 0 ? rc : fd;
}

int co_keeper_ready(struct co_keeper *keeper)
{
    int fd;
    return ask(keeper, &(struct question){.kind = READY}, &fd);
}
