/* SPDX-License-Identifier: MIT */
/* What the client asks once more by itself: without Expect, and after a pause. */
#include "h2_client_rig.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct site *meet(int (*serve)(struct forge *), int (*script)(struct site *))
{
    struct site *site = site_new(serve, script);
    site->options.version = CO_HTTP_1;
    return site;
}

static unsigned asked(const struct site *site)
{
    unsigned count = 0;
    for (unsigned i = 0; i < site->connections; i++)
        count += site->forges[i]->requests;
    return count;
}

static bool is_told(const struct forge *forge, const char *line)
{
    return strstr(forge->fields, line) != NULL;
}

/* ---- 417 ------------------------------------------------------------------------------------ */

#define BODY "0123456789"

/* Tells BODY. */
struct teller {
    size_t at;
    unsigned rewound;
};

static ssize_t tell(void *arg, void *bytes, size_t size)
{
    struct teller *teller = arg;
    size_t left = sizeof BODY - 1 - teller->at, taken = left < size ? left : size;
    memcpy(bytes, &BODY[teller->at], taken);
    teller->at += taken;
    return (ssize_t)taken;
}

static int tell_anew(void *arg)
{
    struct teller *teller = arg;
    teller->at = 0;
    teller->rewound++;
    return 0;
}

static int put_from(struct site *site, bool can_rewind)
{
    struct teller teller = {0};
    const struct co_http_source source = {.size = sizeof BODY - 1,
        .read = tell,
        .rewind = can_rewind ? tell_anew : NULL,
        .arg = &teller};
    site_fetch(site, &(struct co_http_fetch){.method = "PUT", .source = &source}, "/", 0);
    site->note = teller.rewound;
    return 0;
}

static int put_file(struct site *site)
{
    return put_from(site, true);
}

static int put_what_is_told_once(struct site *site)
{
    return put_from(site, false);
}

static int put_bytes(struct site *site)
{
    return site_fetch(site,
        &(struct co_http_fetch){.method = "PUT", .body = BODY, .body_bytes = sizeof BODY - 1}, "/",
        0);
}

#define EXPECTATION_FAILED "HTTP/1.1 417 no\r\nContent-Length: 3\r\n\r\nno\n"

/* Knows no Expect; without it takes the body. */
static int refuse_expectations(struct forge *forge)
{
    int rc = forge_hear_head(forge);
    if (rc == 0 && is_told(forge, "\r\nExpect: "))
        rc = forge_say(forge, EXPECTATION_FAILED);
    else if (rc == 0 && (rc = forge_fill(forge, sizeof BODY - 1)) == 0)
        rc = forge_say(forge, OK);
    forge->data = strncmp((const char *)forge->payload, BODY, sizeof BODY - 1) == 0;
    return rc < 0 ? rc : forge_read_all(forge);
}

static void assert_sent_without_waiting(const struct site *site)
{
    assert_int_equal(site->results[0].rc, 0);
    assert_int_equal(site->results[0].status, 200);
    assert_in_range(site->results[0].took_ms, 0, 500); /* and not a second for a word */
    assert_int_equal(asked(site), 2);
    assert_true(site->forges[site->connections - 1]->data);
}

static void a_417_is_asked_again_without_expect_rfc9110_10_1_1(void **state)
{
    (void)state;
    struct site *site = meet(refuse_expectations, put_file);
    site_run(site);
    assert_sent_without_waiting(site);
    site = meet(refuse_expectations, put_what_is_told_once); /* nothing of it has been told */
    site_run(site);
    assert_sent_without_waiting(site);
}

static int refuse_all(struct forge *forge)
{
    int rc = forge_hear_head(forge);
    if (rc == 0)
        rc = forge_say(forge, EXPECTATION_FAILED);
    return rc < 0 ? rc : forge_read_all(forge);
}

static void the_second_417_is_final(void **state)
{
    (void)state;
    struct site *site = meet(refuse_all, put_file);
    site_run(site);
    assert_int_equal(site->results[0].status, 417);
    assert_int_equal(asked(site), 2);
}

static void a_417_to_who_expects_nothing_is_final(void **state)
{
    (void)state;
    struct site *site = meet(refuse_all, put_bytes);
    site_run(site);
    assert_int_equal(site->results[0].status, 417);
    assert_int_equal(asked(site), 1);
}

