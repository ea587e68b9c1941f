/* SPDX-License-Identifier: MIT */
#include "app/xferlog.h"

#include "codec/date.h"
#include "codec/escape.h"

#define SECOND_NS 1000000000

/* What the fields say, in their order. */
struct line {
    int64_t start_seconds, duration_ns;
    co_text host;
    uint64_t bytes;
    co_text name;
    bool ascii, incoming;
    co_text user; /* empty: anonymous */
    const char *service;
    bool complete;
};

/* As wu-ftpd does, so that a space ends a field and a line feed a line (attacks M10). */
static void add_name(struct co_buf *out, co_text name)
{
    if (name.size == 0)
        co_buf_add_char(out, '-');
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.at[i] <= ' ' || name.at[i] == 0x7f)
            co_buf_add_char(out, '_');
        else
            co_escape_log(out, (co_text){name.at + i, 1});
}

static void add_line(struct co_buf *out, const struct line *line)
{
    char date[CO_DATE_ASCTIME_SIZE];
    int64_t took = (line->duration_ns + SECOND_NS - 1) / SECOND_NS;
    co_date_write_asctime(date, line->start_seconds + line->duration_ns / SECOND_NS);
    co_buf_add(out, date, sizeof date);
    co_buf_addf(out, " %lld ", (long long)(took > 0 ? took : 1)); /* readers divide by it */
    co_buf_add_text(out, line->host);
    co_buf_addf(out, " %llu ", (unsigned long long)line->bytes);
    add_name(out, line->name);
    co_buf_addf(out, " %c _ %c %c ", line->ascii ? 'a' : 'b', line->incoming ? 'i' : 'o',
        line->user.size ? 'r' : 'a');
    add_name(out, line->user.size ? line->user : CO_TEXT("anonymous"));
    co_buf_addf(out, " %s 0 * %c", line->service, line->complete ? 'c' : 'i');
}

void co_xferlog_ftp(struct co_buf *out, co_text host, const struct co_ftp_event *event)
{
    bool is_anonymous = co_text_equal_nocase(event->user, CO_TEXT("anonymous")) ||
                        co_text_equal_nocase(event->user, CO_TEXT("ftp"));
    if (event->kind != CO_FTP_DOWNLOADED && event->kind != CO_FTP_UPLOADED)
        return;
    add_line(out, &(struct line){
                      .start_seconds = event->start_seconds,
                      .duration_ns = event->duration_ns,
                      .host = host,
                      .bytes = event->bytes,
                      .name = event->path,
                      .ascii = event->ascii,
                      .incoming = event->kind == CO_FTP_UPLOADED,
                      .user = is_anonymous ? (co_text){0} : event->user,
                      .service = "ftp",
                      .complete = event->error == 0,
                  });
}

void co_xferlog_http(struct co_buf *out, co_text host, const struct co_http_event *event)
{
    bool has_file = event->status == 200 || event->status == 206;
    if (!has_file || event->body_bytes == 0 || !co_text_equal(event->method, CO_TEXT("GET")))
        return;
    add_line(out, &(struct line){
                      .start_seconds = event->start_seconds,
                      .duration_ns = event->duration_ns,
                      .host = host,
                      .bytes = event->body_bytes,
                      .name = event->target,
                      .service = "http",
                      .complete = event->error == 0,
                  });
}
