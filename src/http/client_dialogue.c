/* SPDX-License-Identifier: MIT */
/* What is said and heard, for who wants to follow it; secrets are stars (attacks C11). */
#include "http/client.h"

#include "codec/escape.h"
#include "http/field.h"

#define LINE_MAX  8192 /* bytes of a line that is told; of more, the beginning */
#define SHOWN_MAX (4 * LINE_MAX)

static void tell(const struct co_http_client_options *options, bool sent, co_text line)
{
    struct co_buf shown = CO_BUF(SHOWN_MAX);
    line.size = line.size < LINE_MAX ? line.size : LINE_MAX;
    co_escape_terminal(&shown, line);
    options->dialogue(options->arg, sent, co_buf_text(&shown));
    co_buf_free(&shown);
}

/* Whatever else a request says may be the caller's secret: tokens have headers of many names. */
static bool is_open(co_text name)
{
    static const co_text ours[] = {CO_TEXT("Host"), CO_TEXT("User-Agent"), CO_TEXT("Expect"),
        CO_TEXT("Content-Length"), CO_TEXT("Transfer-Encoding")};
    for (size_t i = 0; i < CO_LENGTH(ours); i++)
        if (co_text_equal_nocase(name, ours[i]))
            return true;
    return co_secret_is_none(name);
}

static void tell_field(const struct co_http_client_options *options, bool sent, co_text line)
{
    ssize_t colon = co_text_find(line, ':');
    co_text name = {line.at, colon < 0 ? 0 : (size_t)colon};
    struct co_buf masked = CO_BUF(LINE_MAX);
    if (sent ? is_open(name) : !co_text_equal_nocase(name, CO_TEXT("Set-Cookie"))) {
        tell(options, sent, line);
        return;
    }
    co_buf_add_text(&masked, name);
    co_buf_add_string(&masked, ": ****");
    tell(options, sent, masked.error ? CO_TEXT("****") : co_buf_text(&masked));
    co_buf_free(&masked);
}

static void tell_fields(const struct co_http_client_options *options, bool sent, co_text rest)
{
    co_text line;
    while (co_text_next_line(&rest, &line) && line.size > 0)
        tell_field(options, sent, line);
    tell(options, sent, (co_text){0});
}

void co_http_dialogue_ask(const struct co_http_client_options *options, co_text head, bool is_h2)
{
    struct co_buf line = CO_BUF(LINE_MAX);
    co_text first;
    if (!options->dialogue || !co_text_next_line(&head, &first))
        return;
    first.size -= sizeof "HTTP/1.1" - 1;
    co_buf_add_text(&line, first);
    co_buf_add_string(&line, is_h2 ? "HTTP/2" : "HTTP/1.1");
    tell(options, true, line.error ? first : co_buf_text(&line));
    co_buf_free(&line);
    tell_fields(options, true, head);
}

void co_http_dialogue_answer(
    const struct co_http_client_options *options, const struct co_http1_response *head, bool is_h2)
{
    struct co_buf line = CO_BUF(LINE_MAX), fields = CO_BUF(2 * CO_HTTP1_RESPONSE_HEAD_MAX);
    if (!options->dialogue)
        return;
    if (is_h2)
        co_buf_addf(&line, "HTTP/2 %d", head->status);
    else
        co_buf_addf(
            &line, "HTTP/1.%u %d %.*s", head->minor, head->status, CO_TEXT_PRINT(head->reason));
    tell(options, false, co_buf_text(&line));
    for (unsigned i = 0; i < head->field_count; i++)
        co_http_line_add(&fields, head->fields[i].name, head->fields[i].value);
    tell_fields(options, false, co_buf_text(&fields));
    co_buf_free(&line);
    co_buf_free(&fields);
}