/* It says 417 to what it has let begin. */
static int refuse_late(struct forge *forge)
{
    int rc = forge_hear_head(forge);
    if (rc == 0)
        rc = forge_say(forge, "HTTP/1.1 100 go on\r\n\r\n");
    if (rc == 0)
        rc = forge_fill(forge, 1);
    if (rc == 0)
        rc = forge_say(forge, EXPECTATION_FAILED);
    return rc < 0 ? rc : forge_read_all(forge);
}

static void a_body_that_is_told_once_ends_with_the_417(void **state)
{
    (void)state;
    struct site *site = meet(refuse_late, put_what_is_told_once);
    site_run(site);
    assert_int_equal(site->results[0].rc, 0);
    assert_int_equal(site->results[0].status, 417);
    assert_int_equal(asked(site), 1);
}

/* ---- retries -------------------------------------------------------------------------------- */

/* How a server answers the first requests; then "ok". */
static const char *const *answers;

static int answer_in_turn(struct forge *forge)
{
    int rc = forge_hear_head(forge);
    while (rc == 0) {
        const char *answer = *answers ? *answers++ : OK;
        if (!*answer)
            return 0; /* hangs up */
        rc = forge_say(forge, answer);
        if (rc == 0)
            rc = forge_hear_head(forge);
    }
    return 0;
}

static struct site *meet_answers(
    const char *const *list, unsigned times, int (*script)(struct site *))
{
    struct site *site = meet(answer_in_turn, script);
    answers = list;
    site->options.retries.times = times;
    site_run(site);
    return site;
}

#define SAYS(status) "HTTP/1.1 " status " x\r\nContent-Length: 0\r\n\r\n"
#define SAYS_WHEN(status, when)                                                                    \
 "HTTP/1.1 " status " x\r\nRetry-After: " when "\r\nContent-Length: 3\r\n\r\nno\n"

static void statuses_that_may_pass_are_asked_again_after_a_growing_pause(void **state)
{
    (void)state;
    static const char *const busy[] = {SAYS("503"), SAYS("429"), SAYS("502"), SAYS("504"), NULL};
    struct site *site = meet_answers(busy, 4, get_one);
    assert_int_equal(site->results[0].status, 200);
    assert_int_equal(asked(site), 5);
    assert_in_range(site->results[0].took_ms, 15000 * 3 / 4, 15000 * 5 / 4 + 100);
    assert_int_equal(site->connections, 1); /* which was kept meanwhile */
}

static void what_was_tried_often_enough_is_told_as_it_is(void **state)
{
    (void)state;
    static const char *const busy[] = {SAYS("503"), SAYS("503"), SAYS("503"), NULL};
    struct site *site = meet_answers(busy, 2, get_one);
    assert_int_equal(site->results[0].rc, 0);
    assert_int_equal(site->results[0].status, 503);
    assert_int_equal(asked(site), 3);
}

static void unasked_nothing_is_tried_again(void **state)
{
    (void)state;
    static const char *const busy[] = {SAYS_WHEN("503", "1"), NULL};
    struct site *site = meet_answers(busy, 0, get_one);
    assert_int_equal(site->results[0].status, 503);
    assert_int_equal(asked(site), 1);
    assert_in_range(site->results[0].took_ms, 0, 500);
}

static void retry_after_says_how_long_to_wait_rfc9110_10_2_3(void **state)
{
    (void)state;
    static const char *const later[] = {SAYS_WHEN("503", "7"), SAYS_WHEN("500", "3"), NULL};
    struct site *site = meet_answers(later, 9, get_one);
    assert_int_equal(site->results[0].status, 200);
    assert_in_range(site->results[0].took_ms, 10000, 10100);
    static const char *const much_later[] = {SAYS_WHEN("503", "301"), NULL};
    site = meet_answers(much_later, 9, get_one);
    assert_int_equal(site->results[0].status, 503);
    assert_string_equal(site->results[0].body, "no\n"); /* it is there to be read */
}

static void the_bounds_are_the_callers(void **state)
{
    (void)state;
    static const char *const busy[] = {
        SAYS("503"), SAYS("503"), SAYS("503"), SAYS_WHEN("503", "3"), NULL};
    struct site *site = meet(answer_in_turn, get_one);
    answers = busy;
    site->options.retries = (struct co_http_retries){
        .times = 9, .first_ms = 100, .wait_max_ms = 200, .after_max_ms = 2000};
    site_run(site);
    assert_int_equal(site->results[0].status, 503);
    assert_int_equal(asked(site), 4);
    assert_in_range(site->results[0].took_ms, 500 * 3 / 4, 500 * 5 / 4 + 100);
}

