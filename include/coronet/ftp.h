/* SPDX-License-Identifier: MIT */
/*
 * The FTP server: a directory by RFC 959 and its successors, with an event for each thing done.
 *
 * One call serves a directory: co_ftp_serve_folder("*:2121", "/srv/share", NULL). Anonymous
 * visitors may read; whoever else comes is asked for by `authenticate`. With `tls` in the options
 * clients can encrypt what they say by AUTH TLS (RFC 4217), with `require_tls` they must.
 */
#ifndef CORONET_FTP_H
#define CORONET_FTP_H

#include "coronet/account.h"
#include "coronet/net.h"
#include "coronet/tls.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a connection is told that the limits of `access` do not let in (RFC 959 5.4). */
#define CO_FTP_TOO_MANY "421 Too many connections; try again later.\r\n"

typedef struct co_ftp_server co_ftp_server;

enum co_ftp_event_kind {
    CO_FTP_LOGGED_IN,
    CO_FTP_LOGIN_FAILED,
    CO_FTP_DOWNLOADED,
    CO_FTP_UPLOADED,
    CO_FTP_LISTED,
    CO_FTP_CHANGED, /* removed, renamed, made, dated: `command` says which */
};

/* What happened, told once, when it is complete or has failed. */
struct co_ftp_event {
    enum co_ftp_event_kind kind;
    const char *peer;      /* as co_peer */
    const char *scheme;    /* "ftp", or "ftps" over TLS, however it began */
    co_text user;          /* as given; "anonymous" too */
    co_text command;       /* "RETR", "STOR", "DELE" ... */
    co_text path, target;  /* absolute, as this visitor sees them; target: a rename's. Of a login
                              that failed: the home that cannot be opened, if that is why */
    int reply;             /* the reply's code */
    bool refused;          /* a transfer that did not even come to its 150, or a DELE, MKD or RMD
                              without a login or a name */
    uint64_t bytes;        /* that went over the data connection; in MODE Z, before packing */
    bool ascii;            /* line ends were converted */
    int64_t start_seconds; /* calendar time */
    int64_t duration_ns;
    int error; /* 0, or why it failed */
};

/* What a visitor is about to do, for the server's permission. */
struct co_ftp_wish {
    const char *peer;                 /* as co_peer */
    const char *scheme;               /* as in the event */
    co_text user;                     /* as given; "anonymous" too */
    const struct co_account *account; /* the authenticator's answer, with its `held` */
    co_text command;                  /* "RETR", "STOR", "DELE" ... */
    unsigned right;                   /* the enum co_right that it is; 0: to enter a folder */
    co_text path;                     /* absolute, as this visitor sees it */
};

/*
 * A permission: may this visitor do that there? Asked for each command that names a file or folder,
 * once it is known which, before anything is done or told of it; the account's own rights are
 * needed as well. Right and command:
 *
 *     CO_MAY_READ    RETR SIZE MDTM HASH XCRC XMD5 XSHA1 XSHA256
 *     CO_MAY_LIST    LIST NLST MLSD MLST STAT AVBL
 *     CO_MAY_ADD     MKD STOU, and STOR and APPE to a name that is free, and then never replace
 *     CO_MAY_CHANGE  STOR and APPE to one that is not, DELE RMD RNFR RNTO MFMT MFF SITE
 *     0              CWD CDUP
 *
 * A renaming is asked for twice: its source by RNFR, its target by RNTO. What lies in a folder is
 * not asked for when the folder is listed, renamed or removed, and a link is asked for by its own
 * name.
 *
 * Runs in the session's fiber and may suspend: the session waits, without a limit of its own; its
 * transfer, should one run, goes on. Ended with CO_ECANCELED when the server is cancelled.
 * wish: borrowed, with all that it points to, until the permission returns.
 * Returns: 0: it may; else nothing is done: -EPERM (550, or as RFC 959 5.4 has it for the command:
 * "This account may not do that here."), -ENOENT to deny that it exists, -EBUSY for "not now"
 * (450); other negative results are told as the directory's own failures, positive ones as -EPERM.
 */
typedef int co_ftp_permit(void *arg, const struct co_ftp_wish *wish);

/* What is asked of an encrypted data connection, beyond its address and port: that it has resumed
 * the TLS session of the control connection, as only the same client can. */
enum co_ftp_reuse {
    CO_FTP_REUSE_PREFER,  /* nothing, of clients that cannot */
    CO_FTP_REUSE_REQUIRE, /* it is closed otherwise */
    CO_FTP_REUSE_OFF,     /* nothing; any session of this server's may be resumed */
};

