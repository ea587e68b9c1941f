/* SPDX-License-Identifier: MIT */
/*
 * What the rooms of the FTP server share: the server, and a session.
 *
 * session.c reads commands and finds their handler in command.c's table; login.c, path.c, file.c,
 * list.c, secure.c and transfer.c hold the handlers; permit.c asks whether they may; data.c makes
 * data connections; reply.c answers. The session is a fiber while it has something to do and parks
 * in between; a transfer runs in a second fiber, and session.c goes on listening meanwhile, unless
 * prompt.c has done it all in passing. Only the session's own fiber ever writes to the control
 * connection.
 */
#ifndef CO_FTP_SESSION_H
#define CO_FTP_SESSION_H

#include "base/buf.h"
#include "base/client.h"
#include "codec/ftp_address.h"
#include "codec/ftp_command.h"
#include "codec/ftp_list.h"
#include "codec/telnet.h"
#include "coding/digest.h"
#include "coronet/ftp.h"
#include "ftp/announce.h"
#include "net/broker.h"
#include "net/pace.h"
#include "net/ports.h"
#include "net/stream.h"
#include "tls/terms.h"
#include "tree/view.h"

#define CO_FTP_BYE 2 /* a handler's result: the session ends once its reply is sent */

struct co_ftp_server {
    struct co_ftp_options options;      /* with the defaults filled in */
    struct co_tree *tree;               /* the directory; visitors get trees below it */
    struct co_ftp_announced *announced; /* of options.public_addresses */
    size_t announced_count;
    struct co_broker *broker; /* of the passive ports; NULL: the system chooses them */
};

/* The server in one runtime, while it serves there. */
struct co_ftp_shard {
    struct co_ftp_server *server;
    struct co_tree_views views; /* what the accounts that are logged in see */
    struct co_ports ports;      /* where data connections come to, unless the server has a broker */
};

/* Of this runtime. Cleared once no session is left of it, inside a fiber. 0 or -ENOMEM. */
int co_ftp_shard_init(struct co_ftp_shard *shard, co_ftp_server *server);
void co_ftp_shard_clear(struct co_ftp_shard *shard);

/* Where the next data connection comes from. */
enum co_ftp_data_kind { CO_FTP_DATA_NONE, CO_FTP_DATA_PASSIVE, CO_FTP_DATA_ACTIVE };

struct co_ftp_data {
    enum co_ftp_data_kind kind;
    struct co_port *port;     /* passive, at a port of its own; or */
    struct co_ticket *ticket; /* at one of the broker's */
    co_address *peer;         /* active; allocated, since few sessions have one */
};

struct co_ftp_session {
    struct co_ftp_server *server;
    struct co_ftp_shard *shard;
    co_stream *control;
    struct co_buf line;  /* the next command's, as it gathers */
    unsigned line_bytes; /* taken for it, with what Telnet has no text for */
    struct co_telnet telnet;

    char *user;                /* given by USER; NULL before */
    struct co_tree_view *view; /* when logged in, else NULL; and */
    struct co_tree *tree;      /* its tree */
    struct co_account account;
    unsigned failures; /* of logging in */
    unsigned strange;  /* commands before the login that no FTP client sends */
    int64_t start_ns;  /* when the connection came, the last login ended or, logged in, the command
                          began that is not whole yet */

    struct co_buf folder; /* the working directory as the tree names it: "" or "a/b/" */
    char *rename_from;    /* between RNFR and RNTO: a path of the tree */
    char *compared;     /* a path whose whole file was hashed last: REST and STOR go on from that */
    uint64_t restart;   /* REST's and RANG's, for the next command */
    uint64_t range_end; /* RANG's: behind its last byte; 0: there is no range */
    bool ascii, epsv_all;
    bool packed;        /* MODE Z */
    bool is_alone;      /* its shard is its own */
    bool implicit;      /* the connection has begun with TLS */
    bool buffer_agreed; /* PBSZ has been said, which PROT needs */
    bool data_secure;   /* PROT P */
    uint8_t pack_level; /* of zlib, 0 to 9 */
    uint8_t facts;      /* enum co_ftp_facts, for MLSD and MLST */
    enum co_digest_kind hash;
    struct co_ftp_data data;
    struct co_ftp_job *transfer;    /* while one runs */
    const struct co_ftp_rule *rule; /* of the command that is being obeyed */
    bool begun;                     /* the command that is told of has come so far that it tells:
                                       one that makes a transfer has had its 150 */
    int last_reply;                 /* code */
    int last_error;                 /* that the last reply for one told; 0: none has */
    int failed;                     /* why no reply can be sent any more; 0: they can */
};

