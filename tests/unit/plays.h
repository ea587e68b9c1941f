/* SPDX-License-Identifier: MIT */
/*
 * Every interleaving of cancel and completion, on the virtual backend.
 *
 * A subject waits in one call beneath a scope with a deadline. A director does four things to it,
 * in each of their 24 orders, at one instant, or as far apart as a message flies (so that arrivals
 * meet the next thing at one instant), or one by one. In each of these, every choice the world has
 * left is taken each way.
 */
#ifndef CO_TEST_PLAYS_H
#define CO_TEST_PLAYS_H

#include "backend_test.h"

enum thing { ARRIVAL, CANCEL, DEADLINE, PEER_CLOSE, THINGS };

enum outcome { DONE, ENDED, CANCELLED, LATE, BROKEN, OUTCOMES };

struct play;

struct scene {
    const struct play *play;
    struct co_virtual_choices choices;
    uint8_t order[THINGS];
    unsigned gap_ms;
    unsigned seen; /* outcomes of all runs, as bits */
    /* of one run */
    co_fd mine, peers, listener;
    co_address address;
    co_group *group;
    co_scope scope;
    bool in_scope, arrived, peer_closed;
    bool deadline_is_its_own; /* set by prepare: what waits keeps it, and the scope has none */
    long result;
    size_t sent, received;
};

struct play {
    const char *name;
    int64_t begin_ms; /* after the subject has begun to wait */
    int (*prepare)(struct scene *scene);
    long (*wait)(struct scene *scene);
    int (*arrive)(struct scene *scene);
    int (*check)(struct scene *scene);  /* nothing lost, nothing twice; closes what is open */
    unsigned outcomes;                  /* that must occur */
    void (*leave)(struct scene *scene); /* the peer's close; NULL: it stays */
};

#define BIT(outcome) (1U << (outcome))

static inline enum outcome outcome_of(long result)
{
    return result > 0               ? DONE
           : result == 0            ? ENDED
           : result == CO_ECANCELED ? CANCELLED
           : result == CO_EDEADLINE ? LATE
                                    : BROKEN;
}

/* When the deadline comes in the director's order, after the subject has begun to wait. */
static inline int64_t deadline_ms(const struct scene *scene)
{
    unsigned place = 0;
    while (scene->order[place] != DEADLINE)
        place++;
    return scene->play->begin_ms + place * scene->gap_ms;
}

static inline int subject(void *arg)
{
    struct scene *scene = arg;
    co_scope_open(&scene->scope, scene->deadline_is_its_own ? -1 : deadline_ms(scene));
    scene->in_scope = true;
    scene->result = scene->play->wait(scene);
    scene->in_scope = false;
    (void)co_scope_close(&scene->scope);
    return 0;
}

static inline void close_peers(struct scene *scene)
{
    if (co_fd_is_open(scene->peers))
        close_socket(scene->peers);
    scene->peers = (co_fd){0};
    scene->peer_closed = true;
}

static inline int direct(struct scene *scene)
{
    expect_result(co_sleep(scene->play->begin_ms), 0);
    for (unsigned i = 0; i < THINGS; i++) {
        if (i > 0 && scene->gap_ms > 0)
            expect_result(co_sleep(scene->gap_ms), 0);
        switch (scene->order[i]) {
        case ARRIVAL:
            if (scene->play->arrive(scene) < 0)
                return FAILED;
            break;
        case CANCEL:
            if (scene->in_scope)
                co_scope_cancel(&scene->scope);
            break;
        case PEER_CLOSE:
            if (scene->play->leave)
                scene->play->leave(scene);
            break;
        default: break; /* the deadline comes by itself */
        }
    }
    return 0;
}

static inline int act(void *arg)
{
    struct scene *scene = arg;
    struct co_rt *rt = co_rt_current();
    if (scene->play->prepare(scene) < 0)
        return FAILED;
    co_virtual_explore(rt, &scene->choices);
    co_group group;
    co_group_open(&group, NULL);
    scene->group = &group;
    co_go(&group, subject, scene);
    int rc = direct(scene);
    expect_result(co_group_close(&group), 0);
    co_virtual_explore(rt, NULL); /* what follows only counts */
    if (rc < 0 || scene->play->check(scene) < 0)
        return FAILED;
    expect_result(rt->ops_in_flight, 0);
    expect_result(co_virtual_sockets_open(rt), 0);
    return 0;
}

static inline void explore_order(struct scene *scene, unsigned *runs)
{
    const struct co_run_options options = {.backend = "virtual", .seed = 1};
    scene->choices = (struct co_virtual_choices){0};
    do {
        memset(&scene->mine, 0, sizeof *scene - offsetof(struct scene, mine));
        int rc = co_run(act, scene, &options);
        if (rc != 0)
            fail_msg("%d: %s, order %u%u%u%u, gap %u", rc, scene->play->name, scene->order[0],
                scene->order[1], scene->order[2], scene->order[3], scene->gap_ms);
        scene->seen |= BIT(outcome_of(scene->result));
        assert_in_range(scene->choices.depth, 0, CO_VIRTUAL_CHOICES_MAX);
        ++*runs;
    } while (co_virtual_choices_next(&scene->choices));
}

/* The n-th order of four things, by its digits in factorial base. */
static inline void nth_order(unsigned n, uint8_t *order)
{
    uint8_t left[THINGS] = {ARRIVAL, CANCEL, DEADLINE, PEER_CLOSE};
    for (unsigned count = THINGS; count > 0; n /= count--) {
        unsigned pick = n % count;
        order[THINGS - count] = left[pick];
        memmove(left + pick, left + pick + 1, count - pick - 1);
    }
}

static inline void explore(const struct play *play)
{
    static const unsigned gaps_ms[] = {0, 1, 5};
    static struct scene scene;
    unsigned runs = 0;
    scene.play = play;
    scene.seen = 0;
    for (unsigned gap = 0; gap < CO_LENGTH(gaps_ms); gap++) {
        scene.gap_ms = gaps_ms[gap];
        for (unsigned n = 0; n < 24; n++) {
            nth_order(n, scene.order);
            explore_order(&scene, &runs);
        }
    }
    print_message("%s: %u runs\n", play->name, runs);
    assert_int_equal(scene.seen, play->outcomes);
}

#endif
