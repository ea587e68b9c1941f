/* SPDX-License-Identifier: MIT */
/* Ports for one expected connection each: drawn, kept, drawn again; and what would get at them. */
#include "fibers.h"

#include "net/address.h"
#include "net/listener.h"
#include "net/ports.h"

#include <sys/resource.h>
#include <unistd.h>

/* Addresses of this process alone: nobody else, of this test's kind say, draws there or knocks. */
static const char *own_host(unsigned number)
{
    static char text[2][16];
    unsigned pid = (unsigned)getpid();
    snprintf(
        text[number], sizeof text[number], "127.%u.%u.%u", 1 + number, pid >> 8 & 0xff, pid & 0xff);
    return text[number];
}

static struct co_port *draw_at(struct co_ports *ports, const char *host, co_address *ret)
{
    struct co_port *port = NULL;
    CHECK_INT(co_address_of_number(host, 0, ret), 0);
    CHECK_INT(co_port_draw(ports, ret, &port), 0);
    return port;
}

/* Lets the expected connection come, and gives the port back. */
static int use(struct co_ports *ports, struct co_port *port, const co_address *address)
{
    co_stream *near, *far;
    REQUIRE(co_connect(&far, address) == 0);
    REQUIRE(co_accept(&near, port->listener) == 0);
    co_port_return(ports, port, true);
    co_abort(far);
    co_abort(near);
    return 0;
}

/* Until so many lie idle; where they are. */
static int fill(struct co_ports *ports, const char *host, unsigned count, co_address *ret)
{
    for (unsigned i = 0; i < count; i++) {
        struct co_port *port = draw_at(ports, host, &ret[i]);
        REQUIRE(port && use(ports, port, &ret[i]) == 0);
        CHECK_INT(ports->count, i + 1);
    }
    return 0;
}

/* Is it turned away before those that lie idle are closed anyway? */
static bool is_cut(co_stream *stream)
{
    co_scope scope;
    char byte;
    co_scope_open(&scope, CO_PORTS_IDLE_MS / 2);
    ssize_t n = co_read(stream, &byte, 1);
    co_scope_close(&scope);
    co_abort(stream);
    return n <= 0 && n != CO_EDEADLINE;
}

static bool is_among(const co_address *address, const co_address *others, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (co_address_port(address) == co_address_port(&others[i]))
            return true;
    return false;
}

FIBER_TEST(none_comes_again_before_there_is_a_choice_f21)
{
    struct co_ports ports;
    co_address at[CO_PORTS_CHOICE_MIN], next;
    REQUIRE(co_ports_init(&ports) == 0);
    REQUIRE(fill(&ports, own_host(0), CO_PORTS_CHOICE_MIN, at) == 0);
    for (unsigned i = 1; i < CO_PORTS_CHOICE_MIN; i++)
        CHECK(!is_among(&at[i], at, i));
    struct co_port *port = draw_at(&ports, own_host(0), &next);
    CHECK(is_among(&next, at, CO_PORTS_CHOICE_MIN));
    CHECK_INT(use(&ports, port, &next), 0);
    co_ports_clear(&ports);
    return 0;
}

/* Neither the one that has lain longest nor the latest is a good guess. */
FIBER_TEST(the_choice_is_by_chance_f21)
{
    struct co_ports ports;
    co_address at[CO_PORTS_CHOICE_MIN], next;
    unsigned oldest = 0, latest = 0;
    REQUIRE(co_ports_init(&ports) == 0);
    REQUIRE(fill(&ports, own_host(0), CO_PORTS_CHOICE_MIN, at) == 0);
    for (unsigned i = 0; i < CO_PORTS_CHOICE_MIN; i++) {
        const struct co_port *first = ports.idle[0], *last = ports.idle[ports.count - 1];
        struct co_port *port = draw_at(&ports, own_host(0), &next);
        oldest += port == first;
        latest += port == last;
        CHECK_INT(use(&ports, port, &next), 0);
    }
    CHECK(oldest < CO_PORTS_CHOICE_MIN / 2 && latest < CO_PORTS_CHOICE_MIN / 2); /* 1 is usual */
    co_ports_clear(&ports);
    return 0;
}