/* ---- replies (reply.c) ----------------------------------------------------------------------- */

/* "CODE text\r\n". Returns as co_write; the session keeps an error, so handlers need not look. The
 * formatted text is cut off after 255 bytes. A peer who does not read loses the session. */
int co_ftp_reply_text(struct co_ftp_session *session, int code, co_text text);
int co_ftp_reply(struct co_ftp_session *session, int code, const char *format, ...) CO_FORMAT(3, 4);

/* A reply of several lines: begin, any number of lines, end. */
int co_ftp_reply_begin(struct co_ftp_session *session, int code, const char *text);
int co_ftp_reply_line(struct co_ftp_session *session, co_text line);

/* Sends the replies that the cork holds. */
int co_ftp_flush(struct co_ftp_session *session);

/* The reply for a failure of the tree, with what may be done about it. The command's rule chooses
 * the code where RFC 959 5.4 does. */
int co_ftp_reply_error(struct co_ftp_session *session, int error);

/* ---- commands -------------------------------------------------------------------------------- */

typedef int co_ftp_handler(struct co_ftp_session *session, const struct co_ftp_command *command);

struct co_ftp_rule {
    co_ftp_handler *handler; /* NULL: known, but not to be had here */
    const char *syntax;      /* behind the verb, for HELP: "<sp> file" */
    bool before_login, needs_argument;
    bool at_once;                /* answered while a transfer runs */
    bool of_tls;                 /* there is none without a certificate */
    enum co_ftp_event_kind told; /* what it is told as where it is refused; 0: it is not */
    unsigned right;              /* enum co_right, for the permission; uploads find theirs */
    int not_taken;               /* code of "requested action not taken" (RFC 959 5.4); 0: 550 */
};

/* The rule of a verb; its handler is NULL for what is never served. (command.c) */
const struct co_ftp_rule *co_ftp_rule_of(enum co_ftp_verb verb);
const char *co_ftp_rule_name(const struct co_ftp_rule *rule); /* its verb's */

/* Does an argument begin with one of the letters that the RFC has? Then we only lack it: 504, not
 * 501. (command.c) */
bool co_ftp_is_choice(co_text given, const char *letters);

/* Obeys one command: state, argument, handler. (command.c) */
int co_ftp_obey(struct co_ftp_session *session, const struct co_ftp_command *command);

/* Waits for a whole line, which stays, and looks at its command. 0; CO_EEOF at the connection's
 * end, CO_ETOOBIG, CO_EINVALID and -EILSEQ for what is no command, else as co_read. (session.c) */
int co_ftp_line_wait(struct co_ftp_session *session, struct co_ftp_command *ret);
/* Takes the whole line that there is and obeys it. Returns as a handler does. (session.c) */
int co_ftp_line_obey(struct co_ftp_session *session);

/* Replies to what is no command of FTP's, by what co_ftp_command_parse says of it; ends the session
 * when there is no end of it before the login. 0 or CO_FTP_BYE. (command.c) */
int co_ftp_strange(struct co_ftp_session *session, int error);

/* Back to before the login; what belongs to the visitor goes. (login.c) */
void co_ftp_logout(struct co_ftp_session *session);
/* The same, and everything else is as at the beginning, but for the connection itself. (login.c) */
void co_ftp_begin_anew(struct co_ftp_session *session);

/* Whose partial uploads are this session's: a user's, or an anonymous address's. `room` is for its
 * text. (login.c) */
