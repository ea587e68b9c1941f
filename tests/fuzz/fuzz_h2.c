/* SPDX-License-Identifier: MIT */
/* Whatever frames a client sends, and however they arrive: what comes back is frames, and each
 * request is told of once. */
#include "coronet.h"
#include "net/stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX    8192
#define RESPONSE_MAX (1 << 20)
#define FRAME_HEAD   9
#define PREFACE      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

struct run {
    const uint8_t *data;
    size_t size, step;
    co_http_server *server;
    co_stream *client, *served;
    uint8_t response[RESPONSE_MAX];
    size_t response_size;
    unsigned begun, told;
};

static void hear(void *arg, const struct co_http_event *event)
{
    struct run *run = arg;
    assert(event->major == 2 && (event->status >= 200 || event->error < 0));
    run->told++;
}

static int echo(co_http_request *request, void *arg)
{
    char piece[100];
    ssize_t n;
    struct run *run = arg;
    run->begun++;
    co_http_set(request, "X-Field", "value");
    int rc = co_http_begin(request, 200, "text/plain");
    while (rc == 0 && (n = co_http_read(request, piece, sizeof piece)) != 0)
        rc = n < 0 ? (int)n : co_http_write(request, piece, (size_t)n);
    return rc;
}

static int large(co_http_request *request, void *arg)
{
    static char body[100000];
    struct run *run = arg;
    run->begun++;
    return co_http_reply(request, 200, NULL, body, sizeof body);
}

static int send_all(void *arg)
{
    struct run *run = arg;
    int rc = co_write(run->client, PREFACE, sizeof PREFACE - 1);
    for (size_t at = 0; rc == 0 && at < run->size; at += run->step) {
        size_t left = run->size - at;
        rc = co_write(run->client, run->data + at, left < run->step ? left : run->step);
        co_sleep(0); /* the other side reads what there is */
    }
    co_shutdown_write(run->client);
    return 0;
}

static int handle(void *stream)
{
    return co_stream_handle(stream);
}

static void receive(struct run *run)
{
    ssize_t n;
    do {
        n = co_read(
            run->client, run->response + run->response_size, RESPONSE_MAX - run->response_size);
        run->response_size += n > 0 ? (size_t)n : 0;
    } while (n > 0 && run->response_size < RESPONSE_MAX);
}

static int converse(void *arg)
{
    struct run *run = arg;
    co_group group;
    if (co_memory_pair(&run->client, &run->served, 1 << 16) < 0)
        abort();
    run->served->handler = co_http_session;
    run->served->arg = run->server;
    co_group_open(&group, NULL);
    co_go(&group, handle, run->served);
    co_go(&group, send_all, run);
    receive(run);
    int rc = co_group_close(&group);
    co_abort(run->client);
    return rc < 0 ? 0 : rc;
}

/* Is it whole frames, but for the last? */
static void check(const struct run *run)
{
    size_t at = 0;
    while (run->response_size - at >= FRAME_HEAD) {
        const uint8_t *head = run->response + at;
        size_t size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (size > 16384)
            abort();
        if (size > run->response_size - at - FRAME_HEAD)
            break;
        at += FRAME_HEAD + size;
    }
    if (run->told < run->begun)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    const struct co_http_options options = {.event = hear, .arg = &run, .body_bytes_max = 2000};
    if (size < 2 || size > INPUT_MAX)
        return 0;
    run.data = data + 1;
    run.size = size - 1;
    run.step = 1 + (size_t)data[0] * 16;
    run.response_size = run.begun = run.told = 0;
    if (co_http_server_new(&run.server, &options) < 0)
        abort();
    co_http_route(run.server, "/echo", echo, &run);
    co_http_route(run.server, "GET /large", large, &run);
    if (co_run(converse, &run, &(struct co_run_options){.backend = "virtual"}) < 0)
        abort();
    co_http_server_free(run.server);
    check(&run);
    return 0;
}
