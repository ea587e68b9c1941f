/* SPDX-License-Identifier: MIT */
/*
 * Child processes: other programs, talked to by streams and waited for like everything else.
 *
 * A process is an object of the scope that starts it: co_process_end leaves nothing of it behind,
 * in a cancelled scope too. What is not ended lives on, and stays a zombie as long as we live. A
 * process's own children are its own affair, unless it has a group of its own.
 *
 * co_process_communicate does all of it at once. Else read its output and write its input in two
 * fibers, or all of one before the other if that is little: what is written and not read, by either
 * side, waits once some 200 KiB have gathered. The child's ends of streams are sockets, as libuv
 * has it: a shell's `>&2` works there, `>/dev/stderr` does not. Not in virtual time (-ENOSYS).
 */
#ifndef CORONET_PROCESS_H
#define CORONET_PROCESS_H

#include "coronet/stream.h"

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct co_process co_process;

/* What a child's standard input, output or error is. */
enum co_process_stdio {
    CO_PROCESS_INHERIT, /* what it is here */
    CO_PROCESS_NULL,    /* /dev/null */
    CO_PROCESS_STREAM,  /* a stream: co_process_input, co_process_output, co_process_error */
    CO_PROCESS_OUTPUT,  /* for `error` alone: where its output goes */
    CO_PROCESS_FD,      /* a descriptor of ours: input_fd, output_fd, error_fd */
};

struct co_process_options {
    enum co_process_stdio input, output, error;
    int input_fd, output_fd, error_fd; /* those of CO_PROCESS_FD: borrowed during the call; the
                                          child shares the open file, its position too */
    const char *folder;                /* where it works; NULL: here */
    const char *const *environment;    /* "NAME=value" ..., NULL; NULL: ours */
    bool own_group;   /* true: it and its children are a process group of their own, which signals
                         from here reach as a whole, and those of the terminal (Ctrl-C) do not */
    int64_t grace_ms; /* which co_process_end gives it between SIGTERM and SIGKILL, up to 30,000;
                         0: 5,000; negative: none, SIGKILL comes at once */
};

#define CO_PROCESS_SIGNALED 256 /* the result of what a signal has ended: this plus its number */

/*
 * co_process_start - start a program.
 *
 * Suspends until it runs; when the scope has ended before it begins, nothing is started. The child
 * gets our user and limits, our process group (so Ctrl-C reaches it, too) unless own_group, no
 * signal blocked, SIGPIPE not ignored, and of our descriptors none but 0, 1 and 2.
 * argv: the program and its arguments, then NULL; borrowed during the call. Without a slash argv[0]
 * is looked up in our PATH; a relative path is one from `folder`. No shell reads it.
 * options: NULL for the defaults; borrowed during the call.
 * Returns: 0; -ENOENT, -EACCES, -ENOEXEC, -E2BIG, -EMFILE, -EAGAIN, -EBADF and other -errno, with
 * detail for co_explain; -ECHILD when this program ignores SIGCHLD; -ENOSYS before Linux 5.4 and in
 * virtual time; -EINVAL; -ENOMEM; CO_ECANCELED, CO_EDEADLINE. Nothing is left of it then.
 */
CO_API int co_process_start(co_process **ret, const char *const *argv,
    const struct co_process_options *options) CO_MUST_USE;

/*
 * co_process_input - what is written to it the child reads.
 *
 * Does not suspend. co_shutdown_write on it is the end of the child's input; when the child reads
 * no more, writing fails with -EPIPE or -ECONNRESET.
 * Returns: the stream, which is the process's and never closed by the caller; NULL when `input` is
 * not CO_PROCESS_STREAM.
 */
CO_API co_stream *co_process_input(const co_process *process);

/*
 * co_process_output - what the child prints.
 *
 * Does not suspend. It ends when the child, and all who have inherited its output, closed it.
 * Returns: as co_process_input, for `output`.
 */
CO_API co_stream *co_process_output(const co_process *process);

/*
 * co_process_error - what the child prints to its standard error.
 *
 * Does not suspend.
 * Returns: as co_process_output, for `error`; NULL for CO_PROCESS_OUTPUT, too.
 */
CO_API co_stream *co_process_error(const co_process *process);

/*
 * co_process_pid - its number, for messages; signals go by co_process_signal.
 *
 * Does not suspend. Returns: more than 0, also when it has ended.
 */
CO_API pid_t co_process_pid(const co_process *process);

/*
 * co_process_signal - send it a signal.
 *
 * Does not suspend. It is the process that gets it, never another one of the same number; with
 * own_group all of its group, also when it has itself ended. Who has left the group is not reached.
 * Returns: 0, also when it has ended and was not waited for; -ESRCH when it was (with own_group: by
 * other code of this program); -EINVAL for no signal; -EPERM when it has become another user's.
 */
CO_API int co_process_signal(co_process *process, int signal);

/*
 * co_process_wait - wait for its end.
 *
 * Suspends; when the scope ends meanwhile, the process goes on. May be called again, and gives the
 * same; by one fiber at a time (another gets -EBUSY). With own_group it stays a zombie until
 * co_process_end, so that nobody else gets the group's number.
 * Returns: its exit code, 0 to 255; CO_PROCESS_SIGNALED plus the number of the signal that ended
 * it; -ECHILD when other code of this program has waited for it, so that nobody knows;
 * CO_ECANCELED, CO_EDEADLINE, -EBUSY.
 */
CO_API int co_process_wait(co_process *process);

/*
 * co_process_end - end it, unless it has ended, and free it with its streams; NULL is allowed.
 *
 * Suspends, in a cancelled scope too: closes the streams, sends SIGTERM at once, SIGKILL after the
 * options' grace, and waits for the end; with own_group what is left of the group then gets
 * SIGKILL. Who wants the end that it comes to by itself calls co_process_wait before. Nobody may be
 * waiting for it, reading or writing: whoever is in another fiber is cancelled and joined first.
 * Returns: as co_process_wait; CO_EDEADLINE when it hangs in the kernel and has not ended 30 s
 * after SIGKILL either.
 */
CO_API int co_process_end(co_process *process);

/* What co_process_communicate tells a process, and room for what it says. */
struct co_process_talk {
    co_text input;                    /* what it reads, then the end; borrowed during the call */
    char *output, *error;             /* room for what it prints, as C strings; NULL: none */
    size_t output_size, error_size;   /* bytes of that room, NUL included: the most it may print */
    size_t output_bytes, error_bytes; /* set by the call: what it has printed, NUL not counted */
};

/*
 * co_process_communicate - tell a process its input, hear it out, wait for its end and free it.
 *
 * Suspends until it has ended, and all who have inherited its output or error closed them. What
 * goes elsewhere than to a stream is left alone. When the scope ends meanwhile, or anything else
 * fails, the process is ended by co_process_end; it is freed in any case.
 * process: nobody else may read, write or wait. Input that it does not want to read is no failure.
 * talk: borrowed during the call; on failure it holds what has been printed until then.
 * Returns: as co_process_wait; CO_ETOOBIG when it prints more than there is room for; -ENOMEM,
 * -errno.
 */
CO_API int co_process_communicate(co_process *process, struct co_process_talk *talk) CO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
