/* SPDX-License-Identifier: MIT */
/* A session answers the same bytes with the same bytes, however they arrive. */
#include "coronet.h"
#include "net/stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX    4096
#define RESPONSE_MAX (1 << 16)

struct run {
    const uint8_t *data;
    size_t size, first;
    co_http_server *server;
    co_stream *client, *served;
    char response[RESPONSE_MAX];
    size_t response_size;
    unsigned events;
};

static void hear(void *arg, const struct co_http_event *event)
{
    struct run *run = arg;
    assert(event->status >= 200 || event->error < 0);
    run->events++;
}

static int echo(co_http_request *request, void *arg)
{
    static char body[INPUT_MAX];
    size_t size = 0;
    ssize_t n;
    (void)arg;
    while ((n = co_http_read(request, body + size, sizeof body - size)) > 0)
        size += (size_t)n;
    co_http_set(request, "X-Field", "value");
    return n < 0 ? (int)n : co_http_reply(request, 200, NULL, body, size);
}

static int path(co_http_request *request, void *arg)
{
    co_text text = co_http_path(request);
    char value[16];
    (void)arg;
    co_http_query(request, "q", value, sizeof value);
    int rc = co_http_begin(request, 200, "text/plain");
    return rc < 0 ? rc : co_http_write(request, text.at, text.size);
}

static int send_all(void *arg)
{
    struct run *run = arg;
    int rc = co_write(run->client, run->data, run->first);
    co_sleep(0); /* the other side reads what there is */
    if (rc == 0)
        co_write(run->client, run->data + run->first, run->size - run->first);
    co_shutdown_write(run->client);
    return 0;
}

static int handle(void *stream)
{
    return co_stream_handle(stream);
}

/* What a client gets to read but the 100s, which depend on whether the body has come already. */
static void receive(struct run *run)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char *hit;
    ssize_t n;
    while ((n = co_read(run->client, run->response + run->response_size,
                RESPONSE_MAX - run->response_size)) > 0)
        run->response_size += (size_t)n;
    while ((hit = memmem(run->response, run->response_size, interim, sizeof interim - 1))) {
        char *rest = hit + sizeof interim - 1;
        memmove(hit, rest, (size_t)(run->response + run->response_size - rest));
        run->response_size -= sizeof interim - 1;
    }
}

static int converse(void *arg)
{
    struct run *run = arg;
    co_group group;
    if (co_memory_pair(&run->client, &run->served, RESPONSE_MAX) < 0)
        abort();
    run->served->handler = co_http_session;
    run->served->arg = run->server;
    co_group_open(&group, NULL);
    co_go(&group, handle, run->served);
    co_go(&group, send_all, run);
    receive(run);
    co_group_cancel(&group);
    int rc = co_group_close(&group);
    co_abort(run->client);
    return rc < 0 ? 0 : rc;
}

static void start(struct run *run, const uint8_t *data, size_t size, size_t first)
{
    const struct co_http_options options = {.event = hear, .arg = run, .body_bytes_max = 2000};
    *run = (struct run){.data = data, .size = size, .first = first};
    if (co_http_server_new(&run->server, &options) < 0)
        abort();
    co_http_route(run->server, "/echo", echo, NULL);
    co_http_route(run->server, "GET /path/", path, NULL);
    if (co_run(converse, run, &(struct co_run_options){.backend = "virtual"}) < 0)
        abort();
    co_http_server_free(run->server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run whole, split;
    if (size < 2 || size > INPUT_MAX)
        return 0;
    size_t first = 1 + (size_t)data[0] * 16 % (size - 1);
    start(&whole, data + 1, size - 1, size - 1);
    start(&split, data + 1, size - 1, first);
    if (whole.response_size != split.response_size || whole.events != split.events ||
        memcmp(whole.response, split.response, whole.response_size) != 0)
        abort();
    return 0;
}
