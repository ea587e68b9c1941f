/* SPDX-License-Identifier: MIT */
/*
 * What the rooms of the FTP client share.
 *
 * client_control.c speaks commands and reads replies, client.c connects and logs in, client_data.c
 * makes data connections, client_ahead.c asks what they need, client_transfer.c moves files over
 * them and judges how that went, client_list.c reads folders, client_verb.c has all the commands
 * without data.
 */
#ifndef CO_FTP_CLIENT_H
#define CO_FTP_CLIENT_H

#include "base/buf.h"
#include "codec/ftp_entry.h"
#include "codec/ftp_reply.h"
#include "coronet/ftp_transfer.h"
#include "ftp/text.h"
#include "net/pace.h"
#include "net/stream.h"

#define CO_FTP_PRELIMINARY_MAX 8 /* replies of 1yz to one command */

struct co_ftp_client {
    struct co_ftp_client_options
        options;        /* with the defaults filled in; strings are the caller's */
    char *host, *where; /* "HOST", "HOST:PORT" for sentences */
    co_stream *control;
    co_tls *tls, *own_tls;            /* the second: made for the system's trust */
    struct co_buf reply;              /* the last one, without its last line's end */
    int code;                         /* its; 0: none yet */
    unsigned awaited;                 /* replies that are still to come, to what was aborted too */
    bool cut;                         /* a transfer that had begun was aborted */
    int failed;                       /* why nothing can be said any more; 0: it can */
    const char *doing;                /* of the present call, for sentences: "list"; and */
    const char *what;                 /* the path */
    char type;                        /* 'A' or 'I', as agreed on; 0: not yet */
    bool data_secure;                 /* PROT P */
    bool no_extended;                 /* EPSV or EPRT is not to be had here: PASV and PORT */
    bool facts, facts_set;            /* MLST and MLSD are to be had; and say what we want */
    bool sets_times;                  /* MFMT is to be had */
    bool hashes;                      /* HASH by SHA-256, and RANG for it, are to be had */
    bool no_facts;                    /* they were said to be, and are not; or */
    bool facts_work;                  /* they have been told of a folder */
    bool size_unknown;                /* there is no SIZE */
    struct co_buf features;           /* of MLST: "type*;size*;..." */
    struct co_ftp_transfer *transfer; /* while one is open */
    struct co_buf entry;              /* what co_ftp_stat's texts point into */
    struct co_buf home;               /* the folder to come back to, where it has gone away; */
    bool is_away;                     /* the next command is said there */
};

/* ---- ways (client.c) ------------------------------------------------------------------------- */

#define CO_FTP_WHERE_MAX 300 /* bytes of a host's 255, brackets, a port */

/* "HOST:PORT". 0; CO_EADDRESS when it is too long. */
int co_ftp_client_where(const char *host, unsigned port, char ret[CO_FTP_WHERE_MAX]);

bool co_ftp_client_is_proxied(const co_ftp_client *client);

/* Connects by the client's way, straight or through its proxy. Suspends. As co_dial. */
int co_ftp_client_dial(const co_ftp_client *client, const char *where, co_stream **ret);

/* ---- the conversation (client_control.c) ----------------------------------------------------- */

/* Is every byte of an argument one that a command may hold (attacks F15)? */
bool co_ftp_client_may_say(const char *argument);

/* The code of the failure with its sentence: "cannot DOING WHAT at WHERE: ...". For CO_ESTATUS it
 * is the last reply's. why: NULL: the code's own. */
int co_ftp_client_fail(const co_ftp_client *client, int code, const char *why);

/* The client can do nothing more. Returns co_ftp_client_fail. */
int co_ftp_client_break(co_ftp_client *client, int code, const char *why);

/* Begins a call: checks that the client is free and the argument may be said, if there is one; and
 * waits for replies that are still to come. 0 or negative. */
int co_ftp_client_begin(co_ftp_client *client, const char *doing, const char *argument);

/* Sends "VERB ARGUMENT"; at NULL there is none. Of secrets the dialogue shows stars. 0 or negative.
 */
int co_ftp_client_say(co_ftp_client *client, const char *verb, const char *argument);

/* How long to wait for what may not come: ms, but no longer than for a reply. */
int64_t co_ftp_client_patience(const co_ftp_client *client, int64_t ms);

/* Reads one reply. Its code, of any kind but 421, which breaks; negative. */
int co_ftp_client_hear(co_ftp_client *client);

/* Reads until a reply that is not preliminary. Its code, or negative. */
int co_ftp_client_hear_final(co_ftp_client *client);

/* The reply that a failure may have, if it comes soon: CO_ESTATUS with its sentence when it says
 * no, else `failure`. */
int co_ftp_client_reason(co_ftp_client *client, int failure);

/* Both: the final reply's code, or negative. */
int co_ftp_client_ask(co_ftp_client *client, const char *verb, const char *argument);

/* The same, where only 2yz is good: 0; CO_ESTATUS with its sentence; negative. */
int co_ftp_client_do(co_ftp_client *client, const char *verb, const char *argument);

/* ---- data connections (client_data.c) -------------------------------------------------------- */

/* What EPSV came to. */
struct co_ftp_door {
    int code; /* its reply's; 0: it has not been asked */
    int rc;   /* 0: this is the port; negative: there is none */
    uint16_t port;
};

