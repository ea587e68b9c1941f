/* SPDX-License-Identifier: MIT */
/*
 * Child processes as the kernel has them: how they are started, signalled and waited for. A child
 * is known by its pidfd, which never means a stranger, as its number may once it was waited for.
 */
#ifndef CO_RUNTIME_CHILD_H
#define CO_RUNTIME_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* What stands in `stdio` beside a descriptor. */
enum { CO_CHILD_INHERITS = -1, CO_CHILD_NULL = -2 };

struct co_child {
    const char *const *argv;
    const char *const *environment; /* NULL: ours */
    const char *folder;             /* NULL: ours */
    int stdio[3]; /* what its 0, 1 and 2 are: ours, /dev/null, or a descriptor; done in that order,
                     so that 1 in the last place is what it has there */
    bool own_group;
    pid_t ret_pid;
    int ret_fd; /* its pidfd, which is adopted */
};

/* Makes two connected sockets, the second of them to be a child's: it is none of 0, 1 and 2, which
 * may be free here, and are made for the child one after the other. 0 or -errno. */
int co_child_pair(int ret_ends[2]);

/* A child's end that is a descriptor of the caller's: a copy of it, none of 0, 1 and 2. It, or
 * -errno. */
int co_child_copy(int fd);

/* Closes an end that has not been adopted; negative: none. */
void co_child_close_end(int end);

/* Starts the struct co_child; a task for co_block. Returns: 0; -errno, and then nothing is left of
 * it; -ECHILD when this program ignores SIGCHLD, and could not be told how its children end. */
int co_child_start(void *child);

/* Kills a child that nobody is going to know of, and waits for it. Blocks for a moment. */
void co_child_discard(const struct co_child *child);

/* Send a signal to it, or to all of the group that began with it, whose number is nobody else's
 * before it has been waited for. 0, -ESRCH when it has been, -EINVAL and other -errno. */
int co_child_signal(int pidfd, int signal);
int co_child_signal_group(int pidfd, pid_t group, int signal);

/* Takes note of its end; `stays`: it is a zombie then, and will be asked again. 0; -EAGAIN when it
 * has not ended, -ECHILD when somebody else has. */
int co_child_wait(int pidfd, bool stays, siginfo_t *ret_end);

#endif
