/* SPDX-License-Identifier: MIT */
/*
 * One pass over the head, a line at a time. Whether an error is found depends only on the bytes up
 * to the one that shows it, so the result cannot depend on how they arrived.
 *
 * A head that arrives in pieces is continued at the start of its unfinished line, and within a long
 * element (target, value) where the last call stopped. That continued pass only looks for the end
 * or an error; what it finds is then read out by one pass over the whole.
 */
#include "codec/http1.h"
#include "codec/charset.h"
#include "codec/url.h"

enum { MORE = 0, DONE = 1 }; /* results of the steps beside negated statuses */

enum known {
    HOST,
    RANGE,
    ACCEPT,
    EXPECT,
    REFERER,
    IF_MATCH,
    IF_RANGE,
    CONNECTION,
    USER_AGENT,
    CONTENT_TYPE,
    AUTHORIZATION,
    IF_NONE_MATCH,
    CONTENT_LENGTH,
    ACCEPT_ENCODING,
    TRANSFER_ENCODING,
    IF_MODIFIED_SINCE,
    IF_UNMODIFIED_SINCE,
};

#define BIT(known) (1U << (known))

/* Fields whose repetition peers read in different ways: smuggling, or somebody else's rights. */
#define MUST_BE_SINGLE                                                                             \
 (BIT(HOST) | BIT(CONTENT_LENGTH) | BIT(TRANSFER_ENCODING) | BIT(CONTENT_TYPE) |                   \
     BIT(AUTHORIZATION) | BIT(RANGE) | BIT(IF_RANGE))

struct head {
    const char *at;    /* the next byte */
    const char *end;   /* of what has arrived, never beyond CO_HTTP1_HEAD_MAX */
    const char *line;  /* start of the line being read */
    const char *seen;  /* up to here the line's unfinished target or value is known to be good */
    bool unfinished;   /* the bytes ended within a target or value */
    uint32_t present;  /* BIT(known) of the fields met */
    uint32_t repeated; /* and of those met again */
    co_text authority; /* the target's own; at NULL when it has none */
};

