/* SPDX-License-Identifier: MIT */
/* What the rooms of uploads share: start.c begins one, upload.c fills and ends it. */
#ifndef CO_TREE_UPLOADING_H
#define CO_TREE_UPLOADING_H

#include "tree/partial.h"
#include "tree/place.h"
#include "tree/upload.h"

struct co_upload {
    struct co_place place;          /* where the file shall be */
    int fd;                         /* the partial file, locked; -1 before it is had */
    struct co_partial_name partial; /* its name */
    struct co_partial_name found;   /* the name under which a resume looks for it */
    bool is_found;                  /* they are the same */
    bool fresh;
    bool dated; /* it gets this time, not that of the last write */
    int64_t modified_ns;
    uint64_t size, size_max;
    int source;          /* what is still to be copied from; -1: nothing */
    uint64_t copy_bytes; /* of it, in all */
    uint64_t before;     /* bytes that had come earlier, in a partial file that is continued */
    bool is_futile;      /* too large, or a copy to append to: nobody would go on from it */
    bool no_room;        /* a write was refused for that */
    uint64_t beyond;     /* of the quota: bytes in common with the file to be replaced */
    bool may_block;      /* the file system cannot write without waiting (RWF_NOWAIT) */
    uint64_t slowly;     /* bytes that still go through the pool, since the disk was slow */
    int pipe[2];         /* see co_upload_pipe; -1 */
    bool no_pipe;        /* none is to be had, or the file system takes nothing from one */
};

/* Gives the open file a time. 0, -errno. Blocks. */
int co_upload_date(int fd, int64_t modified_ns);

/* Keeps so many bytes of the partial file, and gives the others back. 0, -errno. Blocks. */
int co_upload_cut(struct co_upload *upload, uint64_t size);

#endif
