/* SPDX-License-Identifier: MIT */
/*
 * The FTP client: one control connection, and what is done over it, one thing after the other.
 *
 *     co_ftp_client *ftp = NULL;
 *     co_ftp_transfer *file;
 *     int rc = co_ftp_connect(&ftp, "localhost", 2121, NULL);
 *     if (rc == 0 && (rc = co_ftp_download_open(&file, ftp, "notes.txt", 0)) == 0) {
 *         while ((n = co_ftp_transfer_read(file, bytes, sizeof bytes)) > 0)
 *             fwrite(bytes, 1, (size_t)n, stdout);
 *         rc = co_ftp_transfer_finish(file);       // only this says that all of it has come
 *     }
 *     co_ftp_quit(ftp);
 *
 * Paths are bytes as the server has them, below its root or the current folder. CR, LF and 255
 * (Telnet's) in one, or in any other argument, are refused before anything is sent: CO_EINVALID.
 *
 * A failure of the control connection stays, a scope's end in the midst of a command too: each
 * later call repeats it. When the server says no (4yz, 5yz) the call returns CO_ESTATUS, and the
 * connection is as good as before; what it said is co_ftp_last_code's and co_ftp_last_text's, and
 * in co_explain's sentence.
 */
#ifndef CORONET_FTP_CLIENT_H
#define CORONET_FTP_CLIENT_H

#include "coronet/dial.h"
#include "coronet/tls.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A control connection, logged in. Belongs to one runtime; used by one fiber at a time. */
typedef struct co_ftp_client co_ftp_client;

/* How what is said and sent is protected (RFC 4217). */
enum co_ftp_security {
    CO_FTP_CLEAR,    /* not at all */
    CO_FTP_EXPLICIT, /* TLS by AUTH TLS, of both connections; or nothing is done */
    CO_FTP_IMPLICIT, /* TLS from the first byte on, of both connections */
};

struct co_ftp_client_options {
    const char *user, *password; /* NULL: anonymous */
    const char *account;         /* for servers that ask for one (ACCT); NULL: none */
    enum co_ftp_security security;
    co_tls *tls;                /* whom to trust; borrowed; NULL: the system's authorities */
    int family;                 /* AF_INET or AF_INET6 only; 0: both */
    const char *const *answers; /* addresses of the server, as in co_dial_options; may be NULL */
    /* Through which proxy all connections go, as in co_dial_options; NULL or "": none. Data
     * connections lead to the server's name, whatever address it tells; none can be active. */
    const char *proxy;
    co_tls *proxy_tls;   /* whom to trust as that proxy; borrowed; NULL: the system's authorities */
    int64_t connect_ms;  /* for each connection to come about, look-up and TLS too; 0: 30,000 */
    int64_t reply_ms;    /* for each reply; 0: 60,000 */
    int64_t stall_ms;    /* silence within a transfer; 0: 15,000 */
    int64_t min_rate;    /* bytes a second of transfers, beyond that; 0: 1; negative: none */
    uint64_t limit_rate; /* bytes a second of transfers; 0: no limit */
    bool active;         /* the server makes the data connections (EPRT, PORT) */
    bool one_by_one;     /* nothing is said before what was said before it is answered */
    bool ascii;          /* transfers are of text: line ends are converted (RFC 959 3.1.1.1) */
    /* Told each line that is sent and received, without its end; secrets are stars, and what could
     * move a terminal's cursor is escaped. Must not suspend. NULL: nobody. */
    void (*dialogue)(void *arg, bool sent, co_text line);
    void *arg; /* of dialogue */
};

/*
 * co_ftp_connect - connect to a server and log in.
 *
 * Suspends. A server that is not ready yet (120) is waited for.
 * ret: receives the client, co_ftp_quit or co_ftp_abort ends it; untouched on failure. host: a name
 * or number, without brackets; with TLS the server must prove to be it. port: 0: 21, or 990 for
 * CO_FTP_IMPLICIT. options: NULL for the defaults; only read during the call, but tls, dialogue and
 * arg, and with a proxy it, proxy_tls and answers, are used as long as the client is.
 * Returns: 0; CO_ELOGIN (the user, password or account is refused), CO_ESTATUS (too busy, or closed
 * to us), CO_ETLS (the server will not have TLS, too), CO_EFTP (it broke the protocol), CO_EEOF,
 * CO_EDEADLINE, CO_ECANCELED, CO_EINVALID (active through a proxy, too), as co_dial and
 * co_tls_connect; with detail for co_explain.
 */
