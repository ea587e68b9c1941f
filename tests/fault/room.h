/* SPDX-License-Identifier: MIT */
/*
 * What runs while faults are injected. A room is one piece of the library at work: a main fiber
 * that returns 0 when no fault was met, or an error of any kind; never CO_EDEADLINE, with which
 * somebody waited for what could not come.
 */
#ifndef CO_FAULT_ROOM_H
#define CO_FAULT_ROOM_H

#include "coronet.h"
#include "inject.h"

#include <errno.h>

struct room {
    const char *name;
    co_task *run;  /* within it, faults strike between fault_begin and fault_end */
    bool at_start; /* they may also strike while the runtime begins */
};

extern const struct room channels_room, locks_room, shards_room, datagrams_room, streams_room,
    unix_room;
extern const struct room processes_room, access_room, hosts_room, names_room;
extern const struct room http_start_room, http_files_room, http_limited_room, http_ranges_room,
    http_codings_room;
extern const struct room http_listing_room, http_bodies_room, http_batch_room, http_stop_room,
    http_writing_room;
extern const struct room client_http1_room, client_http2_room, client_proxy_room,
    client_download_room, client_ftp_room;

#define FAULT_ROOMS                                                                                \
 &channels_room, &locks_room, &shards_room, &datagrams_room, &streams_room, &unix_room,            \
     &processes_room, &access_room, &hosts_room, &names_room, &http_start_room, &http_files_room,  \
     &http_limited_room, &http_ranges_room, &http_codings_room, &http_listing_room,                \
     &http_bodies_room, &http_batch_room, &http_stop_room, &http_writing_room, &client_http1_room, \
     &client_http2_room, &client_proxy_room, &client_download_room, &client_ftp_room

/* The present run is bad, whatever its result: a lie, or a server that does not go on. */
void room_problem(const char *format, ...) CO_FORMAT(1, 2);

/* Runs a function within the deadline that every room keeps to. */
int room_in_time(co_task *function, void *arg);

/* A folder of this program's own. */
const char *room_folder(void);

#endif
