/* SPDX-License-Identifier: MIT */
/*
 * Connections of FTP's active mode (RFC 959 3.2), begun for a worker that must not connect.
 *
 * It shows its control connection. That is believed only for what the kernel says of it: who is at
 * its other end, and that it came in at one of our FTP ports. So whoever has taken the worker over
 * reaches those who are connected to it, above the ports of services, and nobody else (attacks
 * F01).
 */
#ifndef CO_CMD_ACTIVE_H
#define CO_CMD_ACTIVE_H

#include "app/serve.h"

/*
 * Begins a connection to the peer of `control`, at that port, from the address it came to and port
 * 20 if that can be had. Never waits: the connection may be under way. Outside of a fiber.
 * doors: those of scheme "ftp" count. A descriptor or -errno (-EACCES: not to there).
 */
int co_active_begin(const struct co_doors *doors, int control, unsigned port);

#endif
