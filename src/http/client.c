/* SPDX-License-Identifier: MIT */
/*
 * The client: an errand goes from redirection to redirection; each of its requests is an exchange
 * on a connection of the pool's, or on a new one.
 */
#include "http/client.h"

#include "codec/cookie_date.h"
#include "dial/answers.h"
#include "dial/proxies.h"
#include "http/decoded.h"
#include "http/exchange.h"
#include "http/field.h"
#include "http/h2_client.h"
#include "http/links.h"
#include "http/retry.h"
#include "net/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS    30000
#define HEAD_MS       60000
#define IDLE_MAX      32
#define REDIRECTS_MAX 20
#define TRIES_MAX     4 /* of one request */
#define SKIPPED_MAX                                                                                \
 65536 /* bytes of a redirection's body; reading more costs more than a close                      \
        */

struct co_http_client {
    struct co_http_client_options options;
    char *user_agent;
    struct co_http_links links;
    struct co_http_logins logins;
};

struct co_http_response {
    co_http_client *client;
    bool owns_client;
    struct co_http_errand errand;
    bool sent; /* of the present request the server may have heard */
    co_stream *stream;
    struct co_http_answer answer;
    struct co_http_decoded *decoded; /* NULL: the body comes as it is */
    co_text piece;                   /* shown by the body, not yet given to the caller */
};

/* ---- the client ----------------------------------------------------------------------------- */

static void fill_defaults(struct co_http_client_options *options)
{
    if (options->connect_ms == 0)
        options->connect_ms = CONNECT_MS;
    if (options->head_ms == 0)
        options->head_ms = HEAD_MS;
    if (options->min_rate == 0)
        options->min_rate = 1;
    if (options->idle_max == 0)
        options->idle_max = IDLE_MAX;
    if (options->redirects_max == 0)
        options->redirects_max = REDIRECTS_MAX;
}

/* What is no number is copied. */
static int take_options(co_http_client *client, const struct co_http_client_options *options)
{
    struct co_http_client_options *own = &client->options;
    *own = *options;
    own->answers = NULL;
    int rc = co_proxies_copy(&options->proxies, &own->proxies);
    client->user_agent = strdup(options->user_agent ? options->user_agent : "coronet");
    own->user_agent = client->user_agent;
    if (!own->user_agent)
        rc = -ENOMEM;
    if (rc == 0)
        rc = co_answers_check(options->answers);
    if (rc == 0)
        rc = co_answers_copy(options->answers, &own->answers);
    fill_defaults(own);
    return rc;
}

static void start_links(struct co_http_links *links, const struct co_http_client_options *options)
{
    links->pool = (struct co_pool){
        .dial = {.family = options->family,
            .timeout_ms = options->connect_ms,
            .answers = options->answers},
        .idle_max = options->idle_max,
    };
    co_http_links_start(links);
}

int co_http_client_new(co_http_client **ret, const struct co_http_client_options *options)
{
    co_http_client *client = calloc(1, sizeof *client);
    if (!client)
        return -ENOMEM;
    int rc = take_options(client, options ? options : &(struct co_http_client_options){0});
    co_http_logins_start(&client->logins);
    start_links(&client->links, &client->options);
    if (rc < 0)
        co_http_client_free(client);
    else
        *ret = client;
    return rc;
}

void co_http_client_free(co_http_client *client)
{
    if (!client)
        return;
    co_http_links_end(&client->links);
    co_http_logins_end(&client->logins);
    co_proxies_free(&client->options.proxies);
    free((void *)(uintptr_t)client->options.answers);
    free(client->user_agent);
    free(client);
}

/* ---- one request ---------------------------------------------------------------------------- */

/* Done with the exchange: its connection is kept where that can be. */
static void let_go(co_http_response *response)
{
    co_stream *stream = response->stream;
    enum co_http_rest rest = co_http_exchange_end(&response->answer);
    response->stream = NULL;
    if (!stream)
        return;
    struct co_pool_place place = co_http_errand_place(&response->errand);
    co_http_links_give(&response->client->links, &place, stream, rest);
}

/* A kept connection may have been closed while the request was on its way (RFC 9112 9.3.1). What
 * the server has not looked at it can be asked again (RFC 9113 8.7). */
