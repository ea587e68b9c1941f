/* SPDX-License-Identifier: MIT */
/*
 * What tests ask of the virtual backend beyond backend.h: did two runs go the same way, what
 * happened last, and runs that take every way there is.
 *
 * Each choice of the virtual world (a delay, an order, a cut) is drawn from the seed. A test that
 * wants certainty instead of luck lets the choices be enumerated:
 *
 *     struct co_virtual_choices choices = {0};
 *     do
 *         co_run(task, &choices, &options); // task first calls co_virtual_explore
 *     while (co_virtual_choices_next(&choices));
 */
#ifndef CO_RUNTIME_VIRTUAL_H
#define CO_RUNTIME_VIRTUAL_H

#include "base/buf.h"

struct co_rt;

#define CO_VIRTUAL_CHOICES_MAX 64 /* deeper choices of a run take their first way only */
#define CO_VIRTUAL_WAYS_MAX    6  /* a draw among more (a delay) is not enumerated: its middle */

struct co_virtual_choices {
    unsigned depth;    /* choices the current run has come to; above MAX: not all were explored */
    unsigned scripted; /* that many of them follow from co_virtual_choices_next */
    uint8_t taken[CO_VIRTUAL_CHOICES_MAX], ways[CO_VIRTUAL_CHOICES_MAX];
};

/* From now on small choices come from `choices`, which must outlive the run. */
void co_virtual_explore(struct co_rt *rt, struct co_virtual_choices *choices);

/* Prepares the next run's way; false when all have been taken. */
bool co_virtual_choices_next(struct co_virtual_choices *choices);

/* How many sockets are open: a test's program that leaves some has leaked them. */
unsigned co_virtual_sockets_open(struct co_rt *rt);

/* A hash of all that happened so far in the current runtime's world: when, what, to which socket,
 * with which bytes. */
uint64_t co_virtual_trace_hash(void);

/* Appends the last events, one a line, oldest first: for a failing test's report. */
void co_virtual_trace_text(struct co_rt *rt, struct co_buf *ret);

#endif