CO_API int co_ftp_connect(co_ftp_client **ret, const char *host, unsigned port,
    const struct co_ftp_client_options *options) CO_MUST_USE;

/*
 * co_ftp_quit - say goodbye, and free the client; NULL is allowed.
 *
 * Suspends, for 2 s at most, until the server has said goodbye, too, and as co_close does; in a
 * cancelled scope too. A transfer under way is aborted and freed; a list must be closed before.
 */
CO_API void co_ftp_quit(co_ftp_client *client);

/*
 * co_ftp_abort - end the connection at once, and free the client; NULL is allowed.
 *
 * Does not suspend. A transfer under way is aborted and freed, too; a list must be closed before.
 */
CO_API void co_ftp_abort(co_ftp_client *client);

/*
 * co_ftp_last_code - the code of the last reply.
 *
 * Does not suspend.
 * Returns: 100 to 599; 0 when there has been none.
 */
CO_API int co_ftp_last_code(const co_ftp_client *client);

/*
 * co_ftp_last_text - the last reply, all its lines, as it came, without the last line's end.
 *
 * Does not suspend.
 * Returns: text from outside, not escaped, valid until the next call with this client.
 */
CO_API co_text co_ftp_last_text(const co_ftp_client *client);

/* ---- files and folders ----------------------------------------------------------------------- */

/*
 * co_ftp_size - a file's size in bytes (SIZE, RFC 3659 4).
 *
 * Suspends.
 * Returns: 0; CO_ESTATUS when the server does not say it, and as co_ftp_command.
 */
CO_API int co_ftp_size(co_ftp_client *client, const char *path, uint64_t *ret);

/*
 * co_ftp_delete - delete a file.
 *
 * Suspends.
 * Returns: 0; CO_ESTATUS when the server says no; and as co_ftp_command. So do those that follow.
 */
CO_API int co_ftp_delete(co_ftp_client *client, const char *path);

/* co_ftp_make_folder - make a folder. Suspends. Returns: as co_ftp_delete. */
CO_API int co_ftp_make_folder(co_ftp_client *client, const char *path);

/* co_ftp_remove_folder - remove an empty folder. Suspends. Returns: as co_ftp_delete. */
CO_API int co_ftp_remove_folder(co_ftp_client *client, const char *path);

/* co_ftp_rename - rename or move (RNFR, RNTO). Suspends. Returns: as co_ftp_delete. */
CO_API int co_ftp_rename(co_ftp_client *client, const char *from, const char *to);

/* co_ftp_set_time - set when a file was modified (MFMT), in calendar seconds. Suspends. Returns: as
 * co_ftp_delete. */
CO_API int co_ftp_set_time(co_ftp_client *client, const char *path, int64_t modified);

/* co_ftp_chmod - set permission bits (SITE CHMOD). Suspends. Returns: as co_ftp_delete. */
CO_API int co_ftp_chmod(co_ftp_client *client, const char *path, unsigned mode);

/* co_ftp_change_folder - go to another folder; ".." is the one above. Suspends. Returns: as
 * co_ftp_delete. */
CO_API int co_ftp_change_folder(co_ftp_client *client, const char *path);

/*
 * co_ftp_current_folder - the current folder's path.
 *
 * Suspends.
 * ret: room for size bytes, NUL included.
 * Returns: its length; CO_ETOOBIG when it does not fit, and as co_ftp_command.
 */
CO_API ssize_t co_ftp_current_folder(co_ftp_client *client, char *ret, size_t size);

/*
 * co_ftp_command - say any command that has no data connection: "SITE HELP", "NOOP".
 *
 * Suspends until its reply has come.
 * Returns: the reply's code, 200 to 599; CO_EFTP, CO_EEOF, CO_EDEADLINE, CO_ECANCELED, CO_ESTATUS
 * (421: the server ends the session), CO_EINVALID (an empty line, too), CO_ETOOBIG (a line of more
 * than 16 KiB), -EBUSY while a transfer is open, CO_ETLS, CO_ETRUNCATED, -errno. But for these of
 * the line and the transfer they stay.
 */
CO_API int co_ftp_command(co_ftp_client *client, const char *line);

#ifdef __cplusplus
}
#endif
#endif