static bool is_worth_another(
    int rc, enum co_http_fate fate, const struct co_http_question *question, bool used)
{
    if (question->outgoing->failed)
        return false;
    if (fate == CO_HTTP_REFUSED || fate == CO_HTTP_TOO_NEW)
        return true;
    return used && fate == CO_HTTP_UNHEARD && co_http_is_idempotent(question->method) &&
           (rc == CO_EEOF || rc == -ECONNRESET || rc == -EPIPE || rc == CO_ETRUNCATED);
}

/* RFC 9110 15.5.20: another connection may lead to who knows the place. */
static bool is_misdirected(const co_http_response *response)
{
    return response->answer.head.status == 421;
}

static int exchange(co_http_response *response, const struct co_http_question *question,
    enum co_http_fate *ret_fate)
{
    const struct co_http_client_options *options = &response->client->options;
    bool is_h2 = co_h2_client_is_on(response->stream);
    co_http_dialogue_ask(options, question->head, is_h2);
    int rc = co_http_exchange(response->stream, question, &response->answer, ret_fate);
    if (rc == 0)
        co_http_dialogue_answer(options, &response->answer.head, is_h2);
    return rc;
}

static int converse(co_http_response *response, const struct co_http_question *question)
{
    struct co_pool_place place = co_http_errand_place(&response->errand);
    bool anew = false, used, once_more;
    int rc;
    for (unsigned i = 1;; i++) {
        enum co_http_fate fate;
        rc = co_http_links_take(&response->client->links, &place, anew, &response->stream, &used);
        if (rc == 0)
            rc = co_http_outgoing_rewind(question->outgoing);
        if (rc < 0)
            return rc;
        rc = exchange(response, question, &fate);
        response->sent |= rc == 0 || (fate != CO_HTTP_REFUSED && fate != CO_HTTP_TOO_NEW);
        if (response->errand.what->sent && response->sent)
            *response->errand.what->sent = true;
        once_more = rc == 0 ? is_misdirected(response) && !anew
                            : is_worth_another(rc, fate, question, used);
        if (!once_more || i == TRIES_MAX)
            return rc;
        anew = rc == 0 || rc == -EBUSY || fate == CO_HTTP_UNHEARD;
        let_go(response);
        co_buf_free(&response->answer.text);
        response->errand.only_http1 |= rc < 0 && fate == CO_HTTP_TOO_NEW;
        place = co_http_errand_place(&response->errand);
    }
}

static int ask(co_http_response *response)
{
    struct co_http_errand *errand = &response->errand;
    const struct co_http_client_options *options = &response->client->options;
    struct co_buf head = CO_BUF(CO_HTTP_REQUEST_HEAD_MAX + CO_HTTP_URL_MAX);
    response->sent = false;
    int rc = co_http_errand_choose_way(errand);
    if (rc == 0)
        rc = co_http_errand_head(errand, &head);
    struct co_http_question question = {
        .method = errand->method,
        .head = co_buf_text(&head),
        .body = {errand->what->body, errand->with_body ? errand->what->body_bytes : 0},
        .outgoing = &errand->outgoing,
        .expects = co_http_errand_expects(errand),
        .place_ms = options->connect_ms,
        .head_ms = options->head_ms,
        .stall_ms = options->stall_ms,
        .min_rate = options->min_rate,
        .limit_rate = options->limit_rate,
    };
    if (rc == 0)
        rc = converse(response, &question);
    co_buf_free(&head);
    return rc;
}

/* ---- the response --------------------------------------------------------------------------- */

ssize_t co_http_response_next(co_http_response *response, co_text *ret)
{
    return response->decoded ? co_http_decoded_next(response->decoded, &response->answer, ret)
                             : co_http_exchange_next(&response->answer, ret);
}

long co_http_response_splice(co_http_response *response, int pipe_fd, size_t size)
{
    const struct co_http_way *way = response->answer.way;
    if (response->decoded || !way->splice)
        return -EOPNOTSUPP;
    return way->splice(&response->answer, pipe_fd, size);
}

