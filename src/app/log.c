/* SPDX-License-Identifier: MIT */
#include "app/log.h"

#include "codec/date.h"
#include "codec/escape.h"
#include "codec/url.h"

#define SECOND_NS 1000000000

/* The peer without its port: "127.0.0.1", "::1"; "-" for Unix sockets, which have no names. */
static co_text peer_host(const char *peer)
{
    co_text text = co_text_of(peer);
    const char *colon = peer ? strrchr(peer, ':') : NULL;
    if (!colon || co_text_starts(text, CO_TEXT("unix:")))
        return CO_TEXT("-");
    text.size = (size_t)(colon - peer);
    if (text.size >= 2 && text.at[0] == '[')
        text = (co_text){text.at + 1, text.size - 2};
    return text;
}

/* A field without quotes around it: a space would end it. */
static void log_word(struct co_buf *out, co_text word)
{
    for (size_t i = 0; i < word.size; i++)
        if (word.at[i] == ' ')
            co_buf_add_string(out, "\\x20");
        else
            co_escape_log(out, (co_text){word.at + i, 1});
}

static void combined_quoted(struct co_buf *out, co_text text)
{
    co_buf_add_string(out, " \"");
    if (text.size == 0)
        co_buf_add_char(out, '-');
    co_escape_log(out, text);
    co_buf_add_char(out, '"');
}

/* Up to the quotes of the request: 127.0.0.1 - ann [22/Nov/2026:03:02:55 +0000] " */
static void combined_start(struct co_buf *out, const char *peer, co_text user, int64_t seconds)
{
    char date[CO_DATE_LOG_SIZE];
    co_date_write_log(date, seconds);
    co_buf_add_text(out, peer_host(peer));
    co_buf_add_string(out, " - ");
    if (user.size == 0)
        co_buf_add_char(out, '-');
    log_word(out, user);
    co_buf_add_string(out, " [");
    co_buf_add(out, date, sizeof date);
    co_buf_add_string(out, "] \"");
}

static void combined(struct co_buf *out, const struct co_http_event *event)
{
    combined_start(out, event->peer, event->user, event->start_seconds);
    if (event->method.size == 0)
        co_buf_add_char(out, '-'); /* nothing that was a request line */
    co_escape_log(out, event->method);
    if (event->target.size > 0) { /* else it ended with its first word */
        co_buf_add_char(out, ' ');
        co_escape_log(out, event->target);
        co_buf_addf(out, " HTTP/%u.%u", event->major, event->minor);
    }
    co_buf_addf(out, "\" %03d ", event->status);
    co_buf_add_number(out, event->body_bytes);
    combined_quoted(out, event->referer);
    combined_quoted(out, event->user_agent);
}

static void json_text(struct co_buf *out, const char *key, co_text text)
{
    co_buf_addf(out, ",\"%s\":\"", key);
    co_escape_json(out, text);
    co_buf_add_char(out, '"');
}

static void json_start(struct co_buf *out, const char *name, const char *peer, int64_t seconds)
{
    char date[CO_DATE_ISO_SIZE];
    co_date_write_iso(date, seconds);
    co_buf_addf(out, "{\"event\":\"%s\"", name);
    json_text(out, "time", (co_text){date, sizeof date});
    json_text(out, "peer", co_text_of(peer));
}

static void json_end(struct co_buf *out, int error)
{
    if (error < 0)
        json_text(out, "error", co_text_of(co_error_name(error)));
    co_buf_add_char(out, '}');
}

static void json(struct co_buf *out, const struct co_http_event *event)
{
    json_start(out, "request", event->peer, event->start_seconds);
    json_text(out, "method", event->method);
    json_text(out, "target", event->target);
    json_text(out, "scheme", co_text_of(event->scheme));
    json_text(out, "host", event->host);
    if (event->user.size > 0)
        json_text(out, "user", event->user);
    co_buf_addf(out, ",\"version\":\"HTTP/%u.%u\"", event->major, event->minor);
    co_buf_addf(out, ",\"status\":%d", event->status);
    co_buf_addf(out, ",\"body_bytes\":%llu,\"duration_us\":%lld",
        (unsigned long long)event->body_bytes, (long long)event->duration_ns / 1000);
    json_text(out, "referer", event->referer);
    json_text(out, "user_agent", event->user_agent);
    json_end(out, event->error);
}

/* ---- xferlog ------------------------------------------------------------------------------------
 */

/* What the fields say, in their order. */
struct transfer {
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
static void xferlog_word(struct co_buf *out, co_text name)
{
    if (name.size == 0)
        co_buf_add_char(out, '-');
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.at[i] <= ' ' || name.at[i] == 0x7f)
            co_buf_add_char(out, '_');
        else
            co_escape_log(out, (co_text){name.at + i, 1});
}