co_text co_ftp_uploader(const struct co_ftp_session *session, char room[CO_CLIENT_ANONYMOUS_MAX]);

/* ---- paths (path.c) -------------------------------------------------------------------------- */

/* The tree's path for a command's argument: absolute or from the working directory, dots resolved,
 * never above the root; without a trailing slash. 0, CO_ETOOBIG, -ENOMEM. */
int co_ftp_path(const struct co_ftp_session *session, co_text argument, struct co_buf *out);

/* The same for a path that the command is about to use, if the server's permission allows that; may
 * suspend. 0, as co_ftp_path, or what the permission says. (permit.c) */
int co_ftp_path_permitted(struct co_ftp_session *session, co_text argument, struct co_buf *out);

/* May the command that is being obeyed do that at a path of the tree? 0, or why not. (permit.c) */
int co_ftp_ask(struct co_ftp_session *session, unsigned right, co_text path);

/* The visitor's name for a path of the tree: with a slash before it, unquoted. */
void co_ftp_shown_path(struct co_buf *out, co_text path);

/* "CODE "/quoted/path" text" for 257. */
int co_ftp_reply_path(struct co_ftp_session *session, int code, co_text path, const char *text);

/* ---- data connections (data.c) --------------------------------------------------------------- */

/* Opens the connection that PASV or PORT has prepared, which is used up. Suspends for at most
 * data_timeout_ms. 0; CO_EDEADLINE when it did not come; -errno. */
int co_ftp_data_open(struct co_ftp_session *session, co_stream **ret);
/* The same, if it is in clear and has come already; false: it has not. Does not suspend. */
bool co_ftp_data_take(struct co_ftp_session *session, co_stream **ret);
void co_ftp_data_forget(struct co_ftp_session *session);
/* What was prepared was not used, for the transfer was refused. The next one may have it; but who
 * finds all ports taken goes before. */
void co_ftp_data_spare(const struct co_ftp_session *session);

/* Has it been said where the next one comes from? Replies 425 if not. */
bool co_ftp_data_is_prepared(struct co_ftp_session *session);

/* ---- TLS (secure.c) -------------------------------------------------------------------------- */

bool co_ftp_is_secure(const struct co_ftp_session *session);

/* Shakes hands, for a bounded time. 0, or as co_tls_accept. */
int co_ftp_secure_control(struct co_ftp_session *session);
/* The same on a data connection, within the scope; -EKEYREJECTED when it has not resumed the
 * control connection's session, and must. */
int co_ftp_secure_data(struct co_ftp_session *session, co_stream *data);

/* May a name and a password be said here? Replies why not. */
bool co_ftp_may_log_in(struct co_ftp_session *session);

/* Sessions of a shard: co_handlers. The second one's connection begins with TLS. (session.c) */
int co_ftp_clear_session(co_stream *control, void *shard);
int co_ftp_secure_session(co_stream *control, void *shard);

/* After REIN's reply: back to clear text, if the session began so. 0 or CO_FTP_BYE. */
int co_ftp_end_tls(struct co_ftp_session *session);

/* ---- transfers (transfer.c) ------------------------------------------------------------------ */

/* "-la folder": clients give ls its flags. They change nothing. (list.c) */
co_text co_ftp_skip_flags(co_text argument);

/* What goes over one data connection. */
struct co_ftp_job {
    int (*move)(struct co_ftp_job *transfer); /* the bytes, in a fiber of its own; 0 or negative */
    void *arg;
    enum co_ftp_event_kind kind;
    const char *command; /* "RETR", for the event */
    co_text path;        /* as the tree names it */
    const char *opening; /* text of the 150; NULL: the usual one */
    co_text at_hand;     /* the beginning of what is sent, if it lies in memory as it is sent */
    bool without_data;   /* nothing goes over a connection */

