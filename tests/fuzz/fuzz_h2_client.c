/* SPDX-License-Identifier: MIT */
/* Whatever frames a server sends, and however they arrive: each of the client's requests ends in
 * time, and what it has shown was sent. */
#include "coronet.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX       8192
#define UPLOAD_BYTES    100000
#define CONNECTIONS_MAX 12
#define FETCHES         4
#define TIMEOUT_MS      1000

struct run {
    const uint8_t *data;
    size_t size, step;
    co_http_client *client;
    char url[64];
    unsigned connections, ended;
    uint64_t shown;
};

struct errand {
    struct run *run;
    unsigned nth;
};

static int discard(void *stream)
{
    char bytes[1024];
    while (co_read(stream, bytes, sizeof bytes) > 0) {
    }
    return 0;
}

/* The first connection gets the input; so does each later one, for what is asked again. */
static int serve(co_stream *stream, void *arg)
{
    struct run *run = arg;
    co_group group;
    if (++run->connections > CONNECTIONS_MAX)
        abort();
    co_group_open(&group, NULL);
    co_go(&group, discard, stream);
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < run->size; at += run->step) {
        size_t left = run->size - at;
        rc = co_write(stream, run->data + at, left < run->step ? left : run->step);
        co_sleep(0);
    }
    return co_group_close(&group);
}

static int listen_on(void *arg)
{
    struct run *run = arg;
    co_listener *listener;
    int rc = co_listen(&listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    snprintf(run->url, sizeof run->url, "http://127.0.0.1:%u/",
        co_address_port(co_listener_address(listener)));
    co_ready(0);
    co_serve_listener(listener, serve, run, NULL);
    co_listener_close(listener);
    return 0;
}

static int fetch(void *arg)
{
    static char body[UPLOAD_BYTES];
    const struct errand *errand = arg;
    struct run *run = errand->run;
    char bytes[1000];
    co_http_response *response;
    ssize_t n = 0;
    struct co_http_fetch what = {.url = run->url, .method = errand->nth == 2 ? "HEAD" : NULL};
    if (errand->nth == 1)
        what = (struct co_http_fetch){
            .url = run->url, .method = "PUT", .body = body, .body_bytes = sizeof body};
    int rc = co_http_fetch(&response, run->client, &what);
    if (rc == 0) {
        while (errand->nth < 3 && (n = co_http_response_read(response, bytes, sizeof bytes)) > 0)
            run->shown += (uint64_t)n;
        co_http_response_close(response);
    }
    run->ended++;
    return 0;
}

static int talk(void *arg)
{
    struct run *run = arg;
    co_group servers, fetches;
    const struct co_http_client_options options = {.version = CO_HTTP_2,
        .connect_ms = TIMEOUT_MS,
        .head_ms = TIMEOUT_MS,
        .min_rate = 1000,
        .redirects_max = 2};
    if (co_http_client_new(&run->client, &options) < 0)
        abort();
    co_group_open(&servers, NULL);
    if (co_start(&servers, listen_on, run, NULL) < 0)
        abort();
    co_group_open(&fetches, NULL);
    for (unsigned i = 0; i < FETCHES; i++) {
        struct errand errand = {run, i};
        co_go_copy(&fetches, fetch, &errand);
    }
    int rc = co_group_close(&fetches);
    co_http_client_free(run->client);
    co_group_cancel(&servers);
    int ended = co_group_close(&servers);
    return rc < 0 ? rc : ended == CO_ECANCELED ? 0 : ended;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = {.data = data + 1, .size = size - 1};
    if (size < 2 || size > INPUT_MAX)
        return 0;
    run.step = 1 + (size_t)data[0] * 16;
    if (co_run(talk, &run, &(struct co_run_options){.backend = "virtual"}) < 0)
        abort();
    if (run.ended != FETCHES || run.shown > (uint64_t)CONNECTIONS_MAX * run.size)
        abort();
    return 0;
}