static void xferlog(struct co_buf *out, const struct transfer *transfer)
{
    char date[CO_DATE_ASCTIME_SIZE];
    int64_t took = (transfer->duration_ns + SECOND_NS - 1) / SECOND_NS;
    co_date_write_asctime(date, transfer->start_seconds + transfer->duration_ns / SECOND_NS);
    co_buf_add(out, date, sizeof date);
    co_buf_addf(out, " %lld ", (long long)(took > 0 ? took : 1)); /* readers divide by it */
    co_buf_add_text(out, transfer->host);
    co_buf_addf(out, " %llu ", (unsigned long long)transfer->bytes);
    xferlog_word(out, transfer->name);
    co_buf_addf(out, " %c _ %c %c ", transfer->ascii ? 'a' : 'b', transfer->incoming ? 'i' : 'o',
        transfer->user.size ? 'r' : 'a');
    xferlog_word(out, transfer->user.size ? transfer->user : CO_TEXT("anonymous"));
    co_buf_addf(out, " %s 0 * %c", transfer->service, transfer->complete ? 'c' : 'i');
}

static void xferlog_ftp(struct co_buf *out, const struct co_ftp_event *event)
{
    bool is_anonymous = co_text_equal_nocase(event->user, CO_TEXT("anonymous")) ||
                        co_text_equal_nocase(event->user, CO_TEXT("ftp"));
    if ((event->kind != CO_FTP_DOWNLOADED && event->kind != CO_FTP_UPLOADED) || event->refused)
        return;
    xferlog(out, &(struct transfer){
                     .start_seconds = event->start_seconds,
                     .duration_ns = event->duration_ns,
                     .host = peer_host(event->peer),
                     .bytes = event->bytes,
                     .name = event->path,
                     .ascii = event->ascii,
                     .incoming = event->kind == CO_FTP_UPLOADED,
                     .user = is_anonymous ? (co_text){0} : event->user,
                     .service = "ftp",
                     .complete = event->error == 0,
                 });
}

/* ---- requests -----------------------------------------------------------------------------------
 */

/* A line is ended if there is one. */
static void line_end(struct co_buf *out, size_t before)
{
    if (out->size > before)
        co_buf_add_char(out, '\n');
}

void co_log_request(
    struct co_buf *out, enum co_log_format format, const struct co_http_event *event)
{
    size_t before = out->size;
    switch (format) {
    case CO_LOG_JSON: json(out, event); break;
    case CO_LOG_XFERLOG: break; /* has files alone */
    case CO_LOG_COMBINED: combined(out, event); break;
    }
    line_end(out, before);
}

void co_log_transfer(struct co_buf *out, const struct co_http_transfer *transfer)
{
    xferlog(out, &(struct transfer){
                     .start_seconds = transfer->start_seconds,
                     .duration_ns = transfer->duration_ns,
                     .host = peer_host(transfer->peer),
                     .bytes = transfer->bytes,
                     .name = transfer->path,
                     .incoming = transfer->is_upload,
                     .user = transfer->user,
                     .service = "http",
                     .complete = transfer->error == 0,
                 });
    co_buf_add_char(out, '\n');
}

/* ---- FTP ----------------------------------------------------------------------------------------
 */

static void combined_ftp(struct co_buf *out, const struct co_ftp_event *event)
{
    combined_start(out, event->peer, event->user, event->start_seconds);
    co_buf_add_text(out, event->command);
    co_buf_add_char(out, ' ');
    if (event->path.size == 0)
        co_buf_add_char(out, '-');
    log_word(out, event->path);
    if (event->target.size > 0) {
        co_buf_add_char(out, ' ');
        log_word(out, event->target);
    }
    co_buf_addf(
        out, " FTP\" %03d %llu \"-\" \"-\"", event->reply, (unsigned long long)event->bytes);
}

static void json_ftp(struct co_buf *out, const struct co_ftp_event *event)
{
    static const char *const names[] = {[CO_FTP_LOGGED_IN] = "login",
        [CO_FTP_LOGIN_FAILED] = "login",
        [CO_FTP_DOWNLOADED] = "download",
        [CO_FTP_UPLOADED] = "upload",
        [CO_FTP_LISTED] = "listing",
        [CO_FTP_CHANGED] = "change"};
    json_start(out, names[event->kind], event->peer, event->start_seconds);
    json_text(out, "scheme", co_text_of(event->scheme));
    json_text(out, "user", event->user);
    json_text(out, "command", event->command);
    json_text(out, "path", event->path);
    if (event->target.size > 0)
        json_text(out, "target", event->target);
    co_buf_addf(out, ",\"version\":\"FTP\",\"status\":%d,\"body_bytes\":%llu,\"duration_us\":%lld",
        event->reply, (unsigned long long)event->bytes, (long long)event->duration_ns / 1000);
    json_end(out, event->error);
}

void co_log_ftp(struct co_buf *out, enum co_log_format format, const struct co_ftp_event *event)
{
    size_t before = out->size;
    switch (format) {
    case CO_LOG_JSON: json_ftp(out, event); break;
    case CO_LOG_XFERLOG: xferlog_ftp(out, event); break;
    case CO_LOG_COMBINED: combined_ftp(out, event); break;
    }
    line_end(out, before);
}

void co_log_event(struct co_buf *out, const char *name, const char *key, const char *value)
{
    co_buf_addf(out, "{\"event\":\"%s\"", name);
    if (key)
        json_text(out, key, co_text_of(value));
    co_buf_add_string(out, "}\n");
}

void co_log_url(struct co_buf *out, const char *url)
{
    co_url_shown(co_text_of(url), out);
}

void co_log_printable(struct co_buf *out, const char *name)
{
    co_escape_terminal(out, co_text_of(name));
}