FIBER_TEST(a_port_serves_only_so_often_f21)
{
    struct co_ports ports;
    co_address at;
    REQUIRE(co_ports_init(&ports) == 0);
    struct co_port *port = draw_at(&ports, own_host(0), &at);
    port->uses = CO_PORTS_USES_MAX - 2;
    REQUIRE(use(&ports, port, &at) == 0);
    REQUIRE(ports.count == 1);
    ports.count = 0; /* drawn again */
    CHECK_INT(use(&ports, port, &at), 0);
    CHECK_INT(ports.count, 0);
    co_ports_clear(&ports);
    return 0;
}

FIBER_TEST(one_that_nobody_came_to_is_closed_f02)
{
    struct co_ports ports;
    co_address at;
    co_stream *late;
    REQUIRE(co_ports_init(&ports) == 0);
    co_port_return(&ports, draw_at(&ports, own_host(0), &at), false);
    CHECK_INT(ports.count, 0);
    CHECK(co_connect(&late, &at) < 0);
    co_port_return(&ports, NULL, false);
    co_ports_clear(&ports);
    return 0;
}

/* Before the next look at them: whichever is drawn, and all the others, are given up. */
FIBER_TEST(who_knocked_before_is_not_who_is_expected_f02)
{
    struct co_ports ports;
    co_address at[CO_PORTS_CHOICE_MIN], next;
    co_stream *early[CO_PORTS_CHOICE_MIN];
    REQUIRE(co_ports_init(&ports) == 0);
    REQUIRE(fill(&ports, own_host(0), CO_PORTS_CHOICE_MIN, at) == 0);
    co_timer_forget(ports.rt, &ports.sweep);
    for (unsigned i = 0; i < CO_PORTS_CHOICE_MIN; i++)
        REQUIRE(co_connect(&early[i], &at[i]) == 0);
    struct co_port *port = draw_at(&ports, own_host(0), &next);
    REQUIRE(port->uses == 0); /* a fresh one, whose number may by chance be that of another */
    CHECK_INT(ports.count, 0);
    for (unsigned i = 0; i < CO_PORTS_CHOICE_MIN; i++)
        CHECK(is_cut(early[i]));
    CHECK_INT(use(&ports, port, &next), 0);
    co_ports_clear(&ports);
    return 0;
}

/* Whoever has found one may have found all. */
FIBER_TEST(one_knock_closes_all_that_lie_idle_f02)
{
    struct co_ports ports;
    co_address at[3];
    co_stream *stranger;
    REQUIRE(co_ports_init(&ports) == 0);
    REQUIRE(fill(&ports, own_host(0), 3, at) == 0);
    REQUIRE(co_connect(&stranger, &at[1]) == 0);
    CHECK(is_cut(stranger)); /* without any draw */
    CHECK_INT(ports.count, 0);
    for (unsigned i = 0; i < 3; i++)
        CHECK(co_connect(&stranger, &at[i]) < 0);
    co_ports_clear(&ports);
    return 0;
}

FIBER_TEST(each_address_of_ours_has_its_own)
{
    struct co_ports ports;
    co_address at[CO_PORTS_CHOICE_MIN], next;
    REQUIRE(co_ports_init(&ports) == 0);
    REQUIRE(fill(&ports, own_host(0), CO_PORTS_CHOICE_MIN, at) == 0);
    co_port_return(&ports, draw_at(&ports, own_host(1), &next), false);
    CHECK(!is_among(&next, at, CO_PORTS_CHOICE_MIN));
    CHECK_INT(ports.count, CO_PORTS_CHOICE_MIN);
    co_address_of_number(own_host(1), co_address_port(&next), &at[0]);
    CHECK(co_address_same_host(&next, &at[0]));
    co_ports_clear(&ports);
    return 0;
}

