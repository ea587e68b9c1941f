/* SPDX-License-Identifier: MIT */
#include "cmd/watch.h"

#include <string.h>

void co_watch_add(struct co_watch *watch, const char *path)
{
    watch->files[watch->count++] = (struct co_watched){.path = path};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

/* Only files stay what they are when they have been read. Has this one changed? */
static bool look_at(struct co_watched *file)
{
    struct stat now;
    if (stat(file->path, &now) < 0 || !S_ISREG(now.st_mode))
        memset(&now, 0, sizeof now);
    bool same = is_same(&now, &file->seen);
    file->seen = now;
    return !same;
}

static bool look_at_all(struct co_watch *watch)
{
    bool changed = false;
    for (unsigned i = 0; i < watch->count; i++)
        changed |= look_at(&watch->files[i]);
    return changed;
}

void co_watch_begin(struct co_watch *watch)
{
    look_at_all(watch);
    watch->changing = false;
}

int co_watch_pause_ms(const struct co_watch *watch)
{
    return watch->count == 0 ? -1 : watch->changing ? CO_WATCH_SETTLE_MS : CO_WATCH_MS;
}

/* A certificate and its key are two files, and each is written in steps. */
bool co_watch_look(struct co_watch *watch)
{
    bool was_changing = watch->changing;
    watch->changing = look_at_all(watch);
    return was_changing && !watch->changing;
}
