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
    pid_t pid;
    int socket;
    pthread_mutex_t lock; /* a question and its answer are one */
};

/* A message: a number, and a descriptor beside it when there is one. */
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

static _Noreturn void run(int socket, int (*open)(void *arg), void *arg)
{
    char question;
    int rc = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    while (rc == 0 && recv(socket, &question, 1, 0) == 1) {
        int fd = open(arg);
        rc = answer(socket, fd);
        if (fd >= 0)
            close(fd);
    }
    _exit(0);
}

/* ---- in the server ------------------------------------------------------------------------ */

int co_keeper_start(
    struct co_keeper **ret, int (*open)(void *arg), void *arg, const struct co_identity *user)
{
    int ends[2];
    struct co_keeper *keeper = malloc(sizeof *keeper);
    if (!keeper)
        return -ENOMEM;
    int rc = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
    if (rc < 0)
        goto fail;
    keeper->pid = fork();
    if (keeper->pid == 0) {
        close(ends[0]); /* so that the server's end is the end */
        if (!user || co_privileges_drop(user) == 0)
            run(ends[1], open, arg);
        _exit(1);
    }
    rc = keeper->pid < 0 ? -errno : 0;
    close(ends[1]);
    keeper->socket = ends[0];
    if (rc < 0)
        goto fail_open;
    pthread_mutex_init(&keeper->lock, NULL);
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
    struct co_keeper *keeper = arg;
    pthread_mutex_lock(&keeper->lock);
    ssize_t n = send(keeper->socket, "?", 1, MSG_NOSIGNAL);
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
