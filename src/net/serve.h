/* SPDX-License-Identifier: MIT */
#ifndef CO_NET_SERVE_H
#define CO_NET_SERVE_H

#include "coronet/net.h"

struct co_server;

/* Tells whoever serves that a handler has failed. */
void co_server_failed(struct co_server *server, co_stream *stream, int error);

#endif