static void a_connection_that_breaks_is_followed_by_another(void **state)
{
    (void)state;
    static const char *const broken[] = {"", "", NULL};
    struct site *site = meet_answers(broken, 2, get_one);
    assert_int_equal(site->results[0].status, 200);
    assert_int_equal(site->connections, 3);
    site = meet_answers(broken, 1, get_one);
    assert_int_equal(site->results[0].rc, CO_EEOF);
    assert_int_equal(site->connections, 2);
}

static int post(struct site *site)
{
    return site_fetch(site, &(struct co_http_fetch){.body = "x", .body_bytes = 1}, "/", 0);
}

static void what_may_have_been_done_is_not_done_again_c12(void **state)
{
    (void)state;
    static const char *const broken[] = {"", NULL}, *const busy[] = {SAYS("503"), NULL};
    struct site *site = meet_answers(broken, 9, post);
    assert_int_equal(site->results[0].rc, CO_EEOF);
    assert_int_equal(asked(site), 1);
    site = meet_answers(busy, 9, post);
    assert_int_equal(site->results[0].status, 503);
    assert_int_equal(asked(site), 1);
}

/* Nobody listens at the place. */
static int post_to_nobody(struct site *site)
{
    co_listener *none;
    int rc = co_listen(&none, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    site->port = co_address_port(co_listener_address(none));
    co_listener_close(none);
    return post(site);
}

static void what_nobody_has_heard_is_tried_again_whatever_it_is(void **state)
{
    (void)state;
    struct site *site = meet_answers((const char *const[]){NULL}, 3, post_to_nobody);
    assert_int_equal(site->results[0].rc, -ECONNREFUSED);
    assert_in_range(site->results[0].took_ms, 7000 * 3 / 4, 7000 * 5 / 4 + 100);
}

/* Takes it all, and is busy at first. */
static int take_all(struct forge *forge)
{
    int rc = forge_hear_head(forge);
    while (rc == 0) {
        forge_say(forge, "HTTP/1.1 100 x\r\n\r\n");
        rc = forge_fill(forge, sizeof BODY - 1);
        forge->data += rc == 0 && memcmp(forge->payload, BODY, sizeof BODY - 1) == 0;
        if (rc == 0)
            rc = forge_say(forge, forge->requests == 1 ? SAYS("503") : OK);
        if (rc == 0)
            rc = forge_hear_head(forge);
    }
    return 0;
}

static void a_body_is_told_from_its_start_again_c12(void **state)
{
    (void)state;
    struct site *site = meet(take_all, put_file);
    site->options.retries.times = 9;
    site_run(site);
    assert_int_equal(site->results[0].status, 200);
    assert_int_equal(site->forges[0]->data, 2);
    site = meet(take_all, put_what_is_told_once);
    site->options.retries.times = 9;
    site_run(site);
    assert_int_equal(site->results[0].status, 503);
    assert_int_equal(site->forges[0]->data, 1);
}

static int get_for_five_seconds(struct site *site)
{
    co_scope scope;
    co_scope_open(&scope, 5000);
    site_get(site, "/", 0);
    return co_scope_close(&scope) == CO_EDEADLINE ? 0 : CO_EPROTO;
}

static void the_waits_end_with_the_scope(void **state)
{
    (void)state;
    static const char *const later[] = {SAYS_WHEN("503", "200"), NULL};
    struct site *site = meet_answers(later, 9, get_for_five_seconds);
    assert_int_equal(site->results[0].rc, CO_EDEADLINE);
    assert_in_range(site->results[0].took_ms, 5000, 5100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_417_is_asked_again_without_expect_rfc9110_10_1_1),
        cmocka_unit_test(the_second_417_is_final),
        cmocka_unit_test(a_417_to_who_expects_nothing_is_final),
        cmocka_unit_test(a_body_that_is_told_once_ends_with_the_417),
        cmocka_unit_test(statuses_that_may_pass_are_asked_again_after_a_growing_pause),
        cmocka_unit_test(what_was_tried_often_enough_is_told_as_it_is),
        cmocka_unit_test(unasked_nothing_is_tried_again),
        cmocka_unit_test(retry_after_says_how_long_to_wait_rfc9110_10_2_3),
        cmocka_unit_test(the_bounds_are_the_callers),
        cmocka_unit_test(a_connection_that_breaks_is_followed_by_another),
        cmocka_unit_test(what_may_have_been_done_is_not_done_again_c12),
        cmocka_unit_test(what_nobody_has_heard_is_tried_again_whatever_it_is),
        cmocka_unit_test(a_body_is_told_from_its_start_again_c12),
        cmocka_unit_test(the_waits_end_with_the_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
