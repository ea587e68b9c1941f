/* SPDX-License-Identifier: MIT */
/*
 * Files that are looked at now and then: has anything become of them? By what stat says of their
 * paths, which also holds for links that are turned to another file, and for files that another
 * machine changes; notices (inotify) tell of neither.
 */
#ifndef CO_CMD_WATCH_H
#define CO_CMD_WATCH_H

#include <stdbool.h>
#include <sys/stat.h>

#define CO_WATCH_MAX       64
#define CO_WATCH_MS        5000 /* between two looks */
#define CO_WATCH_SETTLE_MS 1000 /* while they change: they are read when a look finds no more */

struct co_watched {
    const char *path; /* borrowed */
    struct stat seen; /* zeros: no file is there */
};

/* Zeros: none. */
struct co_watch {
    unsigned count;
    bool changing;
    struct co_watched files[CO_WATCH_MAX];
};

/* At most CO_WATCH_MAX of them. */
void co_watch_add(struct co_watch *watch, const char *path);

/* What is there now is known. */
void co_watch_begin(struct co_watch *watch);

/* For how long nobody needs to look; -1: for ever. */
int co_watch_pause_ms(const struct co_watch *watch);

/* Looks. True: something has changed, and nothing since the look before this one. */
bool co_watch_look(struct co_watch *watch);

#endif
