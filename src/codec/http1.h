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

/* The fields that every request is asked about, found while parsing; slices of size 0 and at NULL
 * when absent. A field that must be single and was repeated has been refused already. */
struct co_http1_request {
    enum co_http_method method;
    co_text method_text;
    co_text target;  /* as sent: origin-form, absolute-form, authority-form or "*" */
    co_text path;    /* path part, still percent-encoded; "*" for OPTIONS * */
    co_text query;   /* after '?', without it; at NULL when there was no '?' */
    co_text host;    /* the authority that rules: the absolute-form's, else the Host field's */
    unsigned minor;  /* 0 or 1: HTTP/1.minor */
    bool keep_alive; /* what the peer wants (RFC 9112 9.3) */
    bool expect_continue;
    enum co_http_framing framing;
    uint64_t body_size; /* for CO_HTTP_LENGTH */
    co_text range, if_range, if_match, if_none_match, if_modified_since, if_unmodified_since;
    co_text accept, accept_encoding, authorization, user_agent, referer, content_type;
    unsigned field_count;
    struct co_http_field fields[CO_HTTP1_FIELDS_MAX];
};

/*
 * Parses a request head.
 *
 * bytes: all that has arrived of the message so far. scanned: in and out, 0 at first; remembers how
 * far the search for the end has come, so that a head that trickles in costs linear time.
 * One empty line (CRLF) before the request line is skipped (RFC 9112 2.2).
 * Returns the size of the head with its empty line; 0 when more bytes are needed; a negated HTTP
 * status when it must be refused: -400, -414, -417, -431, -501 (unknown transfer coding), -505.
 * Errors are found as early as the bytes show them, and are the same however the bytes were split.
 * After a refusal no more of the connection may be read as requests. On refusal method, target,
 * minor are set as far as they were read (for the log); everything else is undefined.
 */
ssize_t co_http1_request_parse(co_text bytes, size_t *scanned, struct co_http1_request *ret);

/* The value of the first field of that name, or at NULL. Names compare without case. */
co_text co_http_field_find(const struct co_http_field *fields, unsigned count, co_text name);

/*
 * Walks a comma-separated list value (RFC 9110 5.6.1): takes the next non-empty element off *list
 * into *ret, trimmed, honouring quoted strings. False at the end.
 */
bool co_http_list_next(co_text *list, co_text *ret);

/* Is this a token (RFC 9110 5.6.2)? */
bool co_http_is_token(co_text text);

/* May these bytes stand in a field value that we emit? No CR, LF, NUL or other control but tab. */
bool co_http_is_field_value(co_text text);

/* "Not Found" for 404; "Unknown" for what the registry does not know. */
const char *co_http_reason(int status);

/* The method of a token, CO_HTTP_OTHER when it is none that we know; and its name. */
enum co_http_method co_http_method_of(co_text token);
const char *co_http_method_name(enum co_http_method method);

#endif
