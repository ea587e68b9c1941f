/* SPDX-License-Identifier: MIT */
/* A file's answer: conditions (RFC 9110 13), then ranges, then the whole. */
#include "codec/date.h"
#include "http/files.h"
#include "http/squeeze.h"

#include <errno.h>

#define HEAD_MAX 2048

struct co_validators co_http_form_validators(
    const struct co_http_form *form, const co_http_request *request)
{
    int64_t now = request->start_seconds;
    return (struct co_validators){
        .etag = form->etag,
        .modified = form->modified < now ? form->modified : now,
        .exists = true,
    };
}

static bool is_conditional(const struct co_http1_request *head)
{
    return head->if_match.at || head->if_none_match.at || head->if_modified_since.at ||
           head->if_unmodified_since.at;
}

int co_http_visit_conditions(struct co_http_visit *visit, const char *vary)
{
    static const struct co_validators none = {.modified = -1, .exists = true};
    co_http_request *request = visit->request;
    const struct co_http1_request *head = &request->head;
    if (CO_LIKELY(!is_conditional(head)))
        return 1;
    int status = co_precondition(head, &none, request->start_seconds);
    if (status != 304)
        return status == 200 ? 1 : co_http_visit_error(visit, status);
    int rc = co_http_visit_set_cors(visit);
    if (rc == 0 && vary)
        rc = co_http_set(request, "Vary", vary);
    return rc < 0 ? rc : co_http_reply(request, 304, NULL, NULL, 0);
}

/* RFC 9110 15.4.5: what would help the client to keep its copy, and no more. */
static int reply_not_modified(struct co_http_visit *visit, const struct co_http_form *form)
{
    struct co_buf head = CO_BUF(HEAD_MAX + form->fixed.size);
    co_buf_add_string(&head, "HTTP/1.1 304 Not Modified\r\n");
    co_buf_add_text(&head, form->fixed);
    int rc = head.error;
    if (rc == 0)
        rc = co_http_reply_prepared(visit->request, 304, co_buf_text(&head), NULL, 0);
    co_buf_free(&head);
    return rc;
}

/* RFC 9110 8.8.2.1: a time that is yet to come is given as now. */
static int add_date(co_http_request *request)
{
    char date[CO_DATE_SIZE];
    co_date_write(date, request->start_seconds);
    return co_http_set_text(request, CO_TEXT("Last-Modified"), (co_text){date, sizeof date});
}

static int reply_streamed(struct co_http_visit *visit, const struct co_http_shown *shown)
{
    int rc = co_http_begin_prepared(visit->request, 200, shown->form->whole.head);
    if (rc < 0 || !co_http_reply_has_body(visit->request, 200))
        return rc;
    return co_http_squeeze_file(visit->request, shown->file->fd, shown->file->stat.size);
}

static int reply_whole(struct co_http_visit *visit, const struct co_http_shown *shown)
{
    co_http_request *request = visit->request;
    co_text head = shown->form->whole.head;
    request->prepared = &shown->form->whole;
    if (CO_LIKELY(shown->bytes.at != NULL))
        return co_http_reply_prepared(request, 200, head, shown->bytes.at, shown->bytes.size);
    if (shown->streamed)
        return reply_streamed(visit, shown);
    return co_http_reply_file(request, 200, head, shown->file->fd, 0, shown->size);
}

static int reply_shown(struct co_http_visit *visit, const struct co_http_shown *shown)
{
    co_http_request *request = visit->request;
    const struct co_http1_request *head = &request->head;
    if (CO_UNLIKELY(is_conditional(head))) {
        struct co_validators validators = co_http_form_validators(shown->form, request);
        int status = co_precondition(head, &validators, request->start_seconds);
        if (status != 200)
            return status == 304 ? reply_not_modified(visit, shown->form)
                                 : co_http_visit_error(visit, status);
    }
    int rc = shown->form->undated ? add_date(request) : 0;
    if (rc < 0)
        return rc;
    request->sends_file = true;
    rc = CO_HTTP_NO_RANGES;
    if (head->range.at && head->method == CO_HTTP_GET && shown->ranges) /* RFC 9110 14.2 */
        rc = co_http_file_ranges(visit, shown);
    return rc == CO_HTTP_NO_RANGES ? reply_whole(visit, shown) : rc;
}

int co_http_file_reply(struct co_http_visit *visit, struct co_tree_file *file)
{
    struct co_http_shown shown;
    int rc = co_http_file_choose(visit, file, &shown);
    if (rc < 0)
        return rc;
    rc = reply_shown(visit, &shown);
    if (shown.borrowed)
        co_tree_cache_release(visit->cache, shown.file);
    return rc;
}
