/* SPDX-License-Identifier: MIT */
#ifndef CO_NET_SOCKOPT_H
#define CO_NET_SOCKOPT_H

#include "runtime/rt.h"

/* Sets or reads an integer option of a socket. 0 or -errno. */
int co_sockopt_set(struct co_rt *rt, co_fd fd, int level, int name, int value);
int co_sockopt_get(struct co_rt *rt, co_fd fd, int level, int name, int *ret);

/* For a TCP socket whose peers are on this machine, or one that accepts such: without pacing. */
void co_sockopt_unpace(struct co_rt *rt, co_fd fd);

#endif
