/* SPDX-License-Identifier: MIT */
/*
 * One file from a server into a tree: it appears under its name only when it is whole.
 *
 * What has come of a file lies in a partial file whose name is a hash of the URL and of what tells
 * one version of the file from another: a strong ETag, or Last-Modified, each with the length. So a
 * download goes on from a partial file only if it is of the very version that the server has now:
 * of another version there is none to be found (attacks: old and new bytes are never spliced). The
 * server is asked for the rest with If-Range, and its answer compared once more.
 */
#ifndef CO_TRANSFER_DOWNLOAD_H
#define CO_TRANSFER_DOWNLOAD_H

#include "coronet/http_client.h"
#include "transfer/checksum.h"
#include "tree/tree.h"

#define CO_DOWNLOAD_NO_TIME INT64_MIN

struct co_download_progress {
    uint64_t bytes;   /* of the file that are here, those of earlier runs included */
    uint64_t resumed; /* of those, from earlier runs */
    int64_t size;     /* of the whole file; -1: not known yet, or not to be known */
};

struct co_download {
    co_http_client *client;
    struct co_http_fetch what; /* its URL says which file; only what GET brings is resumed */
    struct co_tree *tree;      /* with the rights to read, add and, with `replace`, change */
    co_text path;              /* in the tree */
    bool replace;              /* a file of that name goes; else -EEXIST, asked before anything */
    bool is_absent;            /* nothing has had that name lately: a small file may take it as
                                  it comes, for others it is looked for before their bytes are,
                                  once: then it is false */
    bool is_file;              /* of HTTP: where a folder answers, that is -EISDIR */
    bool newer;                /* only if it is newer than a file of that name, which then goes */
    bool resume;               /* go on from what an earlier run has left */
    bool same_stays;           /* a file of that name, of the size and time there, is the one */
    bool no_sync;              /* do not wait for the disk */
    bool keep_time;    /* the file gets the time that the server says it was changed at, or */
    int64_t modified;  /* where it says nothing, or no more than Date, this; seconds since 1970 */
    unsigned segments; /* parts that are got at once, where the server can; 0: 1 */
    uint64_t size_max; /* of the file; more is CO_ETOOBIG; 0: no limit */
    const struct co_checksum *checksum; /* what it must be, or it is thrown away; NULL: anything */
    /* NULL: the name is as above. Else the server may give it another, which then stands here and
     * is the path: a safe one (local_name.h) that no file has, whatever `replace` says. */
    struct co_buf *named;
    void (*renamed)(void *arg); /* that has happened; may be NULL */
    void (*progress)(void *arg, const struct co_download_progress *progress); /* may be NULL */
    void *arg;
    int status;             /* of the last response; 0: there was none */
    int version;            /* of HTTP, that it came by */
    int64_t retry_after_ms; /* after which the server would be asked again; -1: not said */
    bool sent;              /* bytes of a request may have left */
    bool unchanged;         /* nothing came: the file that is here is the one, or as new */
    uint64_t kept;          /* bytes that have been left for a later run after a failure */
};

/*
 * Downloads. Suspends. After a failure what has come is kept for a later run where that can tell
 * the version; each call goes on from there when `resume` is set.
 * Returns 0; CO_ESTATUS when the server refused (status says how); CO_EEOF and others that a
 * repetition may help against; CO_ETOOBIG; CO_ECHECKSUM; as co_http_fetch and co_upload_open,
 * _write, _commit.
 */
int co_download_run(struct co_download *download);

/* Is what comes what was asked for? A part (206) only where the caller's own headers want one, or
 * it is all of the file: else it would pass for that (RFC 9110 15.3.7). */
bool co_download_is_success(const struct co_http_fetch *what, const co_http_response *response);

#endif
