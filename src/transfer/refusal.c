/* SPDX-License-Identifier: MIT */
#include "transfer/refusal.h"

#include "codec/escape.h"
#include "coronet/fiber.h"
#include "http/client.h"

#define BODY_MAX    4096 /* bytes that are looked at */
#define WORDS_MAX   120  /* bytes of them in a sentence */
#define PATIENCE_MS 2000 /* for what has been refused already */

/* What a script, a page or a picture says is not for a terminal. */
static bool has_words(const co_http_response *response)
{
    return co_http_response_status(response) >= 400 && !co_http_response_is_coded(response) &&
           co_text_equal_nocase(co_http_response_type(response), CO_TEXT("text/plain"));
}

/* False when it broke off. */
static bool read_body(co_http_response *response, struct co_buf *out)
{
    co_scope scope;
    co_text piece;
    ssize_t n = 0;
    co_scope_open(&scope, PATIENCE_MS);
    while (out->size < BODY_MAX && (n = co_http_response_next(response, &piece)) > 0) {
        size_t room = BODY_MAX - out->size;
        co_buf_add(out, piece.at, piece.size < room ? piece.size : room);
    }
    (void)co_scope_close(&scope);
    return n >= 0;
}

/* Many say the status over again, such as "404 page not found". */
static bool repeats(co_text line, co_text reason)
{
    return line.size >= reason.size &&
           co_text_equal_nocase(co_text_after(line, line.size - reason.size), reason);
}

/* Harmless and short (attacks C08), and cut between two characters of UTF-8. */
static void add_words(struct co_buf *out, co_text line)
{
    bool is_cut = line.size > WORDS_MAX;
    if (is_cut)
        line.size = WORDS_MAX;
    while (is_cut && line.size > 0 && (line.at[line.size] & 0xc0) == 0x80)
        line.size--;
    co_escape_terminal(out, line);
    co_buf_add_string(out, is_cut ? "..." : "");
}

/* Appends ": " and the words, or nothing. */
static void add_reason(struct co_buf *out, co_http_response *response)
{
    struct co_buf body = CO_BUF(BODY_MAX);
    bool is_whole = read_body(response, &body);
    co_text rest = co_buf_text(&body), line = {0};
    ssize_t end = co_text_find(rest, '\n');
    if (is_whole || end >= 0)
        (void)co_text_next_line(&rest, &line);
    line = co_text_trim(line);
    if (line.size > 0 && line.at[line.size - 1] == '.')
        line.size--;
    if (line.size > 0 &&
        !repeats(line, co_text_of(co_http_reason(co_http_response_status(response))))) {
        co_buf_add_string(out, ": ");
        add_words(out, line);
    }
    co_buf_free(&body);
}

int co_refused(co_http_response *response, const char *hint)
{
    int status = co_http_response_status(response);
    struct co_buf words = CO_BUF(4 * WORDS_MAX + 8);
    if (has_words(response))
        add_reason(&words, response);
    bool is_guess = status != 401;
    (void)!co_fail(CO_ESTATUS, "the server answered %d %s%.*s%s", status, co_http_reason(status),
        CO_TEXT_PRINT(co_buf_text(&words)), words.size > 0 && is_guess ? "" : hint);
    co_buf_free(&words);
    return CO_ESTATUS; /* the compiler, too, shall know that it is not 0 */
}
