/* SPDX-License-Identifier: MIT */
/* Faults beneath the HTTP server: each room asks for some of what it can do. */
#include "site.h"

#include <stdio.h>

#define HOST " HTTP/1.1\r\nHost: a\r\n"
#define GZIP "Accept-Encoding: gzip\r\n"

/* A room whose clients ask the table's requests, one after the other. */
#define ASKING_ROOM(label, table, rate)                                                            \
 static int label##_ask(const struct site *site)                                                   \
 {                                                                                                 \
  return site_ask_all(site, table, CO_LENGTH(table));                                              \
 }                                                                                                 \
 static int label##_work(void *arg)                                                                \
 {                                                                                                 \
  (void)arg;                                                                                       \
  return site_work(label##_ask, rate);                                                             \
 }                                                                                                 \
 static int label##_run(void *arg)                                                                 \
 {                                                                                                 \
  return room_in_time(label##_work, arg);                                                          \
 }                                                                                                 \
 const struct room http_##label##_room = {"http_" #label, label##_run, false};

static const struct ask file_asks[] = {
    {"GET /small.txt" HOST "\r\n", .status = 200, .content = {0, SITE_SMALL}},
    {"HEAD /small.txt" HOST "\r\n", .status = 200, .no_body = true},
    {"GET /small.txt" HOST "If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT\r\n\r\n",
        .status = 304, .no_body = true},
    {"GET /large.bin" HOST "\r\n", .status = 200, .content = {0, SITE_LARGE}},
    {"GET /missing" HOST "\r\n", .status = 404, .needles = {"</h1>\n"}},
    {"GET /folder" HOST "\r\n", .status = 301, .needles = {"</h1>\n"}},
    {"PUT /small.txt" HOST "\r\n", .status = 405, .needles = {"</h1>\n"}},
    {"GET /small.txt HTTP/1.1\r\n\r\n", .status = 400, .needles = {"</h1>\n"}},
};
ASKING_ROOM(files, file_asks, 0)
ASKING_ROOM(limited, file_asks, SITE_RATE) /* nothing gathers in a cork then */

static const struct ask range_asks[] = {
    {"GET /small.txt" HOST "Range: bytes=10-19\r\n\r\n", .status = 206, .content = {10, 10}},
    {"GET /large.bin" HOST "Range: bytes=-66000\r\n\r\n", .status = 206,
        .content = {SITE_LARGE - 66000, 66000}},
    {"GET /small.txt" HOST "Range: bytes=0-9,1000-1099\r\n\r\n", .status = 206,
        .parts = {{0, 10}, {1000, 100}}},
    {"GET /large.bin" HOST "Range: bytes=0-9,1000-67000\r\n\r\n", .status = 206,
        .parts = {{0, 10}, {1000, 66001}}},
    {"GET /small.txt" HOST "Range: bytes=9000-\r\n\r\n", .status = 416, .needles = {"</h1>\n"}},
};
ASKING_ROOM(ranges, range_asks, 0)

static const struct ask coding_asks[] = {
    {"GET /small.txt" HOST GZIP "\r\n", .status = 200, .content = {0, SITE_SMALL}},
    {"GET /page.css" HOST GZIP "\r\n", .status = 200, .content = {0, SITE_SMALL}},
    {"GET /large.txt" HOST GZIP "\r\n", .status = 200, .content = {0, SITE_LARGE}},
};
ASKING_ROOM(codings, coding_asks, 0)

#define PAGE                                                                                       \
 {                                                                                                 \
  "</html>\n", "one.txt", "two.txt", "link.txt"                                                    \
 }
#define JSON                                                                                       \
 {                                                                                                 \
  "}\n", "\"one.txt\"", "\"two.txt\"", "\"link.txt\""                                              \
 }
static const struct ask listing_asks[] = {
    {"GET /folder/" HOST "\r\n", .status = 200, .needles = PAGE},
    {"GET /folder/" HOST GZIP "\r\n", .status = 200, .needles = PAGE},
    {"GET /folder/" HOST "Accept: application/json\r\n\r\n", .status = 200, .needles = JSON},
    {"GET /folder/" HOST GZIP "Accept: application/json\r\n\r\n", .status = 200, .needles = JSON},
};
ASKING_ROOM(listing, listing_asks, 0)

static const struct ask body_asks[] = {
    {"POST /echo" HOST "Content-Length: 5\r\n\r\nhello", .status = 200, .text = "hello"},
    {"POST /echo" HOST "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        "5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\nX: y\r\n\r\n", .status = 200,
        .text = "hello, world"},
    {"GET /stream" HOST "\r\n", .status = 200, .text = "one two three"},
    {"GET /stream HTTP/1.0\r\n\r\n", .status = 200, .text = "one two three"},
    {"POST /stream" HOST "Content-Length: 5\r\n\r\nhello", .status = 405, .needles = {"</h1>\n"}},
};
ASKING_ROOM(bodies, body_asks, 0)

#define ANN  "Authorization: Basic YW5uOnNlY3JldA==\r\n"
#define FORM "Content-Type: multipart/form-data; boundary=XX\r\nContent-Length: 97\r\n\r\n"
/* Whatever was done before, each of them has the same answer. */
static const struct ask writing_asks[] = {
    {"PUT /shared/there" HOST ANN "Content-Length: 5\r\n\r\nhello", .status = 204, .no_body = true},
    {"PUT /shared/there" HOST ANN "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", "hello",
        .status = 204, .no_body = true},
    {"GET /shared/there" HOST ANN "\r\n", .status = 200, .text = "hello"},
    {"PUT /shared/there" HOST "Content-Length: 1\r\n\r\nx", .status = 401, .needles = {"</h1>\n"}},
    {"DELETE /shared/there" HOST ANN "If-Match: \"x\"\r\n\r\n", .status = 412,
        .needles = {"</h1>\n"}},
    {"MKCOL /shared/there" HOST ANN "\r\n", .status = 405, .needles = {"</h1>\n"}},
    {"MOVE /shared/there" HOST ANN "Destination: /shared/none/x\r\n\r\n", .status = 409,
        .needles = {"exist.\n"}},
    {"POST /shared/" HOST ANN FORM "--XX\r\nContent-Disposition: form-data; name=\"f\"; "
     "filename=\"sub/file\"\r\n\r\n0123456789012345\r\n--XX--\r\n",
        .status = 303, .needles = {"</h1>\n"}},
};
ASKING_ROOM(writing, writing_asks, 0)

/* ---- requests that come together --------------------------------------------------------------
 */

static const struct ask batch[] = {
    {"GET /small.txt" HOST "\r\n", .status = 200, .content = {0, SITE_SMALL}},
    {"GET /stream" HOST "\r\n", .status = 200, .text = "one two three"},
    {"POST /echo" HOST "Content-Length: 5\r\n\r\nhello", .status = 200, .text = "hello"},
    {"GET /missing" HOST "\r\n", .status = 404, .needles = {"</h1>\n"}},
    {"GET /small.txt" HOST "Range: bytes=10-19\r\n\r\n", .status = 206, .content = {10, 10}},
};

static int hear_batch(co_stream *peer)
{
    bool ends = false;
    int rc = 0;
    for (size_t i = 0; i < CO_LENGTH(batch) && rc >= 0 && !ends; i++)
        rc = http_hear(peer, &batch[i], &ends);
    return rc < 0 ? rc : 0;
}

/* Twice: in between, the connection has parked. */
static int batch_ask(const struct site *site)
{
    char requests[1024] = "";
    co_stream *peer;
    int rc = co_connect(&peer, &site->where);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < CO_LENGTH(batch); i++)
        strcat(requests, batch[i].request);
    for (int times = 0; times < 2 && rc == 0; times++) {
        rc = co_write(peer, requests, strlen(requests));
        if (rc == 0)
            rc = hear_batch(peer);
        co_sleep(1);
    }
    int closed = co_close(peer);
    return rc < 0 ? rc : closed;
}

static int batch_work(void *arg)
{
    (void)arg;
    return site_work(batch_ask, 0);
}

static int batch_run(void *arg)
{
    return room_in_time(batch_work, arg);
}

const struct room http_batch_room = {"http_batch", batch_run, false};

/* ---- its beginning and its end ----------------------------------------------------------------
 */

/* Everything from the first allocation on may fail: then the server says so, and ends. */
static int start_work(void *arg)
{
    struct site site;
    (void)arg;
    fault_begin();
    int rc = site_open(&site, 0);
    if (rc < 0)
        return rc;
    site_serve(&site);
    rc = site_ask_all(&site, file_asks, 1);
    int served = site_close(&site);
    return served < 0 ? served : rc;
}

static int start_run(void *arg)
{
    return room_in_time(start_work, arg);
}

const struct room http_start_room = {"http_start", start_run, true};

static const struct ask slow_ask = {"POST /echo" HOST
                                    "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    "hello", .status = 200, .text = "hello"};

struct stop {
    struct site site;
    co_stream *parked, *fresh, *working;
};

/* A parked connection, one that is new, and a request at work that waits for its body. */
static int stop_prepare(struct stop *stop)
{
    const uint8_t *bytes;
    bool ends;
    int rc = co_connect(&stop->parked, &stop->site.where);
    if (rc == 0)
        rc = http_ask(stop->parked, &file_asks[0], &ends);
    if (rc == 0)
        rc = co_connect(&stop->working, &stop->site.where);
    if (rc == 0)
        rc = co_write(stop->working, slow_ask.request, strlen(slow_ask.request));
    if (rc == 0)
        rc = (int)co_peek(stop->working, 1, &bytes);
    return rc < 0 ? rc : co_connect(&stop->fresh, &stop->site.where);
}

/* The drain meets all three; the request at work is answered. */
static int stop_work(void *arg)
{
    struct stop stop = {0};
    bool ends;
    (void)arg;
    int rc = site_open(&stop.site, 0);
    if (rc < 0)
        return rc;
    site_serve(&stop.site);
    rc = stop_prepare(&stop);
    fault_begin();
    co_group_drain(&stop.site.group);
    if (rc == 0)
        rc = http_hear(stop.working, &slow_ask, &ends);
    co_abort(stop.working);
    int served = site_close(&stop.site);
    fault_end();
    co_abort(stop.parked);
    co_abort(stop.fresh);
    return served < 0 ? served : rc < 0 ? rc : 0;
}

static int stop_run(void *arg)
{
    return room_in_time(stop_work, arg);
}

const struct room http_stop_room = {"http_stop", stop_run, false};
