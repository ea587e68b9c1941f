/* SPDX-License-Identifier: MIT */
#include "cmd/keeper.h"

#include "cmd/active.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { OPEN, READY, CONNECT, LIST, CHECK };

#define PARCEL_FDS   2 /* the most that travel with a question */
#define CHILDREN_MAX 8 /* questions that take a while, at once */

struct co_keeper {
    struct co_keeper_options options;
    unsigned children;
    int worker, monitor; /* the two ends; -1: not ours, or none yet */
    bool is_ready;
};

struct question {
    uint32_t kind;
    uint32_t number; /* of a file; a port */
    uint32_t name_size, password_size;
    char name[CO_SECRETS_NAME_MAX], password[CO_SECRETS_PASSWORD_MAX];
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

int co_keeper_new(struct co_keeper **ret, const struct co_keeper_options *options)
{
    struct co_keeper *keeper = malloc(sizeof *keeper);
    if (!keeper)
        return -ENOMEM;
    *keeper = (struct co_keeper){.options = *options, .worker = -1, .monitor = -1};
    for (size_t i = 0; i < options->count; i++)
        options->files[i].keeper = keeper;
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

/* An answer: a result, and perhaps a descriptor beside it, which is closed. It may find
 * nobody, and waits for nobody to read it. */
static void answer(int socket, int32_t number, int fd)
{
    const int fds[PARCEL_FDS] = {fd, -1};
    (void)parcel_send(socket, &number, sizeof number, fds, MSG_DONTWAIT);
    forget(&fd);
}

static void answer_fd(int socket, int result)
{
    answer(socket, result < 0 ? result : 0, result);
}

/* The file with the question's number, or NULL. */
static const struct co_kept_file *file_of(
    const struct co_keeper *keeper, const struct question *question)
{
    const struct co_keeper_options *options = &keeper->options;
    return question->number < options->count ? &options->files[question->number] : NULL;
}

static void answer_check(
    const struct co_keeper *keeper, const struct question *question, int socket)
{
    const co_text name = {question->name, question->name_size};
    const co_text password = {question->password, question->password_size};
    if (name.size > sizeof question->name || password.size > sizeof question->password)
        answer(socket, -EINVAL, -1);
    else
        answer(socket, co_vault_check(keeper->options.vault, name, password), -1);
}

/* As the file's user, from whom there is no way back. */
static void answer_open_as_user(
    const struct co_keeper *keeper, const struct question *question, int socket)
{
    const struct co_kept_file *file = file_of(keeper, question);
    int rc = file ? co_privileges_drop(file->user) : -EINVAL;
    answer_fd(socket, rc < 0 ? rc : file->open(file->arg));
}

static void answer_slowly(
    const struct co_keeper *keeper, const struct question *question, int socket)
{
    switch (question->kind) {
    case OPEN: answer_open_as_user(keeper, question, socket); break;
    case LIST: answer_fd(socket, co_vault_list(keeper->options.vault, keeper->is_ready)); break;
    default: answer_check(keeper, question, socket);
    }
}

/* By a process of its own. If it dies on the way the socket's end is the answer. */
static void answer_in_child(struct co_keeper *keeper, const struct question *question, int socket)
{
    pid_t pid = keeper->children < CHILDREN_MAX ? fork() : -1;
    if (pid == 0) {
        answer_slowly(keeper, question, socket);
        _exit(0);
    }
    if (pid < 0)
        answer(socket, -EAGAIN, -1);
    else
        keeper->children++;
}

static void answer_open(struct co_keeper *keeper, const struct question *question, int socket)
{
    const struct co_kept_file *file = file_of(keeper, question);
    if (!file)
        answer(socket, -EINVAL, -1);
    else if (file->user)
        answer_in_child(keeper, question, socket);
    else
        answer_fd(socket, file->open(file->arg));
}

static void answer_question(struct co_keeper *keeper, const struct question *question, int fds[2])
{
    const struct co_keeper_options *options = &keeper->options;
    switch (question->kind) {
    case OPEN: answer_open(keeper, question, fds[0]); break;
    case LIST:
    case CHECK: answer_in_child(keeper, question, fds[0]); break;
    case CONNECT:
        answer_fd(fds[0], co_active_begin(options->doors, fds[1], question->number));
        break;
    case READY:
        keeper->is_ready = true;
        answer(fds[0], 0, -1);
        break;
    default: answer(fds[0], -EINVAL, -1);
    }
}

void co_keeper_answer(struct co_keeper *keeper)
{
    struct question question;
    int fds[PARCEL_FDS]; /* for the answer, and the one that the question is about */
    int rc = parcel_receive(keeper->monitor, &question, sizeof question, fds);
    if (rc == 0 && fds[0] >= 0)
        answer_question(keeper, &question, fds);
    explicit_bzero(&question, sizeof question);
    for (int i = 0; i < PARCEL_FDS; i++)
        forget(&fds[i]);
    if (rc < 0 && rc != -EINVAL)
        forget(&keeper->monitor);
}

void co_keeper_child_ended(struct co_keeper *keeper)
{
    keeper->children--;
}

int co_keeper_socket(const struct co_keeper *keeper)
{
    return keeper->monitor;
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
    *ret_fd = -1;
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
    return ask_for_fd(file->keeper, OPEN, (uint32_t)(file - file->keeper->options.files), -1);
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

int co_keeper_list(void *keeper)
{
    return ask_for_fd(keeper, LIST, 0, -1);
}

int co_keeper_check(void *keeper, co_text name, co_text password)
{
    struct question question = {.kind = CHECK};
    int fd;
    if (name.size > sizeof question.name || password.size > sizeof question.password)
        return 0;
    question.name_size = (uint32_t)name.size;
    question.password_size = (uint32_t)password.size;
    if (name.size > 0)
        memcpy(question.name, name.at, name.size);
    if (password.size > 0)
        memcpy(question.password, password.at, password.size);
    int rc = ask(keeper, &question, -1, &fd);
    explicit_bzero(&question, sizeof question);
    return rc;
}
