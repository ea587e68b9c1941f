/* SPDX-License-Identifier: MIT */
/* Parts of a file: 206 with one range or several (RFC 9110 14, 15.3.7), or 416. */
#include "codec/range.h"
#include "http/field.h"
#include "http/files.h"

#include <stdio.h>

#define PARTS_MAX        (CO_RANGES_MAX * 512u) /* bytes of all parts' heads */
#define HEAD_MAX         8192
#define RANGE_TEXT_BYTES sizeof "bytes 18446744073709551615-18446744073709551615/*" + 20

static uint64_t size_of(struct co_range range)
{
    return range.last - range.first + 1;
}

static void add_content_range(struct co_buf *out, struct co_range range, uint64_t size)
{
    co_buf_addf(out, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)range.first,
        (unsigned long long)range.last, (unsigned long long)size);
}

/* Status line and length of a 206 of so many bytes. */
static void add_start(struct co_buf *head, uint64_t size)
{
    co_buf_add_string(head, "HTTP/1.1 206 Partial Content\r\nContent-Length: ");
    co_buf_add_number(head, size);
    co_buf_add_string(head, "\r\n");
}

/* RFC 9110 15.5.17 */
static int reply_unsatisfiable(struct co_http_visit *visit, uint64_t size)
{
    char text[RANGE_TEXT_BYTES];
    int length = snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)size);
    int rc =
        co_http_set_text(visit->request, CO_TEXT("Content-Range"), (co_text){text, (size_t)length});
    return rc < 0 ? rc : co_http_visit_error(visit, 416);
}

static int reply_one(
    struct co_http_visit *visit, const struct co_http_shown *shown, struct co_range range)
{
    struct co_buf head = CO_BUF(HEAD_MAX + shown->form->about.size);
    uint64_t size = size_of(range);
    add_start(&head, size);
    co_http_line_add(&head, CO_TEXT("Content-Type"), shown->form->type);
    add_content_range(&head, range, shown->size);
    co_buf_add_text(&head, shown->form->about);
    int rc = head.error;
    if (rc == 0 && shown->bytes.at)
        rc = co_http_reply_prepared(
            visit->request, 206, co_buf_text(&head), shown->bytes.at + range.first, (size_t)size);
    else if (rc == 0)
        rc = co_http_reply_file(
            visit->request, 206, co_buf_text(&head), shown->file->fd, range.first, size);
    co_buf_free(&head);
    return rc;
}

/* ---- several ------------------------------------------------------------------------------ */

/* A multipart body: the heads of its parts one after the other, and where each one ends. */
struct multipart {
    const struct co_http_shown *shown;
    const struct co_range *ranges;
    size_t count;
    char boundary[CO_HTTP_NONCE]; /* no content can have been made to hold it */
    struct co_buf heads;
    size_t ends[CO_RANGES_MAX + 1]; /* the last: of the line that closes the body */
};

static void add_delimiter(struct multipart *parts)
{
    co_buf_add_string(&parts->heads, "\r\n--");
    co_buf_add(&parts->heads, parts->boundary, sizeof parts->boundary);
}

static void make_heads(struct multipart *parts)
{
    struct co_buf *heads = &parts->heads;
    for (size_t i = 0; i < parts->count; i++) {
        add_delimiter(parts);
        co_buf_add_string(heads, "\r\n");
        co_http_line_add(heads, CO_TEXT("Content-Type"), parts->shown->form->type);
        add_content_range(heads, parts->ranges[i], parts->shown->size);
        co_buf_add_string(heads, "\r\n");
        parts->ends[i] = heads->size;
    }
    add_delimiter(parts);
    co_buf_add_string(heads, "--\r\n");
    parts->ends[parts->count] = heads->size;
}

static int begin(struct co_http_visit *visit, const struct multipart *parts)
{
    struct co_buf head = CO_BUF(HEAD_MAX + parts->shown->form->about.size);
    uint64_t size = parts->heads.size;
    for (size_t i = 0; i < parts->count; i++)
        size += size_of(parts->ranges[i]); /* at most the file's size: co_range_parse saw to it */
    add_start(&head, size);
    co_buf_add_string(&head, "Content-Type: multipart/byteranges; boundary=");
    co_buf_add(&head, parts->boundary, sizeof parts->boundary);
    co_buf_add_string(&head, "\r\n");
    co_buf_add_text(&head, parts->shown->form->about);
    int rc = head.error;
    if (rc == 0)
        rc = co_http_begin_sized(visit->request, 206, co_buf_text(&head), size);
    co_buf_free(&head);
    return rc;
}

static int write_content(
    co_http_request *request, const struct co_http_shown *shown, struct co_range range)
{
    if (shown->bytes.at)
        return co_http_write(request, shown->bytes.at + range.first, (size_t)size_of(range));
    return co_http_write_file(request, shown->file->fd, range.first, size_of(range));
}

static int write_parts(co_http_request *request, const struct multipart *parts)
{
    size_t at = 0;
    for (size_t i = 0; i <= parts->count; i++) {
        int rc = co_http_write(request, parts->heads.at + at, parts->ends[i] - at);
        if (rc == 0 && i < parts->count)
            rc = write_content(request, parts->shown, parts->ranges[i]);
        if (rc < 0)
            return rc;
        at = parts->ends[i];
    }
    return 0;
}

static int reply_several(struct co_http_visit *visit, const struct co_http_shown *shown,
    const struct co_range *ranges, size_t count)
{
    struct multipart parts = {
        .shown = shown, .ranges = ranges, .count = count, .heads = CO_BUF(PARTS_MAX)};
    co_http_nonce(parts.boundary);
    make_heads(&parts);
    int rc = parts.heads.error;
    if (rc == 0)
        rc = begin(visit, &parts);
    if (rc == 0)
        rc = write_parts(visit->request, &parts);
    co_buf_free(&parts.heads);
    return rc;
}

int co_http_file_ranges(struct co_http_visit *visit, const struct co_http_shown *shown)
{
    const co_http_request *request = visit->request;
    struct co_range ranges[CO_RANGES_MAX];
    struct co_validators validators = co_http_form_validators(shown->form, request);
    int64_t now = request->start_seconds;
    if (!co_if_range(request->head.if_range, &validators, now, now))
        return CO_HTTP_NO_RANGES;
    int count = co_range_parse(request->head.range, shown->size, ranges);
    if (count == 0)
        return CO_HTTP_NO_RANGES;
    if (count < 0)
        return reply_unsatisfiable(visit, shown->size);
    return count == 1 ? reply_one(visit, shown, ranges[0])
                      : reply_several(visit, shown, ranges, (size_t)count);
}
