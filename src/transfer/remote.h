/* SPDX-License-Identifier: MIT */
/*
 * A place elsewhere: a folder of a server's, whatever it speaks.
 *
 * `ls`, `put` and `mirror` stand on this and know of no protocol; a protocol fills in a
 * co_remote_kind (remote_http.c, remote_ftp.c). Paths are relative to the place, decoded, their
 * names parted by
 * '/', without a slash at either end; "" is the place itself. Names that come from the other side
 * have been looked at: what is no single name never leaves a kind (attacks C07).
 *
 * All calls suspend. They return 0; CO_ESTATUS when the server said no, and then *ret_status is an
 * HTTP status or what comes nearest to it (401: a login is needed; 404: it is not there; 503: not
 * now); -EOPNOTSUPP for what the kind cannot do; else as the kind's client.
 */
#ifndef CO_TRANSFER_REMOTE_H
#define CO_TRANSFER_REMOTE_H

#include "base/buf.h"
#include "transfer/download.h"

enum co_remote_type {
    CO_REMOTE_UNKNOWN, /* what a page of links shows may be a file of any kind */
    CO_REMOTE_FILE,
    CO_REMOTE_FOLDER,
    CO_REMOTE_OTHER, /* a link, a device and the like: nothing to be transferred */
};

#define CO_REMOTE_NO_TIME CO_DOWNLOAD_NO_TIME

struct co_remote_entry {
    co_text name; /* any bytes but '/' and NUL; never "", "." or ".." */
    enum co_remote_type type;
    int64_t size;      /* bytes; -1: not told */
    int64_t modified;  /* seconds since 1970; CO_REMOTE_NO_TIME: not told */
    uint64_t identity; /* of a folder: no other one of the place has it; 0: not told */
};

/* What a server tells folders apart by, as an identity. */
uint64_t co_remote_identity(co_text told);

/* Told of each entry, which lives until it returns. May suspend. Negative: the list ends so. */
typedef int co_remote_see(void *arg, const struct co_remote_entry *entry);

/* What is known of a list, apart from its entries. */
struct co_remote_listing {
    co_remote_see *see;
    void *arg;
    bool is_whole;  /* out: it says that nothing is missing; else nobody may delete by it */
    bool is_short;  /* out: the server says that there is more than it tells */
    size_t refused; /* out: names that were none */
};

/* What is sent. */
struct co_remote_upload {
    /* Up to size bytes, at least one, from `offset` on, which goes forward, or back when something
     * is repeated. Returns the count, 0 at the end, or negative: what has gone out is not kept. */
    ssize_t (*read)(void *arg, void *ret_bytes, size_t size, uint64_t offset);
    int64_t size;        /* -1: only its end tells; then it can be read only once */
    const char *version; /* tells these bytes from all others; NULL: nothing does */
    int64_t changed; /* seconds since 1970: no byte of it has been changed since; 0: not known */
    bool resume; /* go on from what an earlier run has left of this version, where that can be */
    /* Told why it does not go on from what is there. NULL: nobody. */
    void (*anew)(void *arg, const char *why);
    void (*progress)(void *arg, const struct co_download_progress *progress);
    void *arg;
    bool begun; /* out: something has been read */
    int status; /* out: as *ret_status of the others */
};

struct co_remote;
struct co_ftp_pool;

struct co_remote_kind {
    bool sets_times; /* set_modified can be relied on */
    /* All entries of a folder, as they come. */
    int (*list)(
        struct co_remote *remote, co_text path, struct co_remote_listing *listing, int *ret_status);
    /* What there is. The name of *ret is empty. */
    int (*stat)(
        struct co_remote *remote, co_text path, struct co_remote_entry *ret, int *ret_status);
    /* Fills in what the download's kind asks for, and runs it. Where to is the caller's. */
    int (*download)(struct co_remote *remote, co_text path, struct co_download *download);
    int (*upload)(struct co_remote *remote, co_text path, struct co_remote_upload *upload);
    /* A folder has to be empty; some servers do not ask. */
    int (*remove)(struct co_remote *remote, co_text path, bool is_folder, int *ret_status);
    /* 0 also when there is a folder already. */
    int (*make_folder)(struct co_remote *remote, co_text path, int *ret_status);
    int (*rename)(struct co_remote *remote, co_text from, co_text to, int *ret_status);
    /* Seconds since 1970. */
    int (*set_modified)(struct co_remote *remote, co_text path, int64_t modified, int *ret_status);
    void (*close)(struct co_remote *remote);
};

/* The beginning of each kind's own. */
struct co_remote {
    const struct co_remote_kind *kind;
};

struct co_remote_options {
    const char *url;         /* of the folder; a slash at its end is added, and a query of HTTP's
                                stands behind whatever is asked for: it may be what lets one in */
    co_http_client *client;  /* for http and https; borrowed */
    struct co_ftp_pool *ftp; /* for ftp, ftps and ftpes; borrowed */
    const char *user;        /* "NAME:PASSWORD"; borrowed, as are the following */
    bool digest_only;        /* this and the following as in co_http_fetch */
    const char *bearer;
    const char *const *headers;
    co_text netrc; /* a netrc file's text, for ftp; co_http_client_options has it for http */
};

/* Opens a place; nothing is asked yet. 0, CO_EINVALID for a URL of no kind that there is, -ENOMEM.
 */
int co_remote_open(struct co_remote **ret, const struct co_remote_options *options);
void co_remote_close(struct co_remote *remote); /* NULL is allowed */

/* A folder of this machine's as if it were elsewhere: its files are neither sent nor got through
 * this. The tree, with all rights, must outlive it. What there is other than files and folders, and
 * links to files, is CO_REMOTE_OTHER. 0, -ENOMEM. */
int co_remote_local_open(struct co_remote **ret, struct co_tree *tree);

/* Opens the folder in which lies what the URL names, and appends its name; nothing for a URL that
 * ends with a slash, or has no path: then it is the folder itself. Returns as above. */
int co_remote_open_around(
    struct co_remote **ret, const struct co_remote_options *options, struct co_buf *ret_name);

/* Is it a URL of a kind that there is? */
bool co_remote_is_url(const char *word);

/* May it be used as a single name, here and there? */
bool co_remote_is_name(co_text name);

/* The kinds. */
int co_remote_http_open(struct co_remote **ret, const struct co_remote_options *options);
int co_remote_ftp_open(struct co_remote **ret, const struct co_remote_options *options);

#endif
