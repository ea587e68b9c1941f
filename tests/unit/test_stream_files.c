/* SPDX-License-Identifier: MIT */
/* Files sent over streams, in memory, over TCP and over TLS. */
#include "tls_rig.h"

#include "net/stream.h"
#include "tls/layer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILE_BYTES 600000

static int file_new(void)
{
    static char bytes[FILE_BYTES / 100];
    char path[] = "/tmp/coronet-test-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return fd;
    unlink(path);
    for (size_t at = 0; at < FILE_BYTES; at += sizeof bytes) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = pattern_at(at + i);
        if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes)
            return -1;
    }
    return fd;
}

struct file_job {
    co_stream *stream;
    int fd, result;
    uint64_t offset, size, sent;
};

static int write_file(void *arg)
{
    struct file_job *job = arg;
    job->result = co_write_file(job->stream, job->fd, job->offset, job->size, &job->sent);
    return 0;
}

PAIR_TEST(a_part_of_a_file_goes_out_behind_the_cork)
{
    struct file_job job = {.stream = a, .fd = file_new(), .offset = 1000, .size = 500000};
    char *all = malloc(job.size + 1);
    REQUIRE(all && job.fd >= 0);
    co_group group;
    co_group_open(&group, NULL);
    co_cork(a);
    CHECK_INT(co_write(a, ">", 1), 0);
    co_go(&group, write_file, &job);
    CHECK_INT(co_read_full(b, all, job.size + 1), job.size + 1);
    CHECK(all[0] == '>' && pattern_holds(all + 1, 1000, job.size));
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(job.result, 0);
    CHECK_INT(job.sent, job.size);
    CHECK_INT(co_write_file(a, job.fd, 0, 0, NULL), 0);
    free(all);
    close(job.fd);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(a_file_that_shrank_is_an_early_end_and_no_stream_error)
{
    struct file_job job = {.stream = a, .fd = file_new(), .offset = FILE_BYTES - 100, .size = 200};
    char text[200];
    REQUIRE(job.fd >= 0);
    write_file(&job);
    CHECK_INT(job.result, CO_EEOF);
    CHECK_INT(job.sent, 100);
    CHECK_INT(co_write(a, "x", 1), 0);
    CHECK_INT(co_read_full(b, text, 101), 101);
    CHECK_INT(text[100], 'x');
    close(job.fd);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

/* TLS says farewell, for which there is room when something has been read. */
static int shut_down(void *stream)
{
    return co_shutdown_write(stream);
}

PAIR_TEST(what_went_out_of_a_file_is_told_when_the_scope_ends)
{
    struct file_job job = {.stream = a, .fd = file_new(), .size = FILE_BYTES};
    char *all = malloc(FILE_BYTES);
    REQUIRE(all && job.fd >= 0);
    uint64_t sent = 0;
    co_scope scope;
    co_scope_open(&scope, 20);
    while (job.result == 0) { /* until the buffers are full */
        write_file(&job);
        sent += job.sent;
    }
    CHECK_INT(job.result, CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, shut_down, a);
    uint64_t got = 0;
    ssize_t n;
    while ((n = co_read(b, all, FILE_BYTES)) > 0)
        got += (uint64_t)n;
    CHECK_INT(n, 0);
    CHECK_INT(got, sent);
    CHECK_INT(co_group_close(&group), 0);
    free(all);
    close(job.fd);
    co_abort(a);
    co_abort(b);
    return 0;
}

static int cancel(void *scope)
{
    co_scope_cancel(scope);
    return 0;
}

FIBER_TEST(a_file_cut_short_tears_the_stream_of_who_is_not_told_where)
{
    int file = file_new();
    co_stream *a, *b;
    REQUIRE(file >= 0 && co_memory_pair(&a, &b, MEMORY_ROOM) == 0);
    co_group group;
    co_scope scope;
    co_group_open(&group, NULL);
    co_scope_open(&scope, -1);
    co_go(&group, cancel, &scope); /* as soon as the writer waits */
    CHECK_INT(co_write_file(a, file, 0, FILE_BYTES, NULL), CO_ECANCELED);
    CHECK_INT(co_scope_close(&scope), CO_ECANCELED);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_write(a, "x", 1), CO_ECANCELED);
    CHECK_INT(co_close(a), CO_ECANCELED);
    co_abort(b);
    close(file);
    return 0;
}

/* sendfile, by which all but small files go, raises SIGPIPE, which must not outlive co_run either.
 */
PAIR_TEST(a_file_for_a_peer_that_is_gone_raises_no_signal)
{
    int file = file_new();
    char c;
    REQUIRE(file >= 0);
    co_abort(b);
    CHECK_INT(co_read(a, &c, 1), -ECONNRESET); /* the socket's error is taken: now it is a pipe */
    int rc = co_write_file(a, file, 0, FILE_BYTES, NULL);
    CHECK(rc == -EPIPE || rc == -ECONNRESET);
    close(file);
    co_abort(a);
    return 0;
}

/* ---- large ones -------------------------------------------------------------------------------
 */

#define LARGE_BYTES (4u << 20)

static int read_large(void *arg)
{
    co_stream *stream = arg;
    char *all = malloc(LARGE_BYTES);
    ssize_t n = all ? co_read_full(stream, all, LARGE_BYTES) : -ENOMEM;
    free(all);
    return n == LARGE_BYTES ? 0 : -EIO;
}

static bool sends_by_reno(const co_stream *stream)
{
    char name[16] = "";
    socklen_t size = sizeof name;
    getsockopt(
        stream->rt->backend->raw(stream->rt, stream->fd), IPPROTO_TCP, TCP_CONGESTION, name, &size);
    return strcmp(name, "reno") == 0;
}

/* Whatever the host's choice is: BBR's pacing costs three times the processor time there. */
KERNEL_TEST(a_large_file_for_a_program_of_this_machine_is_not_paced)
{
    co_stream *a, *b;
    REQUIRE(tcp_pair(&a, &b) == 0);
    struct file_job job = {.stream = a, .fd = file_new(), .size = LARGE_BYTES};
    REQUIRE(job.fd >= 0 && ftruncate(job.fd, LARGE_BYTES) == 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, read_large, b);
    co_go(&group, write_file, &job);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(job.sent, LARGE_BYTES);
    CHECK(sends_by_reno(a) && sends_by_reno(b)); /* b from the start: of a loopback listener */
    close(job.fd);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

/* ---- into a pipe ------------------------------------------------------------------------------
 */

static int write_pattern(void *arg)
{
    struct bulk *bulk = arg;
    char *bytes = malloc(bulk->size);
    REQUIRE(bytes);
    pattern_fill(bytes, bulk->size);
    bulk->result = co_write(bulk->stream, bytes, bulk->size);
    free(bytes);
    return co_shutdown_write(bulk->stream);
}

/* Empties the pipe, which holds `size` bytes of the pattern. */
static bool pipe_holds(int pipe_fd, size_t from, size_t size)
{
    char bytes[4096];
    while (size > 0) {
        ssize_t n = read(pipe_fd, bytes, size < sizeof bytes ? size : sizeof bytes);
        if (n <= 0 || !pattern_holds(bytes, from, (size_t)n))
            return false;
        from += (size_t)n;
        size -= (size_t)n;
    }
    return true;
}

KERNEL_TEST(input_moves_into_a_pipe_to_its_end)
{
    co_stream *a, *b;
    int ends[2];
    REQUIRE(tcp_pair(&a, &b) == 0 && pipe(ends) == 0);
    struct bulk bulk = {.stream = a, .size = 1000003};
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, write_pattern, &bulk);
    size_t got = 0;
    long n;
    while ((n = co_stream_splice(b, ends[1], 300000)) > 0) { /* more than the pipe takes */
        CHECK(n <= 300000 && pipe_holds(ends[0], got, (size_t)n));
        got += (size_t)n;
    }
    CHECK_INT(n, 0);
    CHECK_INT(got, bulk.size);
    CHECK_INT(co_stream_splice(b, ends[1], 1), 0);
    CHECK_INT(co_group_close(&group), 0);
    close(ends[0]);
    close(ends[1]);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

KERNEL_TEST(what_is_in_the_buffer_is_not_overtaken_by_what_goes_into_a_pipe)
{
    co_stream *a, *b;
    const uint8_t *bytes;
    int ends[2];
    REQUIRE(tcp_pair(&a, &b) == 0 && pipe(ends) == 0);
    CHECK_INT(co_write(a, "ab", 2), 0);
    CHECK_INT(co_peek(b, 2, &bytes), 2);
    co_consume(b, 1);
    CHECK_INT(co_stream_splice(b, ends[1], 10), -EOPNOTSUPP);
    co_consume(b, 1);
    CHECK_INT(co_write(a, "c", 1), 0);
    CHECK_INT(co_stream_splice(b, ends[1], 10), 1);
    co_scope scope;
    char c;
    CHECK(read(ends[0], &c, 1) == 1 && c == 'c');
    co_scope_open(&scope, 1);
    CHECK_INT(co_stream_splice(b, ends[1], 10), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    CHECK_INT(co_write(a, "d", 1), 0);
    CHECK_INT(co_read(b, &c, 1), 1); /* the stream is as it was */
    close(ends[0]);
    close(ends[1]);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

FIBER_TEST(a_stream_of_memory_has_nothing_to_move_into_a_pipe)
{
    co_stream *a, *b;
    REQUIRE(co_memory_pair(&a, &b, 100) == 0);
    CHECK_INT(co_write(a, "a", 1), 0);
    CHECK_INT(co_stream_splice(b, 1, 1), -EOPNOTSUPP);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

/* ---- over TLS ------------------------------------------------------------------------------- */

static struct {
    struct co_stream_kind kind;
    const struct co_stream_kind *real;
    unsigned sends, failing;
} flaky;

static long send_but_once(co_stream *stream, const struct iovec *pieces, unsigned count)
{
    return ++flaky.sends == flaky.failing ? -ENOBUFS : flaky.real->send(stream, pieces, count);
}

static int write_file_flakily(void *arg)
{
    co_stream *stream = arg;
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    int file = file_new();
    flaky.real = layer->under;
    flaky.kind = *layer->under;
    flaky.kind.send = send_but_once;
    flaky.sends = 0;
    layer->under = &flaky.kind;
    CHECK_INT(co_write_file(stream, file, 0, FILE_BYTES, NULL), -ENOBUFS);
    CHECK_INT(co_write(stream, "x", 1), -ENOBUFS);
    close(file);
    co_abort(stream);
    return 0;
}

static int receive_from_flaky(unsigned failing)
{
    struct identity identity = identity_new("DNS:localhost", 86400);
    struct side server = {0}, client = {.host = "localhost"};
    char got[4096];
    size_t size = 0;
    ssize_t n;
    co_group group;
    flaky.failing = failing;
    REQUIRE(sides_new(&identity, NULL, NULL, &server.tls, &client.tls) == 0);
    REQUIRE(meet(&server, &client) == 0);
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 20000});
    co_go(&group, write_file_flakily, server.stream);
    while ((n = co_read(client.stream, got, sizeof got)) > 0) {
        CHECK(pattern_holds(got, size, (size_t)n));
        size += (size_t)n;
    }
    CHECK(n < 0 && size < FILE_BYTES);
    CHECK_INT(co_group_close(&group), 0);
    server.stream = NULL;
    part(&server, &client);
    return 0;
}

/* A record that could not be sent waits to go out all the same: its data must not go again. */
FIBER_TEST(a_file_does_not_go_on_where_sending_has_failed)
{
    int rc = 0;
    for (unsigned failing = 1; rc == 0 && failing < 8; failing++)
        rc = receive_from_flaky(failing);
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_a_file_goes_out_behind_the_cork),
        cmocka_unit_test(a_file_that_shrank_is_an_early_end_and_no_stream_error),
        cmocka_unit_test(what_went_out_of_a_file_is_told_when_the_scope_ends),
        cmocka_unit_test(a_file_cut_short_tears_the_stream_of_who_is_not_told_where),
        cmocka_unit_test(a_file_for_a_peer_that_is_gone_raises_no_signal),
        cmocka_unit_test(a_large_file_for_a_program_of_this_machine_is_not_paced),
        cmocka_unit_test(input_moves_into_a_pipe_to_its_end),
        cmocka_unit_test(what_is_in_the_buffer_is_not_overtaken_by_what_goes_into_a_pipe),
        cmocka_unit_test(a_stream_of_memory_has_nothing_to_move_into_a_pipe),
        cmocka_unit_test(a_file_does_not_go_on_where_sending_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