static uint64_t word(const char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

static uint32_t half(const char *at)
{
    uint32_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/* Is the token `name` the lower-case `known`, both of `size` >= 4 bytes? Setting the case bit is
 * exact here: no token character but an upper-case letter becomes a letter or '-' by it. */
static bool same_name(const char *name, const char *known, size_t size)
{
    const uint64_t lower = 0x2020202020202020;
    if (size < 8)
        return (half(name) | (uint32_t)lower) == half(known) &&
               (half(name + size - 4) | (uint32_t)lower) == half(known + size - 4);
    for (size_t i = 0; i + 8 < size; i += 8)
        if ((word(name + i) | lower) != word(known + i))
            return false;
    return (word(name + size - 8) | lower) == word(known + size - 8);
}

#define MEMBER(name) offsetof(struct co_http1_request, name)

static const struct {
    char name[24];
    size_t member;
} known_fields[] = {
    [HOST] = {"host", MEMBER(host)},
    [RANGE] = {"range", MEMBER(range)},
    [ACCEPT] = {"accept", MEMBER(accept)},
    [EXPECT] = {"expect", MEMBER(expect)},
    [REFERER] = {"referer", MEMBER(referer)},
    [IF_MATCH] = {"if-match", MEMBER(if_match)},
    [IF_RANGE] = {"if-range", MEMBER(if_range)},
    [CONNECTION] = {"connection", MEMBER(connection)},
    [USER_AGENT] = {"user-agent", MEMBER(user_agent)},
    [CONTENT_TYPE] = {"content-type", MEMBER(content_type)},
    [AUTHORIZATION] = {"authorization", MEMBER(authorization)},
    [IF_NONE_MATCH] = {"if-none-match", MEMBER(if_none_match)},
    [CONTENT_LENGTH] = {"content-length", MEMBER(content_length)},
    [ACCEPT_ENCODING] = {"accept-encoding", MEMBER(accept_encoding)},
    [TRANSFER_ENCODING] = {"transfer-encoding", MEMBER(transfer_encoding)},
    [IF_MODIFIED_SINCE] = {"if-modified-since", MEMBER(if_modified_since)},
    [IF_UNMODIFIED_SINCE] = {"if-unmodified-since", MEMBER(if_unmodified_since)},
};

/* The table is sorted by length: where the names of each length start. */
static const uint8_t known_by_size[] = {
    [4] = HOST,
    [5] = RANGE,
    [6] = ACCEPT,
    [7] = REFERER,
    [8] = IF_MATCH,
    [9] = CONNECTION,
    [10] = CONNECTION,
    [11] = CONTENT_TYPE,
    [12] = CONTENT_TYPE,
    [13] = AUTHORIZATION,
    [14] = CONTENT_LENGTH,
    [15] = ACCEPT_ENCODING,
    [16] = TRANSFER_ENCODING,
    [17] = TRANSFER_ENCODING,
    [18] = IF_UNMODIFIED_SINCE,
    [19] = IF_UNMODIFIED_SINCE,
    [20] = CO_LENGTH(known_fields),
};

/* Puts the value where the request's readers look for it; the first of several counts. */
static void note_known(
    struct head *head, struct co_http1_request *request, co_text name, co_text value)
{
    if (name.size + 1 >= sizeof known_by_size)
        return;
    for (unsigned i = known_by_size[name.size]; i < known_by_size[name.size + 1]; i++) {
        if (!same_name(name.at, known_fields[i].name, name.size))
            continue;
        if (head->present & BIT(i))
            head->repeated |= BIT(i);
        else
            *(co_text *)(void *)((char *)request + known_fields[i].member) = value;
        head->present |= BIT(i);
        return;
    }
}

/* Where to go on searching an element that starts at `start`. */
static const char *resume(const struct head *head, const char *start)
{
    return head->seen > start ? head->seen : start;
}

/* CR and LF, and nothing that resembles them (RFC 9112 2.2; attacks H06). */
static int line_end(struct head *head)
{
    if (head->at == head->end)
        return MORE;
    if (*head->at != '\r')
        return -400;
    if (head->at + 1 == head->end)
        return MORE;
    if (head->at[1] != '\n')
        return -400;
    head->at += 2;
    return DONE;
}

static int method(struct head *head, struct co_http1_request *request)
{
    const char *stop = co_span(head->at, head->end, CO_SET_TOKEN);
    request->method_text = (co_text){head->at, (size_t)(stop - head->at)};
    if (request->method_text.size > CO_HTTP1_METHOD_MAX)
        return -501;
    if (stop == head->end)
        return MORE;
    if (*stop != ' ' || stop == head->at)
        return -400;
    request->method = co_http_method_of(request->method_text);
    head->at = stop + 1;
    return DONE;
}

static int target(struct head *head, struct co_http1_request *request)
{
    const char *start = head->at;
    const char *stop = co_span(resume(head, start), head->end, CO_SET_TARGET);
    request->target = (co_text){start, (size_t)(stop - start)};
    if (request->target.size > CO_HTTP1_TARGET_MAX) {
        request->target.size = CO_HTTP1_TARGET_MAX;
        return -414;
    }
    if (stop == head->end) {
        head->unfinished = true;
        return MORE;
    }
    if (*stop != ' ' || stop == start)
        return -400;
    head->at = stop + 1;
    return DONE;
}

/* A higher minor version is the highest that we speak (RFC 9110 2.5); another major is 505. */
static int version(struct head *head, struct co_http1_request *request)
{
    static const char form[] = "HTTP/d.d";
    const char *at = head->at;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        if (at + i == head->end)
            return MORE;
        if (form[i] == 'd' ? !co_is_digit(at[i]) : at[i] != form[i])
            return -400;
    }
    head->at += sizeof form - 1;
    int rc = line_end(head);
    if (rc != DONE)
        return rc;
    request->minor = at[7] != '0';
    return at[5] == '1' ? DONE : -505;
}

static void split_query(struct co_http1_request *request, co_text text)
{
    ssize_t mark = co_text_find(text, '?');
    request->path = text;
    if (mark < 0)
        return;
    request->path.size = (size_t)mark;
    request->query = co_text_after(text, (size_t)mark + 1);
}

/* "http://host/path?query" (RFC 9112 3.2.2); its authority overrules the Host field. */
static int absolute_form(struct head *head, struct co_http1_request *request)
{
    co_text rest = request->target;
    bool plain = rest.size > 7 && co_text_equal_nocase((co_text){rest.at, 7}, CO_TEXT("http://"));
    if (!plain &&
        !(rest.size > 8 && co_text_equal_nocase((co_text){rest.at, 8}, CO_TEXT("https://"))))
        return -400;
    rest = co_text_after(rest, plain ? 7 : 8);
    size_t size = 0;
    while (size < rest.size && rest.at[size] != '/' && rest.at[size] != '?')
        size++;
    head->authority = (co_text){rest.at, size};
    split_query(request, co_text_after(rest, size));
    if (request->path.size == 0) {
        /* RFC 9112 3.2.4: without path and query OPTIONS is about the server. */
        bool server = request->method == CO_HTTP_OPTIONS && !request->query.at;
        request->path = server ? CO_TEXT("*") : CO_TEXT("/");
    }
    return DONE;
}

/* The four forms of a target (RFC 9112 3.2), each for its methods only. */
static int target_form(struct head *head, struct co_http1_request *request)
{
    co_text text = request->target;
    if (request->method == CO_HTTP_CONNECT) {
        head->authority = text;
        request->path = co_text_after(text, text.size);
        return DONE;
    }
    if (text.at[0] == '/') {
        split_query(request, text);
        return DONE;
    }
    if (co_text_equal(text, CO_TEXT("*"))) {
        request->path = text;
        return request->method == CO_HTTP_OPTIONS ? DONE : -400;
    }
    return absolute_form(head, request);
}

static int request_line(struct head *head, struct co_http1_request *request)
{
    if (head->at < head->end && *head->at == '\r') {
        int rc = line_end(head);
        if (rc != DONE)
            return rc;
    }
    int rc = method(head, request);
    if (rc == DONE)
        rc = target(head, request);
    if (rc == DONE)
        rc = version(head, request);
    return rc == DONE ? target_form(head, request) : rc;
}

/* "name: value" (RFC 9112 5). Folding (5.2) ends here as well: its line has an empty name. */
static int field_line(struct head *head, struct co_http1_request *request)
{
    const char *at = head->at, *end = head->end;
    if (request->field_count == CO_HTTP1_FIELDS_MAX)
        return -431;
    const char *stop = co_span(at, end, CO_SET_TOKEN);
    co_text name = {at, (size_t)(stop - at)};
    if (name.size > CO_HTTP1_NAME_MAX)
        return -431;
    if (stop == end)
        return MORE;
    if (*stop != ':' || stop == at)
        return -400;
    at = stop + 1;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    stop = co_span_value(resume(head, at), end);
    if (stop == end) {
        head->unfinished = true;
        return MORE;
    }
    head->at = stop;
    int rc = line_end(head);
    if (rc != DONE)
        return rc;
    while (stop > at && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    co_text value = {at, (size_t)(stop - at)};
    request->fields[request->field_count++] = (struct co_http_field){name, value};
    note_known(head, request, name, value);
    return DONE;
}

/* Reads lines from head->at, which starts one: the request line unless `fields`. */
static int read_lines(struct head *head, struct co_http1_request *request, bool fields)
{
    int rc = fields ? DONE : request_line(head, request);
    while (rc == DONE) {
        head->line = head->at;
        if (head->at < head->end && *head->at == '\r')
            return line_end(head);
        rc = head->at == head->end ? MORE : field_line(head, request);
    }
    return rc;
}

/* Is there one valid Host (RFC 9112 3.2), and which authority rules? */
static int check_host(struct head *head, struct co_http1_request *request)
{
    co_text host;
    uint16_t port = 0;
    if (!request->host.at && request->minor > 0)
        return -400;
    if (request->host.size && co_url_authority(request->host, &host, &port) < 0)
        return -400;
    if (!head->authority.at)
        return DONE;
    if (co_url_authority(head->authority, &host, &port) < 0)
        return -400;
    if (request->method == CO_HTTP_CONNECT && port == 0)
        return -400;
    request->host = head->authority;
    return DONE;
}

/* Only "chunked" is spoken; codings before it are 501, any other end leaves the body's end unknown
 * (RFC 9112 6.1, 6.3). */
static int check_coding(struct co_http1_request *request)
{
    co_text list = request->transfer_encoding, element = {NULL, 0};
    unsigned codings = 0, chunked = 0;
    if (request->minor == 0 || request->content_length.at)
        return -400;
    request->framing = CO_HTTP_CHUNKED;
    if (co_text_equal_nocase(list, CO_TEXT("chunked")))
        return DONE;
    for (; co_http_list_next(&list, &element); codings++)
        chunked += co_text_equal_nocase(element, CO_TEXT("chunked"));
    bool last = co_text_equal_nocase(element, CO_TEXT("chunked"));
    return last && chunked == 1 && codings > 1 ? -501 : -400;
}

static int check_framing(struct co_http1_request *request)
{
    if (request->transfer_encoding.at)
        return check_coding(request);
    if (!request->content_length.at)
        return DONE;
    request->framing = CO_HTTP_LENGTH;
    int rc = co_text_number(request->content_length, INT64_MAX, &request->body_size);
    return rc < 0 ? -400 : DONE;
}

/* RFC 9112 9.3: close wins; without either the version decides. */
static void check_connection(struct co_http1_request *request)
{
    request->keep_alive = request->minor > 0;
    if (!request->connection.at)
        return;
    struct co_http_walk walk = {
        .fields = request->fields, .count = request->field_count, .name = CO_TEXT("connection")};
    co_text option;
    while (co_http_walk_element(&walk, &option)) {
        if (co_text_equal_nocase(option, CO_TEXT("keep-alive")))
            request->keep_alive = true;
        if (co_text_equal_nocase(option, CO_TEXT("close"))) {
            request->keep_alive = false;
            return;
        }
    }
}

/* RFC 9110 10.1.1: no promise without a body to wait for, none to HTTP/1.0 (attacks H16). */
static int check_expect(struct co_http1_request *request)
{
    if (!request->expect.at)
        return DONE;
    struct co_http_walk walk = {
        .fields = request->fields, .count = request->field_count, .name = CO_TEXT("expect")};
    co_text expectation;
    bool body = request->framing == CO_HTTP_CHUNKED || request->body_size > 0;
    while (co_http_walk_element(&walk, &expectation)) {
        if (!co_text_equal_nocase(expectation, CO_TEXT("100-continue")))
            return -417;
        request->expect_continue = body && request->minor > 0;
    }
    return DONE;
}

/* What only the whole head can tell. */
static int check_head(struct head *head, struct co_http1_request *request)
{
    if (head->repeated & MUST_BE_SINGLE)
        return -400;
    if (head->repeated & BIT(IF_MODIFIED_SINCE))
        request->if_modified_since = (co_text){NULL, 0};
    if (head->repeated & BIT(IF_UNMODIFIED_SINCE))
        request->if_unmodified_since = (co_text){NULL, 0};
    int rc = check_host(head, request);
    if (rc == DONE)
        rc = check_framing(request);
    if (rc < 0)
        return rc;
    check_connection(request);
    return check_expect(request);
}

/*
 * The note in *scanned: how far the bytes are known to be good, either the start of the unfinished
 * line or within its target or value, and above it the number of fields before that line.
 */
#define SCANNED_BITS 16
_Static_assert(CO_HTTP1_HEAD_MAX < 1 << SCANNED_BITS, "the note has room for every offset");

static size_t note(const struct head *head, const char *start, unsigned field_count)
{
    const char *good = head->unfinished ? head->end : head->line;
    return (size_t)(good - start) | (size_t)field_count << SCANNED_BITS;
}

/* Goes on where an earlier call ran out of bytes; MORE, or anything else if it is worth reading. */
static int look_on(struct head *head, struct co_http1_request *request, size_t *scanned)
{
    const char *start = head->at;
    size_t good = *scanned & ((1U << SCANNED_BITS) - 1);
    const char *newline = memrchr(start, '\n', good);
    /* The empty line that may come first is no more than the beginning of the request line. */
    bool fields = newline && newline > start + 1;
    head->at = head->line = fields ? newline + 1 : start;
    head->seen = start + good;
    request->field_count = (unsigned)(*scanned >> SCANNED_BITS);
    int rc = read_lines(head, request, fields);
    if (rc == MORE)
        *scanned = note(head, start, request->field_count);
    return rc;
}

ssize_t co_http1_request_parse(co_text bytes, size_t *scanned, struct co_http1_request *ret)
{
    if (bytes.size == 0)
        return 0;
    bool whole = bytes.size >= CO_HTTP1_HEAD_MAX; /* no more bytes can help */
    const char *end = bytes.at + (whole ? CO_HTTP1_HEAD_MAX : bytes.size);
    struct head head = {.at = bytes.at, .end = end, .line = bytes.at};
    if (*scanned > 0 && !whole && look_on(&head, ret, scanned) == MORE)
        return 0;
    head = (struct head){.at = bytes.at, .end = end, .line = bytes.at};
    memset(ret, 0, offsetof(struct co_http1_request, fields));
    int rc = read_lines(&head, ret, false);
    if (rc == DONE)
        rc = check_head(&head, ret);
    if (rc == DONE)
        return head.at - bytes.at;
    if (rc == MORE && whole)
        return -431;
    *scanned = note(&head, bytes.at, ret->field_count);
    return rc;
}
