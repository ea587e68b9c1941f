/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1.1 message head, strictly (RFC 9112 2 to 7, RFC 9110 5 and 7).
 *
 * Bytes in, slices out: nothing is copied or allocated, the slices point into the caller's bytes.
 * Where the RFCs let a recipient be lenient and leniency has led to request smuggling (bare LF,
 * bare CR, folding, space before the colon, repeated or signed lengths, a length beside a coding),
 * the message is refused.
 */
#ifndef CO_CODEC_HTTP1_H
#define CO_CODEC_HTTP1_H

#include "base/base.h"

#define CO_HTTP1_HEAD_MAX   32768 /* bytes of a request head; more is 431 (attacks H15) */
#define CO_HTTP1_FIELDS_MAX 100   /* header fields of a message; more is 431 */
#define CO_HTTP1_NAME_MAX   256   /* bytes of a field name; more is 431 */
#define CO_HTTP1_TARGET_MAX 8192  /* bytes of a request target; more is 414 */
#define CO_HTTP1_METHOD_MAX 32    /* bytes of a method; more is 501 (RFC 9112 3) */

enum co_http_method {
    CO_HTTP_OTHER, /* a well-formed token that is none of these: 501 */
    CO_HTTP_GET,
    CO_HTTP_HEAD,
    CO_HTTP_POST,
    CO_HTTP_PUT,
    CO_HTTP_DELETE,
    CO_HTTP_OPTIONS,
    CO_HTTP_PATCH,
    CO_HTTP_CONNECT,
    CO_HTTP_TRACE,
    CO_HTTP_MKCOL,
    CO_HTTP_MOVE,
    CO_HTTP_COPY,
    CO_HTTP_PROPFIND,
};

struct co_http_field {
    co_text name;  /* as sent; compare without regard to case */
    co_text value; /* without surrounding whitespace */
};

/* How a message's end is found (RFC 9112 6.3). */
enum co_http_framing {
    CO_HTTP_NO_BODY,
    CO_HTTP_LENGTH,  /* body_size bytes follow */
    CO_HTTP_CHUNKED, /* chunks follow */
    CO_HTTP_TO_END,  /* until the connection closes: responses only */
};

/*
 * The fields that every request is asked about, found while parsing; slices of size 0 and at NULL
 * when absent. Of those that may come in one line only, a repeated Host, Content-Length,
 * Transfer-Encoding, Content-Type, Authorization, Range or If-Range has been refused, and a
 * repeated date is as good as absent (RFC 9110 13.1.3, 13.1.4). Of all others the slice is the
 * first line: ask a list field through struct co_http_walk, which sees every line.
 */
struct co_http1_request {
    enum co_http_method method;
    co_text method_text;
    co_text target;  /* as sent: origin-form, absolute-form, authority-form or "*" */
    co_text path;    /* path part, still percent-encoded; "*" for OPTIONS *; "/" (not a slice of the
                        target) when an absolute-form has none; empty for CONNECT */
    co_text query;   /* after '?', without it; at NULL when there was no '?' */
    co_text host;    /* the authority that rules: the absolute-form's, else the Host field's */
    unsigned minor;  /* 0 or 1: HTTP/1.minor */
    bool keep_alive; /* what the peer wants (RFC 9112 9.3) */
    bool expect_continue;
    enum co_http_framing framing;
    uint64_t body_size; /* for CO_HTTP_LENGTH */
    co_text range, if_range, if_match, if_none_match, if_modified_since, if_unmodified_since;
    co_text accept, accept_encoding, authorization, user_agent, referer, content_type;
    co_text connection, expect, content_length, transfer_encoding;
    unsigned field_count;
    struct co_http_field fields[CO_HTTP1_FIELDS_MAX];
};

/*
 * Parses a request head.
 *
 * bytes: all that has arrived of the message so far; what follows the head is not looked at.
 * scanned: in and out, 0 at each message's start; the parser's own note of how far it has come, so
 * that a head that trickles in costs linear time. Between calls the bytes may move and `ret` may be
 * another.
 * One empty line (CRLF) before the request line is skipped (RFC 9112 2.2).
 * Returns the size of the head with its empty line; 0 when more bytes are needed; a negated HTTP
 * status when it must be refused: -400, -414, -417, -431, -501 (transfer coding, endless method),
 * -505.
 * An error of form is found with the byte that shows it, an error of the whole (Host, framing,
 * repetition, expectation) at the end of the head; for any given bytes the result is the same
 * however they were split. After a refusal no more of the connection may be read as requests. On
 * refusal method, target and minor are set as far as they were read (for the log); everything else
 * is undefined.
 */
ssize_t co_http1_request_parse(co_text bytes, size_t *scanned, struct co_http1_request *ret);

/* The value of the first field of that name, or at NULL. Names compare without case. */
co_text co_http_field_find(const struct co_http_field *fields, unsigned count, co_text name);

/*
 * Walks a comma-separated list value (RFC 9110 5.6.1): takes the next non-empty element off *list
 * into *ret, trimmed, honouring quoted strings. False at the end.
 */
bool co_http_list_next(co_text *list, co_text *ret);

/* A walk over all lines of one field, which together are one list (RFC 9110 5.3). Set the first
 * three members, leave the rest zero; use one of the functions for the whole walk. */
struct co_http_walk {
    const struct co_http_field *fields;
    unsigned count;
    co_text name;
    unsigned next; /* the walk's own, as is the following */
    co_text rest;
};

/* The value of the next line, or the next list element of all lines. False at the end. */
bool co_http_walk_line(struct co_http_walk *walk, co_text *ret);
bool co_http_walk_element(struct co_http_walk *walk, co_text *ret);

/* Is this a token (RFC 9110 5.6.2)? */
bool co_http_is_token(co_text text);

/* Takes a token off the front; empty when there is none. */
co_text co_http_take_token(co_text *text);

/* Takes a quoted string (RFC 9110 5.6.4) off the front, which is a quote: its quotes are left away,
 * its escapes stay. False when it does not end. */
bool co_http_take_quoted(co_text *text, co_text *ret);

/* May these bytes stand in a field value that we emit? No CR, LF, NUL or other control but tab. */
bool co_http_is_field_value(co_text text);

/* "Not Found" for 404; "Unknown" for what the registry does not know. */
const char *co_http_reason(int status);

/* The method of a token, CO_HTTP_OTHER when it is none that we know; and its name. */
enum co_http_method co_http_method_of(co_text token);
const char *co_http_method_name(enum co_http_method method);

/* RFC 9110 9.2.2: doing it twice is doing it once. */
bool co_http_is_idempotent(enum co_http_method method);

#endif
