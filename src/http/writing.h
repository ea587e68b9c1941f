/* SPDX-License-Identifier: MIT */
/*
 * Changing a served folder: what its rooms share.
 *
 * writing.c decides whether a request may change anything at all; put.c stores one file, form.c the
 * files of a form, change.c removes, moves and makes folders.
 */
#ifndef CO_HTTP_WRITING_H
#define CO_HTTP_WRITING_H

#include "base/client.h"
#include "http/files.h"

/* Replies to every method but GET, HEAD and OPTIONS. */
int co_http_write_reply(struct co_http_visit *visit);

int co_http_put(struct co_http_visit *visit);
int co_http_form(struct co_http_visit *visit);
int co_http_delete(struct co_http_visit *visit);
int co_http_move(struct co_http_visit *visit);
int co_http_mkcol(struct co_http_visit *visit);

/*
 * Whose partial uploads these are: a user's, or an anonymous address's; and of which version, where
 * the client names one in Upload-Version: what was left of another is then none to go on from, so
 * that two versions are never spliced. `room` is for its text.
 */
#define CO_HTTP_UPLOADER_MAX 192 /* bytes: a user's name, and a version's */
co_text co_http_uploader(const struct co_http_visit *visit, char room[CO_HTTP_UPLOADER_MAX]);

/* What there is at the visit's path, as far as this visitor may know. */
struct co_http_target {
    bool exists;
    bool is_file;             /* whose stat is known */
    struct co_tree_stat stat; /* when it is known */
};

/* Looks. 0, or negative for what is neither yes nor no. */
int co_http_target_look(struct co_http_visit *visit, struct co_http_target *ret);

/* Do the request's conditions hold (RFC 9110 13.1)? */
bool co_http_target_meets(const struct co_http_visit *visit, const struct co_http_target *target);

/* Replies that there is something new at the path, or that it was replaced: 201 with its Location,
 * or 204; with the ETag of a file, where this visitor may read. suffix: after the path ("/"). */
int co_http_write_done(struct co_http_visit *visit, bool is_new, co_text suffix);

/* Answers for what the tree would not do, with a word on what can be done about it. */
int co_http_write_failed(struct co_http_visit *visit, int error);

#endif