    struct co_ftp_session *session;
    co_stream *data;
    struct co_ftp_packing *packing; /* in MODE Z */
    struct co_pace pace;
    int64_t start_ns;
    uint64_t bytes;       /* so far; in MODE Z: before packing */
    int local_error;      /* what went wrong on our side: the tree's */
    bool opened, aborted; /* the data connection has come about; the peer said ABOR */
    bool abort_waits;     /* behind another command, and is answered after that */
    co_group *group;
    co_scope *listening; /* the session's wait for a command, which the transfer's end ends */
    bool over;
    int result;
};

/* Replies 150, runs the transfer while the session answers what may be answered, replies 226 or why
 * not, and tells the event. Returns as a handler does; transfer->result is how it went. */
int co_ftp_job_run(struct co_ftp_session *session, struct co_ftp_job *transfer);

/* Runs transfer->move in a fiber of its own, without a data connection, while the session answers
 * what may be answered. Replies nothing. 0, CO_FTP_BYE, negative; transfer->result is how it went.
 */
int co_ftp_job_attend(struct co_ftp_session *session, struct co_ftp_job *transfer);

/* The reply for a transfer->result that is negative; and what follows it when the peer said ABOR.
 */
int co_ftp_job_reply_failure(struct co_ftp_session *session, const struct co_ftp_job *transfer);
void co_ftp_job_reply_abort(struct co_ftp_session *session, const struct co_ftp_job *transfer);

/* Sends bytes of a transfer's, and counts them. 0 or negative. */
int co_ftp_job_send(struct co_ftp_job *transfer, co_text bytes);

/* Moves what can be moved without waiting for anything. True: that was the whole; false: the rest
 * takes a fiber of its own. (prompt.c) */
bool co_ftp_prompt(struct co_ftp_job *transfer);

/* Tells an event, with what the session knows added; its paths are the tree's. (server.c) */
void co_ftp_tell(struct co_ftp_session *session, const struct co_ftp_event *event);

/* ---- digests (hash.c) ------------------------------------------------------------------------ */

/* OPTS HASH, and FEAT's line of it. */
int co_ftp_opts_hash(struct co_ftp_session *session, co_text name);
void co_ftp_hash_feature(const struct co_ftp_session *session, struct co_buf *out);

int co_ftp_opts_mode(struct co_ftp_session *session, co_text options); /* (mode.c) */

/* The handlers, by room. */
co_ftp_handler co_ftp_on_user, co_ftp_on_pass, co_ftp_on_acct, co_ftp_on_rein, co_ftp_on_host;
co_ftp_handler co_ftp_on_auth, co_ftp_on_pbsz, co_ftp_on_prot, co_ftp_on_ccc;
co_ftp_handler co_ftp_on_cwd, co_ftp_on_cdup, co_ftp_on_pwd;
co_ftp_handler co_ftp_on_pasv, co_ftp_on_epsv, co_ftp_on_port, co_ftp_on_eprt;
co_ftp_handler co_ftp_on_retr, co_ftp_on_stor, co_ftp_on_appe, co_ftp_on_stou, co_ftp_on_rest,
    co_ftp_on_abor;
co_ftp_handler co_ftp_on_list, co_ftp_on_nlst, co_ftp_on_mlsd, co_ftp_on_mlst, co_ftp_on_stat;
co_ftp_handler co_ftp_on_size, co_ftp_on_mdtm, co_ftp_on_mfmt, co_ftp_on_mff, co_ftp_on_dele,
    co_ftp_on_mkd, co_ftp_on_rmd;
co_ftp_handler co_ftp_on_rnfr, co_ftp_on_rnto, co_ftp_on_site, co_ftp_on_allo;
co_ftp_handler co_ftp_on_hash, co_ftp_on_rang, co_ftp_on_xcrc, co_ftp_on_xmd5, co_ftp_on_xsha1,
    co_ftp_on_xsha256, co_ftp_on_avbl;
co_ftp_handler co_ftp_on_type, co_ftp_on_stru, co_ftp_on_mode, co_ftp_on_opts, co_ftp_on_feat,
    co_ftp_on_help;
co_ftp_handler co_ftp_on_syst, co_ftp_on_noop, co_ftp_on_quit, co_ftp_on_clnt, co_ftp_on_lang;

#endif
