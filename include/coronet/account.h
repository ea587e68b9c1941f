/* SPDX-License-Identifier: MIT */
/*
 * Accounts: who a visitor of a served directory is, and what they may do there. HTTP and FTP ask
 * the same authenticator and obey the same answer.
 */
#ifndef CORONET_ACCOUNT_H
#define CORONET_ACCOUNT_H

#include "coronet/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an account may do below its home. */
enum co_right {
    CO_MAY_READ = 1,   /* files' content, and what they are */
    CO_MAY_LIST = 2,   /* folders */
    CO_MAY_ADD = 4,    /* new files and folders: alone, a drop box */
    CO_MAY_CHANGE = 8, /* replace, remove, rename, date what is there */
};

#define CO_MAY_BROWSE 3  /* read and list */
#define CO_MAY_ALL    15 /* all of them */

/* How many bytes accounts that share it may keep. */
typedef struct co_quota co_quota;

/*
 * co_quota_new - make an account of bytes.
 *
 * Does not suspend; any thread, and so for the other calls on it.
 * bytes_max: that may be kept. bytes_used: that are there already.
 * Returns: 0, -ENOMEM.
 */
CO_API int co_quota_new(co_quota **ret, uint64_t bytes_max, uint64_t bytes_used) CO_MUST_USE;

/*
 * co_quota_free - free an account of bytes that nobody uses any more; NULL is allowed.
 *
 * Does not suspend.
 */
CO_API void co_quota_free(co_quota *quota);

struct co_account {
    const char
        *home; /* folder below the served directory, without "..", that is this visitor's root;
                  NULL or "": the directory itself; read before the authenticator is called again */
    unsigned rights; /* enum co_right; 0: CO_MAY_BROWSE */
    uint64_t rate;   /* bytes a second of each transfer; 0: no limit of its own */
    co_quota *quota; /* of what is written; borrowed while logged in; NULL: no limit */
    void *held;      /* the authenticator's own, for `leave` */
};

/*
 * An authenticator: is this visitor who they say? May suspend; called in the connection's fiber.
 * peer: as co_peer. name, password: borrowed, any bytes. ret: filled on success.
 * Returns: 0; -EACCES for every kind of no; -EBUSY for "not now"; another negative result when it
 * cannot be found out, which is told as the server's trouble (FTP 421, HTTP 503).
 */
typedef int co_authenticate(
    void *arg, const char *peer, co_text name, co_text password, struct co_account *ret);

#ifdef __cplusplus
}
#endif
#endif
