/* SPDX-License-Identifier: MIT */
/* Pipelined requests at a server (RFC 9112 9.3.2): all that came together is answered by one write.
 */
#include "falsify.h"
#include "serve_rig.h"

#define PIPELINED 16

static struct {
    uint32_t asking; /* the client's socket */
    unsigned first;  /* requests in the first batch, the next one's first half behind them */
    unsigned sends;  /* of the server */
} pipeline;

static bool submit_counted(struct co_rt *rt, struct co_op *op)
{
    pipeline.sends += op->code == CO_OP_SEND && op->fd.index != pipeline.asking;
    return honest->submit(rt, op);
}

/* Reads until that is there. */
static int read_mark(struct site *site, co_stream *stream, const char *mark)
{
    while (!got(site, mark)) {
        ssize_t n = co_read(stream, site->got + site->got_size, GOT_MAX - 1 - site->got_size);
        if (n <= 0)
            return n < 0 ? (int)n : CO_EEOF;
        site->got_size += (size_t)n;
    }
    return 0;
}

/* Reads until the response to request `number` is there. */
static int read_till(struct site *site, co_stream *stream, unsigned number)
{
    char mark[32];
    snprintf(mark, sizeof mark, "<%u of %u>", number, number);
    return read_mark(site, stream, mark);
}

static int ask_in_batches(struct site *site, co_stream *stream)
{
    char asked[4096];
    size_t size = 0, cut = 0;
    for (unsigned i = 0; i < PIPELINED; i++) {
        if (i == pipeline.first)
            cut = size + 10;
        size += (size_t)snprintf(
            asked + size, sizeof asked - size, "GET /count?of=%u HTTP/1.1\r\nHost: a\r\n\r\n", i);
    }
    int rc = cut > 0 ? co_write(stream, asked, cut) : 0;
    if (rc == 0 && cut > 0)
        rc = read_till(site, stream, pipeline.first - 1);
    if (rc == 0)
        rc = co_write(stream, asked + cut, size - cut);
    return rc < 0 ? rc : read_till(site, stream, PIPELINED - 1);
}

static int pipeline_requests(struct site *site)
{
    co_stream *stream;
    struct co_virtual_choices first_ways = {0}; /* nothing is cut into pieces */
    struct co_rt *rt = co_rt_current();
    bool is_virtual = rt->backend->is_virtual;
    int rc = connect_to(site, &stream);
    if (rc < 0)
        return rc;
    rc = ask(stream, "/hello"); /* with the reply to that go TLS's tickets */
    if (rc == 0)
        rc = read_mark(site, stream, "hello\n");
    if (is_virtual)
        co_virtual_explore(rt, &first_ways);
    pipeline.asking = stream->fd.index;
    pipeline.sends = 0;
    falsify()->submit = submit_counted;
    if (rc == 0)
        rc = ask_in_batches(site, stream);
    falsify_end();
    if (is_virtual)
        co_virtual_explore(rt, NULL);
    int closed = co_close(stream);
    return rc < 0 ? rc : closed;
}

static void check_in_order(const struct site *site)
{
    const char *at = site->got;
    for (unsigned i = 0; i < PIPELINED; i++) {
        char mark[32];
        snprintf(mark, sizeof mark, "<%u of %u>", i, i);
        at = strstr(at, mark);
        assert_non_null(at);
    }
}

static void pipeline_of(unsigned first, unsigned writes)
{
    static const char *const names[] = {"virtual", "epoll", "io_uring"};
    pipeline.first = first;
    for (size_t i = 0; i < CO_LENGTH(names); i++) {
        struct site *site = fresh(pipeline_requests);
        int rc = run_on(site, names[i]);
        if (rc == -ENOSYS)
            continue;
        assert_int_equal(rc, 0);
        assert_int_equal(site->events, 1 + PIPELINED);
        assert_int_equal(pipeline.sends, writes);
        check_in_order(site);
    }
}

static void requests_that_came_together_are_answered_by_one_write(void **state)
{
    (void)state;
    pipeline_of(PIPELINED, 1);
}

static void requests_that_came_in_two_parts_are_answered_by_two_writes(void **state)
{
    (void)state;
    pipeline_of(1, 2);
    pipeline_of(PIPELINED / 2, 2);
    pipeline_of(PIPELINED - 1, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_came_together_are_answered_by_one_write),
        cmocka_unit_test(requests_that_came_in_two_parts_are_answered_by_two_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
