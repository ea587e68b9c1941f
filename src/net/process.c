/* SPDX-License-Identifier: MIT */
/* Child processes whose standard streams are ours, and whose end is one more thing to wait for. */
#include "coronet/process.h"

#include "net/fail.h"
#include "net/stream.h"
#include "runtime/child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GRACE_MS  5000
#define KILL_MS   30000 /* after SIGKILL: only what hangs in the kernel takes as long */
#define TRACED_MS 10

struct co_process {
    struct co_rt *rt;
    co_stream *streams[3];
    co_fd fd; /* its pidfd */
    pid_t pid;
    int64_t grace_ms;
    int status; /* what wait returns, once it has ended */
    bool own_group, ended, waiting;
};

/* ---- starting ---------------------------------------------------------------------------------
 */

static void process_free(struct co_process *process)
{
    for (size_t i = 0; i < CO_LENGTH(process->streams); i++)
        co_abort(process->streams[i]);
    if (co_fd_is_open(process->fd))
        process->rt->backend->close_fd(process->rt, process->fd);
    free(process);
}

/* A stream of ours, and the child's end of it. */
static int open_stream(co_stream **ret, int *ret_child)
{
    int ends[2];
    int rc = co_child_pair(ends);
    if (rc < 0)
        return rc;
    rc = co_adopt(ret, ends[0]);
    if (rc < 0) {
        co_child_close_end(ends[0]);
        co_child_close_end(ends[1]);
        return rc;
    }
    *ret_child = ends[1];
    return 0;
}

/* Each end of the child's that is not 0, 1 or 2 is closed by close_child_ends. */
static int open_stdio(
    struct co_process *process, struct co_child *child, const struct co_process_options *options)
{
    const enum co_process_stdio kinds[] = {options->input, options->output, options->error};
    const int fds[] = {options->input_fd, options->output_fd, options->error_fd};
    int rc = 0;
    for (int i = 0; rc >= 0 && i < (int)CO_LENGTH(kinds); i++) {
        child->stdio[i] = kinds[i] == CO_PROCESS_NULL ? CO_CHILD_NULL : CO_CHILD_INHERITS;
        if (kinds[i] == CO_PROCESS_STREAM)
            rc = open_stream(&process->streams[i], &child->stdio[i]);
        else if (kinds[i] == CO_PROCESS_OUTPUT && i == STDERR_FILENO)
            child->stdio[i] = STDOUT_FILENO;
        else if (kinds[i] == CO_PROCESS_FD)
            rc = child->stdio[i] = co_child_copy(fds[i]);
        else if (kinds[i] >= CO_PROCESS_OUTPUT)
            rc = -EINVAL;
    }
    return rc;
}

static void close_child_ends(const struct co_child *child)
{
    for (size_t i = 0; i < CO_LENGTH(child->stdio); i++)
        if (child->stdio[i] > STDERR_FILENO)
            co_child_close_end(child->stdio[i]);
}

/*
 * On a pool thread: posix_spawn returns when the child has left our memory, and with it this
 * thread, alone: 0.1 ms where a processor is free, 4 ms where others want it, and more where the
 * program comes from a disk. The pool's thread costs 0.02 ms.
 */
static int run_child(struct co_process *process, struct co_child *child)
{
    int rc = co_block(co_child_start, child);
    if (rc < 0)
        return rc;
    process->pid = child->ret_pid;
    rc = process->rt->backend->adopt(process->rt, child->ret_fd, &process->fd);
    if (rc < 0)
        co_child_discard(child);
    return rc;
}

static int start_fail(int rc, const char *name, const char *folder)
{
    char what[160];
    bool is_virtual = co_rt_current()->backend->is_virtual;
    const char *why = rc == -ENOSYS && is_virtual ? "there are no processes in virtual time"
                      : rc == -ECHILD
                          ? "this program ignores SIGCHLD and would not be told of its end"
                          : NULL;
    const char *hint = rc == -ENOENT && !folder ? " (is it installed?)" : "";
    if (rc == CO_ECANCELED || rc == CO_EDEADLINE)
        return rc;
    snprintf(what, sizeof what, "%.60s%s%.54s", name, folder ? " in " : "", folder ? folder : "");
    return co_fail_at(rc, "run", what, why, hint);
}

int co_process_start(
    co_process **ret, const char *const *argv, const struct co_process_options *options)
{
    static const struct co_process_options defaults;
    if (!argv[0])
        return co_fail(-EINVAL, "cannot run a program without a name");
    if (!options)
        options = &defaults;
    struct co_process *process = calloc(1, sizeof *process);
    if (!process)
        return -ENOMEM;
    process->rt = co_rt_current();
    process->grace_ms = options->grace_ms ? options->grace_ms : GRACE_MS;
    process->own_group = options->own_group;
    struct co_child child = {.argv = argv,
        .environment = options->environment,
        .folder = options->folder,
        .own_group = options->own_group};
    int rc = process->rt->backend->is_virtual ? -ENOSYS : open_stdio(process, &child, options);
    if (rc >= 0)
        rc = run_child(process, &child);
    close_child_ends(&child);
    if (rc < 0) {
        process_free(process);
        return start_fail(rc, argv[0], options->folder);
    }
    *ret = process;
    return 0;
}

/* ---- while it runs ------------------------------------------------------------------------------
 */

co_stream *co_process_input(const co_process *process)
{
    return process->streams[STDIN_FILENO];
}