ssize_t co_http_response_read(co_http_response *response, void *ret_bytes, size_t size)
{
    co_text *piece = &response->piece;
    if (piece->size == 0) {
        ssize_t n = co_http_response_next(response, piece);
        if (n <= 0) {
            *piece = (co_text){0};
            return n;
        }
    }
    size_t taken = size < piece->size ? size : piece->size;
    memcpy(ret_bytes, piece->at, taken);
    *piece = co_text_after(*piece, taken);
    return (ssize_t)taken;
}

/* For the connection's sake: one that ends with the body is not worth the wait for that. */
static void skip(co_http_response *response)
{
    const struct co_http_answer *answer = &response->answer;
    co_text piece;
    size_t skipped = 0;
    ssize_t n = answer->head.keep_alive || answer->way->version > 11;
    while (n > 0 && skipped <= SKIPPED_MAX) {
        n = co_http_response_next(response, &piece);
        skipped += piece.size;
    }
}

void co_http_response_close(co_http_response *response)
{
    if (!response)
        return;
    let_go(response);
    co_http_decoded_close(response->decoded);
    co_buf_free(&response->answer.text);
    co_http_errand_end(&response->errand);
    if (response->owns_client)
        co_http_client_free(response->client);
    free(response);
}

int co_http_response_version(const co_http_response *response)
{
    const struct co_http_answer *answer = &response->answer;
    return answer->way->version == 20 ? 20 : 10 + (int)answer->head.minor;
}

int co_http_response_status(const co_http_response *response)
{
    return response->answer.head.status;
}

const char *co_http_response_url(const co_http_response *response)
{
    return response->errand.url.at;
}

co_text co_http_response_header(const co_http_response *response, const char *name)
{
    const struct co_http1_response *head = &response->answer.head;
    return co_http_field_find(head->fields, head->field_count, co_text_of(name));
}

int64_t co_http_response_size(const co_http_response *response)
{
    const struct co_http1_response *head = &response->answer.head;
    switch (response->decoded ? CO_HTTP_TO_END : head->framing) {
    case CO_HTTP_LENGTH: return (int64_t)head->body_size;
    case CO_HTTP_NO_BODY: return 0;
    default: return -1;
    }
}

bool co_http_response_is_coded(const co_http_response *response)
{
    return co_http_is_coded(&response->answer.head);
}

co_text co_http_response_type(const co_http_response *response)
{
    co_text type = co_http_response_header(response, "Content-Type");
    ssize_t end = co_text_find(type, ';');
    return co_text_trim((co_text){type.at, end < 0 ? type.size : (size_t)end});
}

int64_t co_http_response_modified(const co_http_response *response)
{
    int64_t seconds;
    co_text text = co_http_response_header(response, "Last-Modified");
    bool told = text.at && co_date_read_loosely(text, co_wall_seconds(), &seconds) == 0;
    return told ? seconds : INT64_MIN;
}

int64_t co_http_response_retry_after_ms(const co_http_response *response)
{
    co_text text = co_http_response_header(response, "Retry-After");
    if (!text.at)
        return -1;
    return co_retry_after_ms(text, co_http_response_header(response, "Date"), co_wall_seconds());
}

void co_http_response_write_head(const co_http_response *response, struct co_buf *out)
{
    const struct co_http1_response *head = &response->answer.head;
    co_buf_addf(
        out, "HTTP/1.%u %d %.*s\r\n", head->minor, head->status, CO_TEXT_PRINT(head->reason));
    for (unsigned i = 0; i < head->field_count; i++)
        co_http_line_add(out, head->fields[i].name, head->fields[i].value);
    co_buf_add_string(out, "\r\n");
}

/* ---- fetching ------------------------------------------------------------------------------- */