struct co_ftp_options {
    bool no_anonymous;             /* everybody must log in by `authenticate` */
    unsigned anonymous_rights;     /* enum co_right; 0: CO_MAY_BROWSE */
    co_authenticate *authenticate; /* asked for all other names; NULL: there are none */
    void (*leave)(void *arg, struct co_account *account); /* told when a login ends; may be NULL */
    void *authenticate_arg;                               /* of both */
    co_ftp_permit *permit; /* NULL: the account's rights decide alone */
    void *permit_arg;
    bool hidden;               /* show names that begin with a dot */
    bool no_sync;              /* do not wait for the disk before an upload is called complete */
    uint64_t upload_bytes_max; /* of an uploaded file; more is 552; 0: no limit */
    bool no_active;            /* PORT and EPRT are refused */
    /* Begins an active-mode connection to the peer of the control connection, for a server that may
     * not connect itself: a descriptor, whose connection may still be under way, or -errno. On a
     * pool thread. control: the control connection's descriptor, borrowed. NULL: the server
     * connects. */
    int (*connect)(void *arg, int control, unsigned port);
    void *connect_arg;
    unsigned passive_low, passive_high;  /* ports for passive transfers; 0: the system chooses */
    const char *const *public_addresses; /* what PASV names to peers of other networks: "ADDR", an
                                            IPv4 address, or to those of one network: "CIDR=ADDR";
                                            ends with NULL; NULL: our own address; borrowed */
    co_tls *tls;      /* for AUTH TLS and co_ftps_serve; borrowed; NULL: there is none */
    bool require_tls; /* no login, and no data, without it; needs `tls` */
    enum co_ftp_reuse tls_reuse;
    int64_t idle_timeout_ms;    /* between commands; 0: 300,000 */
    int64_t login_timeout_ms;   /* for logging in; 0: 60,000 */
    int64_t command_timeout_ms; /* then, for a whole command from its first byte on; 0: 60,000 */
    int64_t data_timeout_ms;    /* for the data connection to come about; 0: 30,000 */
    int64_t min_rate;         /* bytes a second of transfers, after 15 s; 0: 240; negative: none */
    uint64_t limit_rate;      /* bytes a second of each transfer; 0: no limit */
    unsigned connections_max; /* 0: 10,000 */
    int64_t drain_timeout_ms; /* for the transfers at work when drained; 0: 30,000 */
    co_access *access;        /* borrowed; NULL: that of the listener, if it has one */
    void (*event)(void *arg, const struct co_ftp_event *event); /* must not suspend; may be NULL */
    void *arg;                                                  /* of event */
};

/*
 * co_ftp_server_new - make a server for a directory.
 *
 * Does not suspend; inside a fiber.
 * directory: opened at once, served confined: nothing outside it can be reached. options: NULL for
 * the defaults; copied, but what it points to is borrowed.
 * Returns: 0; -ENOENT, -ENOTDIR, -EACCES and other -errno of the directory; -EINVAL for options
 * that make no sense; CO_EINVALID, with detail for co_explain, for `require_tls` without `tls`;
 * -ENOMEM.
 */
CO_API int co_ftp_server_new(
    co_ftp_server **ret, const char *directory, const struct co_ftp_options *options) CO_MUST_USE;

/*
 * co_ftp_server_free - free a server that no longer serves; NULL is allowed.
 *
 * Does not suspend.
 */
CO_API void co_ftp_server_free(co_ftp_server *server);

/*
 * co_ftp_serve - listen and serve.
 *
 * Suspends until drained (transfers at work are finished first: returns 0) or cancelled. A server
 * may be served at several places, and by several shards, at once. where, options: as for co_serve;
 * only its listen and listening are used, with arg; may be NULL. Returns: as co_serve.
 */
CO_API int co_ftp_serve(
    co_ftp_server *server, const char *where, const struct co_serve_options *options);

/*
 * co_ftp_serve_listener - the same on a listener that is open already; it stays open.
 *
 * Suspends and returns as co_ftp_serve. Open it with CO_FTP_TOO_MANY.
 */
CO_API int co_ftp_serve_listener(co_ftp_server *server, co_listener *listener);

/*
 * co_ftps_serve - the same with TLS from the first byte (implicit FTPS).
 *
 * Suspends and returns as co_ftp_serve; -EINVAL when the server's options have no tls. co_ftp_serve
 * has TLS too, for clients that ask for it by AUTH TLS (RFC 4217).
 */
CO_API int co_ftps_serve(
    co_ftp_server *server, const char *where, const struct co_serve_options *options);

/*
 * co_ftps_serve_listener - the same on a listener that is open already; it stays open.
 *
 * Suspends and returns as co_ftps_serve. Open it with client_first, since clients speak first.
 */
CO_API int co_ftps_serve_listener(co_ftp_server *server, co_listener *listener);

/*
 * co_ftp_serve_folder - make a server for a directory, listen and serve.
 *
 * Suspends as co_ftp_serve.
 * Returns: as co_ftp_server_new and co_ftp_serve.
 */
CO_API int co_ftp_serve_folder(
    const char *where, const char *directory, const struct co_ftp_options *options);

/*
 * co_ftp_session - serve one control connection: a co_handler.
 *
 * Suspends; returns CO_PARK between commands, so run it as a handler (or call it again after that).
 * The caller's are the limits of connections, and whom `access` lets in. Data connections need the
 * stream to be a socket's.
 * stream: its close ends the session. server: a co_ftp_server, which outlives that. Returns: 0 when
 * the session has ended, CO_PARK, or a negative result.
 */
CO_API int co_ftp_session(co_stream *stream, void *server);

#ifdef __cplusplus
}
#endif
#endif
