/* SPDX-License-Identifier: MIT */
/*
 * Serving a folder: what its rooms share.
 *
 * files.c finds what a path means for whoever visitor.c says is there; file_form.c makes a file's
 * heads once; file_choose.c picks the coding to send; file_reply.c answers conditions and sends,
 * with file_range.c for parts; listing.c and archive.c answer for folders. What changes the folder
 * is writing.h's.
 */
#ifndef CO_HTTP_FILES_H
#define CO_HTTP_FILES_H

#include "codec/media.h"
#include "codec/negotiate.h"
#include "http/message.h"
#include "tree/view.h"

/* ---- a folder and a request to it ----------------------------------------------------------- */

/* What one co_http_files call made. Does not change: threads share it. */
struct co_http_files {
    struct co_tree *root; /* for whoever may do everything: visitors get trees below it */
    struct co_media *media;
    struct co_http_files_options options; /* its strings are owned, and set */
    struct co_buf fields;                 /* lines of every response from here */
    struct co_buf cache_field;            /* Cache-Control of files: a line, or nothing */
    bool cache_is_common;                 /* the server says Cache-Control in all responses */
    bool is_writable;                     /* somebody may write */
};

/*
 * One request to a folder. The path within the folder lies in request->path, behind all that other
 * rooms read of it where it is not the request's own (an index, a sibling): no allocation.
 */
struct co_http_visit {
    const struct co_http_files *files;
    struct co_tree_view *view;   /* NULL: the visitor may do nothing */
    struct co_tree_cache *cache; /* the view's */
    struct co_account account;   /* the visitor's */
    bool is_known;               /* logged in, by `user` of the request */
    co_http_request *request;
    size_t whole; /* request->path.size: it has this size whenever others look */
    size_t from, size;
};

/* The visit's path with a suffix; valid until the next call. Size 0 at NULL when out of room. */
co_text co_http_visit_path(struct co_http_visit *visit, co_text suffix);

/* An error page with the fields that scripts of other sites need to see it. */
int co_http_visit_error(struct co_http_visit *visit, int status);

/* The same with a sentence for people instead of the page. */
int co_http_visit_say(struct co_http_visit *visit, int status, const char *text);

/* The fields that scripts of other sites need, for a response that is not made with files->fields.
 */
int co_http_visit_set_cors(struct co_http_visit *visit);

/* Answers for a tree's or file's failure: 404, 403 or 401, 503; or returns it, for what is no
 * answer. */
int co_http_visit_failed(struct co_http_visit *visit, int error);

/* ---- who visits (visitor.c) -------------------------------------------------------------------
 */

/* Finds out who it is and what they see. After that there is a reply, or a view, or neither for
 * OPTIONS of a stranger. 0 or negative. */
int co_http_visit_enter(struct co_http_visit *visit);
void co_http_visit_leave(struct co_http_visit *visit);

unsigned co_http_visit_rights(const struct co_http_visit *visit);

/* Are there rights that this visitor lacks, and would have by logging in? */
bool co_http_visit_login_helps(const struct co_http_visit *visit);

/* Would a password be taken where this visitor is, or could everybody on the way read it? */
bool co_http_visit_is_private(const struct co_http_visit *visit);

/* Asks whoever is nobody yet for a password; others go on to the folder. */
int co_http_visit_log_in(struct co_http_visit *visit);

/* Answers for what this visitor may not do: 401 where logging in can help, else 403. */
int co_http_visit_denied(struct co_http_visit *visit);

/* Appends what this visitor may do at the path, but for `except`: the value of Allow. */
void co_http_visit_allow(
    const struct co_http_visit *visit, enum co_http_method except, struct co_buf *out);

/* Answers 405. */
int co_http_visit_not_allowed(struct co_http_visit *visit);

/* Does the visit's path mean a folder, by its slash? */
bool co_http_visit_is_folder(const struct co_http_visit *visit);

#define CO_HTTP_NONCE 32 /* hexadecimal digits that nobody can foresee */
void co_http_nonce(char ret_text[CO_HTTP_NONCE]);

/* ---- a file's forms ------------------------------------------------------------------------- */

#define CO_HTTP_ETAG_MAX 20 /* "0123456789abcdef" with its quotes */

/* Appends the ETag of a file's own bytes (RFC 9110 8.8.3): strong, by all that changes with them.
 */
void co_http_etag_add(
    struct co_buf *out, const struct co_tree_view *view, const struct co_tree_stat *stat);

