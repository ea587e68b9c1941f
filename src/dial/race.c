/* SPDX-License-Identifier: MIT */
#include "dial/race.h"

#include "base/base.h"
#include "coronet/sync.h"

#include <errno.h>

struct race {
    const struct co_race *plan;
    co_group group;
    co_semaphore failures; /* each lets the next attempt start at once */
    co_stream *winner;
    int error;
};

struct attempt {
    struct race *race;
    const co_address *address;
};

static int attempt_run(void *arg)
{
    struct attempt *attempt = arg;
    struct race *race = attempt->race;
    co_stream *stream;
    int rc = race->plan->connect(&stream, attempt->address, race->plan->arg);
    if (rc < 0) {
        race->error = rc;
        co_semaphore_give(&race->failures);
    } else if (race->winner) { /* connected in the same turn as the winner, before the cancel */
        co_abort(stream);
    } else {
        race->winner = stream;
        co_group_cancel(&race->group);
    }
    return 0;
}

/* Until an attempt fails, or the delay is over, or the race. */
static void wait_turn(struct race *race)
{
    co_scope scope;
    co_scope_open(&scope, race->plan->delay_ms);
    int failed = co_semaphore_take(&race->failures);
    int over = co_scope_close(&scope);
    (void)failed; /* either way it is the next one's turn; co_status knows about the rest */
    (void)over;
}

int co_race_run(const struct co_race *plan, co_stream **ret)
{
    struct race race = {.plan = plan, .error = -EADDRNOTAVAIL};
    co_group_open(&race.group, NULL);
    for (unsigned i = 0; i < plan->count && co_status() == 0; i++) {
        struct attempt attempt = {&race, &plan->addresses[i]};
        if (i > 0)
            wait_turn(&race);
        if (co_status() == 0)
            co_go_copy(&race.group, attempt_run, &attempt);
    }
    int rc = co_group_close(&race.group);
    if (race.winner) {
        *ret = race.winner;
        return 0;
    }
    int over = co_status(); /* perhaps before the first attempt */
    return rc < 0 ? rc : over < 0 ? over : race.error;
}

static bool same_family(const co_address *a, const co_address *b)
{
    return a->as.any.sa_family == b->as.any.sa_family;
}

/* Moves the address at `from` down to `to`; those between move up. */
static void move_address(co_address *addresses, unsigned from, unsigned to)
{
    co_address moved = addresses[from];
    memmove(&addresses[to + 1], &addresses[to], (from - to) * sizeof *addresses);
    addresses[to] = moved;
}

void co_race_interleave(co_address *addresses, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        unsigned other = i;
        while (other < count && same_family(&addresses[other], &addresses[i - 1]))
            other++;
        if (other == count)
            return;
        move_address(addresses, other, i);
    }
}
