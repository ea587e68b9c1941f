/* SPDX-License-Identifier: MIT */
#include "app/log.h"

#include "codec/date.h"
#include "codec/escape.h"

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

static void combined_quoted(struct co_buf *out, co_text text)
{
    co_buf_add_string(out, " \"");
    if (text.size == 0)
        co_buf_add_char(out, '-');
    co_escape_log(out, text);
    co_buf_add_char(out, '"');
}

static void combined(struct co_buf *out, const struct co_http_event *event)
{
    char date[CO_DATE_LOG_SIZE];
    co_date_write_log(date, event->start_seconds);
    co_buf_add_text(out, peer_host(event->peer));
    co_buf_add_string(out, " - - [");
    co_buf_add(out, date, sizeof date);
    co_buf_add_string(out, "] \"");
    if (event->method.size == 0)
        co_buf_add_char(out, '-'); /* nothing that was a request line */
    co_escape_log(out, event->method);
    if (event->target.size > 0) { /* else it ended with its first word */
        co_buf_add_char(out, ' ');
        co_escape_log(out, event->target);
        co_buf_addf(out, " HTTP/1.%u", event->minor);
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

static void json(struct co_buf *out, const struct co_http_event *event)
{
    char date[CO_DATE_ISO_SIZE];
    co_date_write_iso(date, event->start_seconds);
    co_buf_add_string(out, "{\"event\":\"request\"");
    json_text(out, "time", (co_text){date, sizeof date});
    json_text(out, "peer", co_text_of(event->peer));
    json_text(out, "method", event->method);
    json_text(out, "target", event->target);
    json_text(out, "host", event->host);
    co_buf_addf(out, ",\"version\":\"HTTP/1.%u\",\"status\":%d", event->minor, event->status);
    co_buf_addf(out, ",\"body_bytes\":%llu,\"duration_us\":%lld",
        (unsigned long long)event->body_bytes, (long long)event->duration_ns / 1000);
    json_text(out, "referer", event->referer);
    json_text(out, "user_agent", event->user_agent);
    if (event->error < 0)
        json_text(out, "error", co_text_of(co_error_name(event->error)));
    co_buf_add_char(out, '}');
}

void co_log_request(
    struct co_buf *out, enum co_log_format format, const struct co_http_event *event)
{
    if (format == CO_LOG_JSON)
        json(out, event);
    else
        combined(out, event);
    co_buf_add_char(out, '\n');
}

void co_log_event(struct co_buf *out, const char *name, const char *key, const char *value)
{
    co_buf_addf(out, "{\"event\":\"%s\"", name);
    if (key)
        json_text(out, key, co_text_of(value));
    co_buf_add_string(out, "}\n");
}

void co_log_printable(struct co_buf *out, const char *name)
{
    co_escape_terminal(out, co_text_of(name));
}