co_stream *co_process_output(const co_process *process)
{
    return process->streams[STDOUT_FILENO];
}

co_stream *co_process_error(const co_process *process)
{
    return process->streams[STDERR_FILENO];
}

pid_t co_process_pid(const co_process *process)
{
    return process->pid;
}

static int raw_of(const struct co_process *process)
{
    return process->rt->backend->raw(process->rt, process->fd);
}

int co_process_signal(co_process *process, int signal)
{
    if (process->own_group)
        return co_child_signal_group(raw_of(process), process->pid, signal);
    return process->ended ? -ESRCH : co_child_signal(raw_of(process), signal);
}

/* ---- its end ------------------------------------------------------------------------------------
 */

/* Waits until it has ended, or a little if that is not known yet. 0, or why not. */
static int await_end(struct co_process *process)
{
    siginfo_t end;
    struct co_op op = {.code = CO_OP_READABLE, .fd = process->fd};
    int rc = (int)co_op_run(&op);
    if (rc < 0)
        return rc;
    rc = co_child_wait(raw_of(process), process->own_group, &end);
    if (rc == -EAGAIN) /* a tracer, such as strace, is told before us, and nothing says when next */
        return co_sleep(TRACED_MS);
    process->ended = true;
    if (rc == 0)
        process->status =
            end.si_code == CLD_EXITED ? end.si_status : CO_PROCESS_SIGNALED + end.si_status;
    else
        process->status = co_fail(rc,
            "how process %d ended is not known: other code of this program has waited for it",
            (int)process->pid);
    return 0;
}

int co_process_wait(co_process *process)
{
    if (process->waiting)
        return -EBUSY;
    int rc = 0;
    process->waiting = true;
    while (rc == 0 && !process->ended)
        rc = await_end(process);
    process->waiting = false;
    return process->ended ? process->status : rc;
}

static int await_within(struct co_process *process, int64_t ms)
{
    co_scope grace;
    co_scope_shield(&grace, ms);
    int rc = co_process_wait(process);
    co_scope_close(&grace);
    return rc;
}

/* What is left of its group, and with its zombie the group's number. */
static void end_group(co_process *process)
{
    siginfo_t end;
    co_process_signal(process, SIGKILL);
    if (process->ended)
        co_child_wait(raw_of(process), false, &end);
}

int co_process_end(co_process *process)
{
    if (!process)
        return 0;
    for (size_t i = 0; i < CO_LENGTH(process->streams); i++) {
        co_abort(process->streams[i]);
        process->streams[i] = NULL;
    }
    int rc = process->status;
    if (process->grace_ms > 0 && !process->ended) {
        co_process_signal(process, SIGTERM);
        rc = await_within(process, process->grace_ms);
    }
    if (!process->ended) {
        co_process_signal(process, SIGKILL);
        rc = await_within(process, KILL_MS);
    }
    if (process->own_group)
        end_group(process);
    process_free(process);
    return rc;
}

/* ---- all at once --------------------------------------------------------------------------------
 */

struct telling {
    co_stream *input;
    co_text text;
};

/* That the child wants to read no more is no failure. */
static int tell(void *arg)
{
    const struct telling *telling = arg;
    int rc = co_write(telling->input, telling->text.at, telling->text.size);
    if (rc == 0)
        rc = co_shutdown_write(telling->input);
    return rc == -EPIPE || rc == -ECONNRESET ? 0 : rc;
}

struct hearing {
    co_stream *stream;
    char *room;
    size_t bytes_max;
    size_t *bytes;
};

static int hear(void *arg)
{
    const struct hearing *hearing = arg;
    size_t *bytes = hearing->bytes;
    ssize_t n;
    while (*bytes < hearing->bytes_max) {
        n = co_read(hearing->stream, hearing->room + *bytes, hearing->bytes_max - *bytes);
        if (n <= 0)
            return (int)n;
        *bytes += (size_t)n;
    }
    char beyond;
    n = co_read(hearing->stream, &beyond, sizeof beyond);
    if (n > 0)
        return co_fail(CO_ETOOBIG, "the program prints more than %zu bytes", hearing->bytes_max);
    return (int)n;
}

static struct hearing hearing_of(co_stream *stream, char *room, size_t size, size_t *bytes)
{
    *bytes = 0;
    return (struct hearing){stream, room, room && size > 0 ? size - 1 : 0, bytes};
}

static void end_string(char *room, size_t size, size_t bytes)
{
    if (room && size > 0)
        room[bytes] = '\0';
}

int co_process_communicate(co_process *process, struct co_process_talk *talk)
{
    struct telling telling = {co_process_input(process), talk->input};
    struct hearing output = hearing_of(co_process_output(process), talk->output, talk->output_size,
                       &talk->output_bytes),
                   error = hearing_of(co_process_error(process), talk->error, talk->error_size,
                       &talk->error_bytes);
    co_group group;
    co_group_open(&group, NULL);
    if (telling.input)
        co_go(&group, tell, &telling);
    if (output.stream)
        co_go(&group, hear, &output);
    if (error.stream)
        co_go(&group, hear, &error);
    int rc = co_group_close(&group);
    if (rc == 0)
        rc = co_process_wait(process);
    co_process_end(process);
    end_string(talk->output, talk->output_size, talk->output_bytes);
    end_string(talk->error, talk->error_size, talk->error_bytes);
    return rc;
}