/* Takes the last reply for EPSV's. */
void co_ftp_door_take(const co_ftp_client *client, struct co_ftp_door *ret);

/* What shall go over a data connection, and the connection once it is there. */
struct co_ftp_data_way {
    const char *verb, *argument; /* "RETR", a path */
    uint64_t restart;            /* REST's argument; 0: none is said */
    struct co_ftp_door door;     /* if that was asked before */
    co_stream *stream;
    bool over; /* the final reply has come already: 2yz without 1yz */
};

/* Agrees on the representation, 'A' or 'I'. 0 or negative. */
int co_ftp_client_type(co_ftp_client *client, char type);

/* Makes a data connection, says the command, waits until the server begins, and shakes hands. 0;
 * CO_ESTATUS; negative. */
int co_ftp_data_way_open(co_ftp_client *client, struct co_ftp_data_way *way);

/* ---- what is asked before (client_ahead.c) --------------------------------------------------- */

struct co_ftp_ahead {
    char type;                     /* 'A' or 'I', which it is to be; and what else to ask: */
    bool wants_door;               /* EPSV */
    const char *size_of, *time_of; /* SIZE, MDTM; NULL: not that */
    struct co_ftp_door door;
    bool is_sized, has_size; /* it has been asked; and answered: */
    uint64_t size;
    bool is_dated, has_time;
    int64_t time_ns;
};

/* Takes the last reply for MDTM's. */
void co_ftp_time_take(co_ftp_client *client, struct co_ftp_ahead *ahead);

/* Asks all of that at once, as far as it is not known. What has not been asked afterwards is to be
 * asked alone, also whatever was refused of door and type. 0 or negative. */
int co_ftp_client_ask_ahead(co_ftp_client *client, struct co_ftp_ahead *ahead);

/* ---- transfers (client_transfer.c) ----------------------------------------------------------- */

struct co_ftp_transfer {
    co_ftp_client *client;
    co_stream *data;
    const char *doing; /* for sentences; and */
    char *path;
    struct co_pace pace;
    bool upload, ascii;
    bool ended;      /* a download's last byte has come; an upload's has gone */
    bool over;       /* the final reply has come already */
    bool check_size; /* an upload's, once it is done */
    bool size_known; /* how many bytes there should be */
    bool may_grow;   /* the file, of which all is got: the server can be asked once more */
    bool grown;      /* more has come than it had */
    uint64_t size;   /* that; with a download from its offset on */
    uint64_t before; /* bytes that an upload goes on behind */
    uint64_t moved;  /* bytes over the data connection */
    int failed;      /* why no more can be moved; 0: it can */
    struct co_ftp_text text;
    struct co_buf converted; /* of text, not yet given to the caller; */
    size_t given;            /* that much of it is */
};

/* Moves up to `size` bytes of a download into a pipe, as co_stream_splice. Returns as
 * co_ftp_transfer_read; -EOPNOTSUPP when it is that which must be called. */
long co_ftp_transfer_splice(co_ftp_transfer *transfer, int pipe_fd, size_t size);

/* Makes a transfer of an open way, which it owns from now on also on failure. 0 or -ENOMEM. */
int co_ftp_transfer_new(
    co_ftp_client *client, struct co_ftp_data_way *way, struct co_ftp_transfer **ret);

/* ---- lists (client_list.c) ------------------------------------------------------------------- */

/* At its end: was every line of it an entry, or known to be none? Else nobody may delete by it. */
bool co_ftp_list_is_whole(const co_ftp_list *list);

/* Entries that were left out up to here, because their names are none. */
size_t co_ftp_list_refused(const co_ftp_list *list);

/* ---- verbs (client_verb.c) ------------------------------------------------------------------- */

/* What the only, or the last, reply says behind its code. */
static inline co_text co_ftp_client_answer(const co_ftp_client *client)
{
    return co_text_trim(co_ftp_reply_gist(co_buf_text(&client->reply)));
}

/* As co_ftp_size, within another call: a refusal is no failure. 0; CO_ESTATUS without a sentence;
 * negative. */
int co_ftp_client_size(co_ftp_client *client, const char *path, uint64_t *ret);

/* The same, but for what has been asked ahead. */
int co_ftp_client_size_ahead(
    co_ftp_client *client, const struct co_ftp_ahead *ahead, const char *path, uint64_t *ret);

#define CO_FTP_HASHED_MAX (64U << 20) /* bytes that a server digests in some tenths of a second */

/* The SHA-256, in hexadecimal, of the bytes from `first` to `last` that the server has under the
 * path (draft-bryan-ftpext-hash). 0; CO_ESTATUS without a sentence when it does not tell; negative.
 */
int co_ftp_client_hash(
    co_ftp_client *client, const char *path, const uint64_t range[2], struct co_buf *out);

/* Is it a folder? Goes there; co_ftp_client_begin comes back. 0; 1: the server does not tell the
 * way back; CO_ESTATUS with its sentence; negative. */
int co_ftp_client_visit(co_ftp_client *client, const char *path);

/* Comes back from there. 0 or negative. */
int co_ftp_client_come_home(co_ftp_client *client);

#endif
