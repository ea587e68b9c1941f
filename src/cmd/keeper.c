/* SPDX-License-Identifier: MIT */
#include "cmd/keeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct co_keeper {
    const struct co_kept_file *files;
    size_t count;
    pid_t pid;
    int socket;
    pthread_mutex_t lock; /* a question and its answer are one */
};

/* An answer: 0 or -errno, and a descriptor beside it when there is one. */
struct message {
    int32_t number;
    struct iovec piece;
    struct msghdr head;
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))];
};

static void message_begin(struct message *message)
{
    memset(message, 0, sizeof *message);
    message->piece = (struct iovec){&message->number, sizeof message->number};
    message->head.msg_iov = &message->piece;
    message->head.msg_iovlen = 1;
}

/* ---- in the keeper ------------------------------------------------------------------------ */

static int answer(int socket, int result)
{
    struct message message;
    message_begin(&message);
    message.number = result < 0 ? result : 0;
    if (result >= 0) {
        message.head.msg_control = message.room;
        message.head.msg_controllen = sizeof message.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message.head);
        *head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof result), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(head), &result, sizeof result);
    }
    return sendmsg(socket, &message.head, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Nobody of that user may look in. */
static int hide(void)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

static int open_and_answer(int socket, const struct co_kept_file *file)
{
    int fd = file->open(file->arg);
    int rc = answer(socket, fd);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* By a process of that user's for this once: from there is no way back. */
static int open_as_user(int socket, const struct co_kept_file *file)
{
    int status;
    pid_t pid = fork();
    if (pid < 0)
        return answer(socket, -errno);
    if (pid == 0) {
        int rc = co_privileges_drop(file->user);
        if (rc == 0)
            rc = hide();
        rc = rc < 0 ? answer(socket, rc) : open_and_answer(socket, file);
        _exit(rc < 0 ? 1 : 0);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status == 0 ? 0 : answer(socket, -EIO); /* there is always one answer */
}

static _Noreturn void run(int socket, const struct co_keeper *keeper)
{
    uint32_t number;
    int rc = hide();
    while (rc == 0 && recv(socket, &number, sizeof number, 0) == sizeof number) {
        const struct co_kept_file *file = number < keeper->count ? &keeper->files[number] : NULL;
        rc = !file        ? answer(socket, -EINVAL)
             : file->user ? open_as_user(socket, file)
                          : open_and_answer(socket, file);
    }
    _exit(0);
}

/* ---- in the server ------------------------------------------------------------------------ */

int co_keeper_start(struct co_keeper **ret, struct co_kept_file *files, size_t count)
{
    int ends[2];
    struct co_keeper *keeper = malloc(sizeof *keeper);
    if (!keeper)
        return -ENOMEM;
    int rc = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
    if (rc < 0)
        goto fail;
    keeper->files = files;
    keeper->count = count;
    keeper->pid = fork();
    if (keeper->pid == 0) {
        close(ends[0]); /* so that the server's end is the end */
        run(ends[1], keeper);
    }
    rc = keeper->pid < 0 ? -errno : 0;
    close(ends[1]);
    keeper->socket = ends[0];
    if (rc < 0)
        goto fail_open;
    pthread_mutex_init(&keeper->lock, NULL);
    for (size_t i = 0; i < count; i++)
        files[i].keeper = keeper;
    *ret = keeper;
    return 0;
fail_open:
    close(keeper->socket);
fail:
    free(keeper);
    return rc;
}

static int receive(int socket)
{
    struct message message;
    int fd;
    message_begin(&message);
    message.head.msg_control = message.room;
    message.head.msg_controllen = sizeof message.room;
    ssize_t n = recvmsg(socket, &message.head, MSG_CMSG_CLOEXEC);
    if (n < (ssize_t)sizeof message.number)
        return n < 0 ? -errno : -EPIPE;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message.head);
    if (message.number < 0 || !head)
        return message.number < 0 ? message.number : -EMFILE; /* no room for the descriptor */
    memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

int co_keeper_open(void *arg)
{
    const struct co_kept_file *file = arg;
    struct co_keeper *keeper = file->keeper;
    const uint32_t number = (uint32_t)(file - keeper->files);
    pthread_mutex_lock(&keeper->lock);
    ssize_t n = send(keeper->socket, &number, sizeof number, MSG_NOSIGNAL);
    int rc = n < 0 ? -errno : receive(keeper->socket);
    pthread_mutex_unlock(&keeper->lock);
    return rc;
}

void co_keeper_stop(struct co_keeper *keeper)
{
    if (!keeper)
        return;
    close(keeper->socket);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}
