/* SPDX-License-Identifier: MIT */
/*
 * Which system calls the serving process may still make: a seccomp filter for all of its threads.
 *
 * What serving needs is allowed; what serves only to break out (other programs, other processes,
 * other ids, mounts, modules) ends the process; all else is refused with EPERM, and with ENOSYS
 * where the C library has a way without it. Paths and addresses are no matter of a filter, which
 * sees numbers only: see cmd/sandbox.h.
 */
#ifndef CO_CMD_SYSCALL_FILTER_H
#define CO_CMD_SYSCALL_FILTER_H

#include <stdbool.h>

struct co_filter_options {
    bool writes;  /* files are changed */
    bool listens; /* new TCP sockets listen: FTP's passive mode */
};

/* Applies it to every thread. The process must have no-new-privileges. 0; -ENOSYS when this kernel
 * or processor has no such filter; -errno. */
int co_filter_apply(const struct co_filter_options *options);

/* On top of the first, once every thread has its ring: no new io_uring, no new filter. 0, -errno.
 */
int co_filter_seal(void);

#endif
