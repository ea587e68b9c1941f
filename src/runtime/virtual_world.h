/* SPDX-License-Identifier: MIT */
/*
 * The virtual world: a clock that jumps, events in order, choices from a seed, a trace.
 *
 * It knows nothing of sockets. One world may come to hold several hosts, each with a co_rt.
 */
#ifndef CO_RUNTIME_VIRTUAL_WORLD_H
#define CO_RUNTIME_VIRTUAL_WORLD_H

#include "base/list.h"
#include "runtime/virtual.h"

/* ns: what a network does at its best and still often enough. Their middle, the delay of enumerated
 * runs, is a whole millisecond, so that arrivals there meet timers at one instant. */
#define CO_VIRT_DELAY_MIN 50000LL
#define CO_VIRT_DELAY_MAX 1950000LL

/* What a choice is about. Each has a random stream of its own, so that one more draw for one
 * purpose does not shift the others. */
enum co_virt_purpose {
    CO_VIRT_DELAY, /* how long something takes */
    CO_VIRT_ORDER, /* what comes first of what is due at one instant */
    CO_VIRT_CUT,   /* where data is cut into pieces */
    CO_VIRT_LATER, /* an operation that could complete at once does so later */
    CO_VIRT_RACE,  /* a cancel meets a result: which one wins */
    CO_VIRT_PICK,  /* one of several sockets that share a port, the first port */
    CO_VIRT_LOSS,  /* a reset overtakes data, or not */
    CO_VIRT_BYTES, /* co_random */
    CO_VIRT_PURPOSES
};

/* Something that happens at an instant. It lives in what it happens to. */
struct co_virt_event {
    int64_t at;
    uint64_t sequence;
    struct co_virt_event *child, *next; /* pairing heap */
    struct co_link link;                /* once due */
    void (*fire)(struct co_virt_event *event);
    bool scheduled;
    bool owned; /* on the heap by itself: freed with the world should it not come to fire */
};

enum co_virt_mark {
    CO_VIRT_MARK_SUBMIT,
    CO_VIRT_MARK_DONE,
    CO_VIRT_MARK_CANCEL,
    CO_VIRT_MARK_OPENED,
    CO_VIRT_MARK_DATA,
    CO_VIRT_MARK_END,
    CO_VIRT_MARK_RESET,
    CO_VIRT_MARK_KNOCK,
    CO_VIRT_MARK_PACKET,
    CO_VIRT_MARK_BOUNCE,
    CO_VIRT_MARK_CLOSE,
    CO_VIRT_MARK_JOB
};

#define CO_VIRT_TRACE_MAX 64 /* events kept for a report: a screen of them */

struct co_virt_trace_line {
    int64_t at;
    uint32_t socket;
    uint8_t mark;
    int64_t detail;
};

struct co_virt_world {
    int64_t now;
    uint64_t sequence;
    struct co_virt_event *later; /* pairing heap by (at, sequence) */
    struct co_link due;          /* events whose instant is now, by sequence */
    unsigned due_count;
    uint64_t completions; /* operations and jobs that were done from poll */
    uint64_t draws[CO_VIRT_PURPOSES];
    struct co_virtual_choices *choices; /* NULL: by the seed */
    uint64_t trace_hash, trace_count;
    struct co_virt_trace_line trace[CO_VIRT_TRACE_MAX];
};

void co_virt_world_init(struct co_virt_world *world, uint64_t seed);
/* Frees the owned events that have not fired. */
void co_virt_world_end(struct co_virt_world *world);

/* ---- choices ------------------------------------------------------------------------------ */

/* A number below `ways` (at least 1). */
uint64_t co_virt_draw(struct co_virt_world *world, enum co_virt_purpose purpose, uint64_t ways);
/* True once in `times`. Enumerated as two ways. */
bool co_virt_chance(struct co_virt_world *world, enum co_virt_purpose purpose, unsigned times);
/* An instant within a network's delay from now. */
int64_t co_virt_soon(struct co_virt_world *world);
void co_virt_random(struct co_virt_world *world, void *bytes, size_t size);

/* ---- events ------------------------------------------------------------------------------- */

void co_virt_schedule(struct co_virt_world *world, struct co_virt_event *event, int64_t at);
/* Collects what is due now; false when nothing is. */
bool co_virt_due(struct co_virt_world *world);
/* Fires one of the events that are due, whichever is drawn. */
void co_virt_fire(struct co_virt_world *world);
/* The instant of the next event that is not due yet; CO_NEVER when there is none. */
int64_t co_virt_next(const struct co_virt_world *world);

/* ---- trace -------------------------------------------------------------------------------- */

void co_virt_note(struct co_virt_world *world, enum co_virt_mark mark, uint32_t socket,
    int64_t detail, uint64_t payload_hash);
uint64_t co_virt_hash(const void *bytes, size_t size);
void co_virt_trace_text(const struct co_virt_world *world, struct co_buf *ret);

#endif