static bool is_redirection(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Done with a response that is not the last one. */
static void pass_over(co_http_response *response)
{
    skip(response);
    let_go(response);
}

/* How long until the request is made again, after a failure or a response; -1: it is not. */
static int64_t wait_after(const co_http_response *response, struct co_retry *retry, int rc)
{
    const struct co_http_errand *errand = &response->errand;
    const struct co_http_outgoing *body = &errand->outgoing;
    if (retry->limits.times == 0)
        return -1;
    struct co_retry_failure failure = {
        .rc = rc < 0 ? rc : CO_ESTATUS,
        .status = rc < 0 ? 0 : response->answer.head.status,
        .after_ms = rc < 0 ? -1 : co_http_response_retry_after_ms(response),
        .may_repeat = (co_http_is_idempotent(errand->method) || !response->sent) && !body->failed &&
                      co_http_outgoing_may_begin(body),
    };
    co_random(&failure.random, sizeof failure.random);
    return co_retry_wait_ms(retry, &failure);
}

/* Asks, and again where that may help; learns from every response. */
static int insist(co_http_response *response)
{
    struct co_retry retry = {.limits = response->client->options.retries};
    for (;;) {
        int rc = ask(response);
        if (rc == 0)
            rc = co_http_errand_learn(&response->errand, &response->answer.head, response->stream);
        int64_t wait_ms = co_status() < 0 ? -1 : wait_after(response, &retry, rc);
        if (wait_ms < 0)
            return rc;
        if (rc == 0)
            pass_over(response);
        else
            let_go(response);
        co_buf_free(&response->answer.text);
        rc = co_sleep(wait_ms);
        if (rc < 0)
            return rc;
    }
}

/* Asks once more when the server wants to know who asks. 1 when it was told all there is. */
static int log_in(co_http_response *response)
{
    int rc = co_http_login_answer(&response->errand, &response->answer.head);
    if (rc <= 0)
        return rc < 0 ? rc : 1;
    pass_over(response);
    co_buf_free(&response->answer.text);
    return 0;
}

/* RFC 9110 10.1.1: a 417 to Expect means no more than that somebody on the way does not know it.
 * Asks once more, without; 1 when that was not it, or the body cannot be told again. */
static int stop_expecting(co_http_response *response)
{
    struct co_http_errand *errand = &response->errand;
    bool once_more = response->answer.head.status == 417 && co_http_errand_expects(errand) &&
                     co_http_outgoing_may_begin(&errand->outgoing);
    if (!once_more)
        return 1;
    errand->unasked = true;
    pass_over(response);
    co_buf_free(&response->answer.text);
    return 0;
}

/* Goes on from one response to where it leads. 1 when it leads nowhere: it is the last. An empty
 * Location would lead to the same again; it is meant as none. */
static int follow(co_http_response *response)
{
    co_text location = co_http_response_header(response, "Location");
    int status = response->answer.head.status;
    if (!is_redirection(status) || location.size == 0 || response->client->options.no_redirects)
        return 1;
    pass_over(response);
    int rc = co_http_errand_redirect(&response->errand, status, location);
    co_buf_free(&response->answer.text);
    if (rc == CO_EINVALID)
        rc = co_fail_at(CO_EHTTP, "fetch", response->errand.url.at,
            "it is redirected to what is no http or https URL", "");
    return rc;
}

static int fetch(co_http_response *response, const struct co_http_fetch *what)
{
    int rc = co_http_errand_start(&response->errand, what, &response->client->options);
    unsigned redirects = 0;
    response->errand.login.logins = &response->client->logins;
    while (rc == 0) {
        rc = insist(response);
        if (rc == 0)
            rc = log_in(response);
        if (rc == 1)
            rc = stop_expecting(response);
        if (rc != 1)
            continue;
        rc = follow(response);
        if (rc == 0 && redirects++ == response->client->options.redirects_max)
            return co_fail_at(
                CO_EHTTP, "fetch", response->errand.url.at, "it is redirected for ever", "");
    }
    if (rc == 1 && response->client->options.compressed)
        rc = co_http_decoded_open(&response->decoded, &response->answer.head);
    return rc == 1 ? 0 : rc;
}

int co_http_fetch(co_http_response **ret, co_http_client *client, const struct co_http_fetch *what)
{
    co_http_response *response = calloc(1, sizeof *response);
    if (!response)
        return -ENOMEM;
    response->client = client;
    int rc = fetch(response, what);
    response->errand.what = NULL;
    if (rc < 0)
        co_http_response_close(response);
    else
        *ret = response;
    return rc;
}

int co_http_get(co_http_response **ret, const char *url)
{
    co_http_client *client;
    int rc = co_http_client_new(&client, NULL);
    if (rc < 0)
        return rc;
    rc = co_http_fetch(ret, client, &(struct co_http_fetch){.url = url});
    if (rc < 0)
        co_http_client_free(client);
    else
        (*ret)->owns_client = true;
    return rc;
}
