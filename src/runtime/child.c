/* SPDX-License-Identifier: MIT */
#include "runtime/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_OTHER (STDERR_FILENO + 1) /* the first descriptor that a child does not get */

/* ---- its ends ---------------------------------------------------------------------------------
 */

int co_child_copy(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OTHER);
    return copy < 0 ? -errno : copy;
}

/* Moves a descriptor out of the way of 0, 1 and 2. It, or -errno with it closed. */
static int raised(int end)
{
    if (end >= FIRST_OTHER)
        return end;
    int above = co_child_copy(end);
    close(end);
    return above;
}

int co_child_pair(int ret_ends[2])
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    ends[1] = raised(ends[1]);
    if (ends[1] < 0) {
        close(ends[0]);
        return ends[1];
    }
    ret_ends[0] = ends[0];
    ret_ends[1] = ends[1];
    return 0;
}

void co_child_close_end(int end)
{
    if (end >= 0)
        close(end);
}

/* ---- starting ---------------------------------------------------------------------------------
 */

/* Its descriptors in their order. All others are closed, for not every library opens its own
 * close-on-exec. An errno. */
static int actions_fill(posix_spawn_file_actions_t *actions, const struct co_child *child)
{
    int error = child->folder ? posix_spawn_file_actions_addchdir_np(actions, child->folder) : 0;
    for (int i = 0; error == 0 && i < FIRST_OTHER; i++) {
        int from = child->stdio[i], flags = i == STDIN_FILENO ? O_RDONLY : O_WRONLY;
        if (from == CO_CHILD_NULL)
            error = posix_spawn_file_actions_addopen(actions, i, "/dev/null", flags, 0);
        else if (from >= 0)
            error = posix_spawn_file_actions_adddup2(actions, from, i);
    }
    return error ? error : posix_spawn_file_actions_addclosefrom_np(actions, FIRST_OTHER);
}

/* What we block (SIGPIPE, those that are waited for) the child does not, and SIGPIPE ends it. What
 * else is ignored stays so, as with any exec: nohup, and a shell's background, are meant for it. */
static void attributes_fill(posix_spawnattr_t *attributes, bool own_group)
{
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t none, reset;
    sigemptyset(&none);
    sigemptyset(&reset);
    sigaddset(&reset, SIGPIPE);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &reset);
    posix_spawnattr_setflags(attributes, own_group ? flags | POSIX_SPAWN_SETPGROUP : flags);
}

/* posix_spawnp with all of that. 0 or -errno. */
static int spawn(struct co_child *child)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    char *const *argv = (char *const *)(uintptr_t)child->argv; /* exec only reads them */
    char *const *envp = (char *const *)(uintptr_t)child->environment;
    posix_spawnattr_init(&attributes);
    attributes_fill(&attributes, child->own_group);
    posix_spawn_file_actions_init(&actions);
    int error = actions_fill(&actions, child);
    if (error == 0)
        error = posix_spawnp(
            &child->ret_pid, argv[0], &actions, &attributes, argv, envp ? envp : environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return -error;
}

/* Who ignores SIGCHLD has children that leave nothing behind, and their numbers go to others. */
static bool ends_are_told(void)
{
    struct sigaction action;
    return sigaction(SIGCHLD, NULL, &action) < 0 ||
           (action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT));
}

int co_child_start(void *arg)
{
    struct co_child *child = arg;
    if (!ends_are_told())
        return -ECHILD;
    /* Are there pidfds, and is there a number for one? Afterwards the program would have begun. */
    int place = pidfd_open(getpid(), 0);
    if (place < 0)
        return -errno;
    int rc = spawn(child);
    close(place);
    if (rc < 0)
        return rc;
    child->ret_fd = pidfd_open(child->ret_pid, 0);
    if (child->ret_fd >= 0)
        return 0;
    rc = -errno;
    if (rc != -ESRCH) /* or somebody waits for every child of ours, and has been faster */
        co_child_discard(child);
    return rc;
}

void co_child_discard(const struct co_child *child)
{
    kill(child->own_group ? -child->ret_pid : child->ret_pid, SIGKILL);
    while (waitpid(child->ret_pid, NULL, 0) < 0 && errno == EINTR) {
    }
    co_child_close_end(child->ret_fd);
}

/* ---- afterwards -------------------------------------------------------------------------------
 */

int co_child_signal(int pidfd, int signal)
{
    return pidfd_send_signal(pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int co_child_signal_group(int pidfd, pid_t group, int signal)
{
    int rc = co_child_signal(pidfd, 0);
    if (rc < 0)
        return rc;
    return kill(-group, signal) < 0 ? -errno : 0;
}

int co_child_wait(int pidfd, bool stays, siginfo_t *ret_end)
{
    siginfo_t end = {0};
    int rc, how = WEXITED | WNOHANG | (stays ? WNOWAIT : 0);
    do {
        rc = waitid(P_PIDFD, (id_t)pidfd, &end, how);
    } while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return -errno;
    if (end.si_pid == 0)
        return -EAGAIN;
    *ret_end = end;
    return 0;
}