FIBER_TEST(no_more_are_kept_than_may_be)
{
    struct co_ports ports;
    struct co_port *drawn[CO_PORTS_KEPT_MAX + 4];
    co_address at[CO_PORTS_KEPT_MAX + 4];
    REQUIRE(co_ports_init(&ports) == 0);
    for (unsigned i = 0; i < CO_LENGTH(drawn); i++)
        drawn[i] = draw_at(&ports, own_host(0), &at[i]);
    for (unsigned i = 0; i < CO_LENGTH(drawn); i++)
        CHECK_INT(use(&ports, drawn[i], &at[i]), 0);
    CHECK_INT(ports.count, CO_PORTS_KEPT_MAX);
    co_ports_clear(&ports);
    return 0;
}

/* Then nothing of ours wakes the process any more. */
VIRTUAL_TEST(idle_ones_are_closed_after_a_while)
{
    struct co_ports ports;
    co_address at[4];
    co_stream *late;
    REQUIRE(co_ports_init(&ports) == 0);
    REQUIRE(fill(&ports, own_host(0), 3, at) == 0);
    co_sleep(CO_PORTS_IDLE_MS / 2);
    struct co_port *port = draw_at(&ports, own_host(0), &at[3]);
    CHECK_INT(use(&ports, port, &at[3]), 0);
    co_sleep(CO_PORTS_IDLE_MS / 2 + CO_PORTS_SWEEP_MS);
    CHECK_INT(ports.count, 1);
    CHECK(co_connect(&late, &at[0]) < 0);
    co_sleep(CO_PORTS_IDLE_MS / 2 + CO_PORTS_SWEEP_MS);
    CHECK_INT(ports.count, 0);
    CHECK(ports.sweep.due == CO_NEVER);
    co_ports_clear(&ports);
    return 0;
}

/* What lies idle counts as free when there is nothing else. */
KERNEL_TEST(without_descriptors_an_idle_port_does)
{
    struct co_ports ports;
    struct rlimit files, none;
    co_address at, next;
    REQUIRE(co_ports_init(&ports) == 0);
    REQUIRE(fill(&ports, own_host(0), 1, &at) == 0);
    REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
    none = (struct rlimit){3, files.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    struct co_port *port = draw_at(&ports, own_host(0), &next);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &files) == 0);
    CHECK(is_among(&next, &at, 1));
    CHECK_INT(ports.count, 0);
    co_port_return(&ports, port, false);
    co_ports_clear(&ports);
    return 0;
}

/* A few to choose from would be as good as none; and others need the descriptors more. */
KERNEL_TEST(where_descriptors_are_few_none_is_kept)
{
    struct co_ports ports;
    struct rlimit files, few;
    co_address at;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
    few = (struct rlimit){256, files.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
    int rc = co_ports_init(&ports);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &files) == 0);
    REQUIRE(rc == 0);
    struct co_port *port = draw_at(&ports, own_host(0), &at);
    CHECK_INT(use(&ports, port, &at), 0);
    CHECK_INT(ports.count, 0);
    co_ports_clear(&ports);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_comes_again_before_there_is_a_choice_f21),
        cmocka_unit_test(the_choice_is_by_chance_f21),
        cmocka_unit_test(a_port_serves_only_so_often_f21),
        cmocka_unit_test(one_that_nobody_came_to_is_closed_f02),
        cmocka_unit_test(who_knocked_before_is_not_who_is_expected_f02),
        cmocka_unit_test(one_knock_closes_all_that_lie_idle_f02),
        cmocka_unit_test(each_address_of_ours_has_its_own),
        cmocka_unit_test(no_more_are_kept_than_may_be),
        cmocka_unit_test(idle_ones_are_closed_after_a_while),
        cmocka_unit_test(without_descriptors_an_idle_port_does),
        cmocka_unit_test(where_descriptors_are_few_none_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
