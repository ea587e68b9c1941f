/* SPDX-License-Identifier: MIT */
/* Telling a service manager how we are, as sd_notify(3) does. */
#ifndef CO_CMD_NOTIFY_H
#define CO_CMD_NOTIFY_H

/* Connects to the manager that $NOTIFY_SOCKET names; early, since whoever we become may not be able
 * to. Returns a descriptor, -1 when there is none. */
int co_notify_open(void);

/* Tells it a state, "READY=1" say. Nothing happens when fd is -1. */
void co_notify(int fd, const char *state);

#endif
