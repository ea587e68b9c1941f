/* SPDX-License-Identifier: MIT */
#include "app/report.h"

#include "codec/escape.h"
#include "codec/url.h"

#define SHOWN_MAX 65536 /* bytes of a URL or a path */

static void add_text(struct co_buf *out, const char *key, const char *value)
{
    co_buf_addf(out, ",\"%s\":\"", key);
    co_escape_json(out, co_text_of(value));
    co_buf_add_char(out, '"');
}

static void add_what(struct co_buf *out, const struct co_report *report)
{
    struct co_buf shown = CO_BUF(SHOWN_MAX);
    co_url_shown(co_text_of(report->what), &shown);
    co_buf_add_char(&shown, '\0');
    add_text(out, report->kind, shown.error ? "" : shown.at);
    co_buf_free(&shown);
}

static void add_result(struct co_buf *out, const struct co_report *report)
{
    const struct co_transfer_result *result = report->result;
    if (result->file)
        add_text(out, "file", result->file);
    if (result->status)
        co_buf_addf(out, ",\"status\":%d", result->status);
    co_buf_addf(out, ",\"bytes\":%llu,\"resumed\":%llu,\"tries\":%u,\"seconds\":%.3f",
        (unsigned long long)result->progress.bytes, (unsigned long long)result->progress.resumed,
        result->tries, (double)result->took_ns / (double)CO_SECOND);
}

static const char *event_of(const struct co_report *report)
{
    if (report->rc < 0)
        return "failed";
    return report->result->unchanged ? "unchanged" : "done";
}

void co_report_add(struct co_buf *out, const struct co_report *report)
{
    co_buf_addf(out, "{\"event\":\"%s\"", event_of(report));
    add_what(out, report);
    if (report->result->tries > 0)
        add_result(out, report);
    if (report->rc < 0) {
        add_text(out, "error", co_explain(report->rc));
        co_buf_addf(out, ",\"code\":%d", report->code);
        if (report->result->kept)
            co_buf_addf(out, ",\"kept\":%llu", (unsigned long long)report->result->kept);
    }
    co_buf_add_string(out, "}\n");
}
