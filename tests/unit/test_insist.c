/* SPDX-License-Identifier: MIT */
/* Jobs that are tried again, alone and in a crowd. */
#include "fibers.h"
#include "transfer/insist.h"

#include <errno.h>

#define JOBS    8
#define FILE_MS 60000

/* A server that lets few in at once. */
struct server {
    unsigned inside, inside_max, attempts;
    int refusal, status; /* of those who are too many */
    int64_t after_ms;    /* when they are to come back; 0: it does not say */
};

struct client {
    struct co_transfer_result result;
    struct server *server;
    struct co_crowd *crowd;
    unsigned retries;
    int64_t begins_ms;
};

static int attempt(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    struct client *client = arg;
    struct server *server = client->server;
    (void)nth;
    (void)ret_final;
    server->attempts++;
    *ret_status = server->status;
    if (server->inside == server->inside_max) {
        client->result.retry_after_ms = server->after_ms ? server->after_ms : -1;
        return server->refusal;
    }
    server->inside++;
    int rc = co_sleep(FILE_MS);
    server->inside--;
    return rc;
}

static void again(void *arg, const char *what, int why, int64_t wait_ms)
{
    (void)arg;
    (void)what;
    (void)why;
    (void)wait_ms;
}

static void ended(
    void *arg, size_t index, const char *what, int rc, const struct co_transfer_result *result)
{
    (void)arg;
    (void)index;
    (void)what;
    (void)rc;
    (void)result;
}

static int be_client(void *arg)
{
    static const struct co_transfer_events events = {.again = again, .ended = ended};
    struct client *client = arg;
    int rc = co_sleep(client->begins_ms);
    return rc < 0 ? rc
                  : co_job_run(&(struct co_job){.events = &events,
                        .what = "file",
                        .retries = client->retries,
                        .result = &client->result,
                        .crowd = client->crowd,
                        .attempt = attempt,
                        .arg = client});
}

/* The first error of all. */
static int come(struct server *server, struct co_crowd *crowd, unsigned retries)
{
    struct client clients[JOBS];
    co_group group;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    for (unsigned i = 0; i < JOBS; i++) {
        clients[i] =
            (struct client){.server = server, .crowd = crowd, .retries = retries, .begins_ms = i};
        co_go(&group, be_client, &clients[i]);
    }
    return co_group_close(&group);
}

VIRTUAL_TEST(one_too_many_waits_for_another_to_end)
{
    static const struct {
        int refusal, status;
    } rows[] = {{CO_ESTATUS, 503}, {-ECONNRESET, 0}, {CO_EEOF, 0}};
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        struct server server = {
            .inside_max = 2, .refusal = rows[i].refusal, .status = rows[i].status};
        struct co_crowd crowd = {0};
        CHECK_INT(come(&server, &crowd, 0), 0);
        CHECK(server.attempts <= JOBS * JOBS);
    }
    return 0;
}

VIRTUAL_TEST(a_server_that_lets_nobody_in_is_given_up_as_ever)
{
    struct server server = {.refusal = CO_ESTATUS, .status = 503};
    struct co_crowd crowd = {0};
    CHECK_INT(come(&server, &crowd, 2), CO_ESTATUS);
    CHECK_INT(server.attempts, 3 * JOBS);
    return 0;
}

VIRTUAL_TEST(other_failures_count_in_a_crowd_too)
{
    struct server server = {.inside_max = 1, .refusal = CO_ESTATUS, .status = 404};
    struct co_crowd crowd = {0};
    CHECK_INT(come(&server, &crowd, 0), CO_ESTATUS);
    CHECK_INT(server.attempts, JOBS);
    return 0;
}

VIRTUAL_TEST(who_is_told_when_to_come_back_comes_then)
{
    struct server server = {
        .inside_max = 1, .refusal = CO_ESTATUS, .status = 503, .after_ms = FILE_MS * JOBS};
    struct co_crowd crowd = {0};
    CHECK_INT(come(&server, &crowd, 0), CO_ESTATUS);
    CHECK_INT(server.attempts, JOBS);
    return 0;
}

VIRTUAL_TEST(without_a_crowd_one_too_many_has_failed)
{
    struct server server = {.inside_max = 1, .refusal = CO_ESTATUS, .status = 503};
    CHECK_INT(come(&server, NULL, 0), CO_ESTATUS);
    CHECK_INT(server.attempts, JOBS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_too_many_waits_for_another_to_end),
        cmocka_unit_test(a_server_that_lets_nobody_in_is_given_up_as_ever),
        cmocka_unit_test(other_failures_count_in_a_crowd_too),
        cmocka_unit_test(who_is_told_when_to_come_back_comes_then),
        cmocka_unit_test(without_a_crowd_one_too_many_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