/* A folder's, the same under all of its names; it tells as little as tags do. */
uint64_t co_http_identity_of(const struct co_tree_view *view, const struct co_tree_stat *stat);

/* The ways to send a file's content: each has bytes, an ETag and a head of its own. */
enum co_http_form_kind {
    CO_HTTP_FORM_PLAIN,
    CO_HTTP_FORM_SIBLING,  /* it is the compressed form of another ("a.css.br" of "a.css") */
    CO_HTTP_FORM_DEFLATED, /* compressed by us */
    CO_HTTP_FORMS,
};

struct co_http_form {
    int64_t modified; /* seconds since 1970 */
    bool undated;     /* head has no Last-Modified: for as long as that time has not come */
    co_text type;     /* of what it is a form of */
    co_text etag;     /* with quotes, without W/ */
    struct co_http_prepared whole; /* of a 200 */
    co_text about;                 /* its part that every kind of 200 and 206 has */
    co_text fixed;                 /* its part that a 304 repeats (RFC 9110 15.4.5) */
    char text[];
};

/* What is made of a file in the tree's cache, and lives with it. Forms are made when first needed
 * and stay: responses that are being sent point into them. */
struct co_http_made {
    co_text type;    /* by its own name */
    co_text of_type; /* as a sibling: that of the file beside it */
    bool negotiable; /* there may be other forms for other requests */
    bool varies;     /* and so often that caches are told so where there is none */
    bool deflatable; /* worth compressing by us, for all we know */
    unsigned absent; /* codings without sibling, at absent_serial of the runtime's input */
    uint64_t absent_serial;
    struct co_http_form *forms[CO_HTTP_FORMS][2]; /* the second: undated */
    char *deflated;                               /* small files: CO_HTTP_FORM_DEFLATED's content */
    size_t deflated_size;
};

#define CO_HTTP_DEFLATE_MIN 1024       /* bytes of a file: less would not save a packet */
#define CO_HTTP_DEFLATE_MAX (8u << 20) /* more would let each request cost a second of a core */

/* What was made of the file; made now if need be. name: for its type. NULL without memory. */
struct co_http_made *co_http_made_of(
    const struct co_http_visit *visit, struct co_tree_file *file, co_text name);

/* The file's form; made now if need be. coding: of its content. NULL without memory. */
struct co_http_form *co_http_form_of(const struct co_http_visit *visit, struct co_tree_file *file,
    enum co_http_form_kind kind, enum co_coding coding);

/* What a request gets of a file. */
struct co_http_shown {
    struct co_http_form *form;
    struct co_tree_file *file; /* the content: bytes or fd */
    co_text bytes;             /* the form's content when it is in memory, else at NULL */
    uint64_t size;             /* of the form's content, unless `streamed` */
    bool ranges;               /* parts of it may be asked for */
    bool streamed;             /* compressed while it is sent */
    bool borrowed;             /* file is a sibling, to be released */
};

/* Chooses. 0, -ENOMEM, CO_ECANCELED, CO_EDEADLINE. */
int co_http_file_choose(
    struct co_http_visit *visit, struct co_tree_file *file, struct co_http_shown *ret);

/* ---- answers -------------------------------------------------------------------------------- */

int co_http_file_reply(struct co_http_visit *visit, struct co_tree_file *file);

/* What the conditions and If-Range are compared with. */
struct co_validators co_http_form_validators(
    const struct co_http_form *form, const co_http_request *request);

/* Replies with the ranges asked for. CO_HTTP_NO_RANGES: the whole is to be sent. */
int co_http_file_ranges(struct co_http_visit *visit, const struct co_http_shown *shown);
#define CO_HTTP_NO_RANGES 1

/* The conditions of a request for what is made anew each time, and so has no version: "*" alone
 * matches it. vary: of its responses; NULL: none. 1: go on; else it has replied, with this result.
 */
int co_http_visit_conditions(struct co_http_visit *visit, const char *vary);

/* Lists the folder of the visit's path. Negative before a reply: as co_tree_list. */
int co_http_listing_reply(struct co_http_visit *visit);

/* Would it be JSON? */
bool co_http_listing_is_for_programs(const co_http_request *request);

/* Does the request ask for a folder's archive? Then this replies: for whoever may both list and
 * read, where the option is on; elsewhere there is none. */
bool co_http_archive_asked(const struct co_http_visit *visit);
int co_http_archive_reply(struct co_http_visit *visit);

/* Adds to a folder's page what asks for its archives, for whoever may have them. */
void co_http_archive_links(const struct co_http_visit *visit, struct co_buf *out);

#endif
