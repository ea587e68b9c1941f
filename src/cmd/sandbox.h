/* SPDX-License-Identifier: MIT */
/*
 * What is left to the serving process once everything is open: the served folder, the sockets it
 * has, and little else, whoever may have taken it over. Landlock keeps it from all other files and
 * from TCP ports, a filter from all system calls but those that serving takes, and the runtime's
 * rings do only what the runtime asks of them. What the kernel does not know is left out and said.
 */
#ifndef CO_CMD_SANDBOX_H
#define CO_CMD_SANDBOX_H

#include <stdbool.h>

struct co_sandbox_options {
    int directory_fd; /* what lies below may be read and listed */
    bool writes;      /* and changed */
    bool listens;     /* FTP: TCP sockets for passive mode, on these ports; 0: on any */
    unsigned passive_low, passive_high;
};

/* What the kernel granted. */
struct co_sandbox {
    int files; /* the version of Landlock; 0: it has none that would do */
    bool ports, signals, calls;
};

/*
 * Goes in, for good. Landlock takes in the calling thread and those that it starts: no other thread
 * may be there yet. 0 or -errno; on failure the process must not go on.
 */
int co_sandbox_enter(const struct co_sandbox_options *options, struct co_sandbox *ret);

/* Closes the last door once every thread has its ring. 0 or -errno. */
int co_sandbox_seal(const struct co_sandbox *sandbox);

#endif
