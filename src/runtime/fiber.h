/* SPDX-License-Identifier: MIT */
/*
 * Fibers and groups as the rooms of this floor, and streams that park, see them.
 *
 * A fiber waits by co_fiber_wait: whoever has what it waits for calls co_fiber_wake. When its scope
 * ends meanwhile, `interrupt` is called once: it either takes the fiber out of whatever it is
 * queued in and wakes it, or asks an operation in flight to end, which wakes it later.
 */
#ifndef CO_RUNTIME_FIBER_H
#define CO_RUNTIME_FIBER_H

#include "runtime/rt.h"
#include "runtime/scope.h"
#include "runtime/stack.h"

#define CO_FIBER_CANARY UINT64_C(0x636f726f6e657421)
#define CO_DETAIL_MAX   256 /* bytes of an error's sentence, with its NUL */
#define CO_LOCALS_MAX   4

/* The sentence of the latest failure, for co_explain. */
struct co_detail {
    int code;
    char text[CO_DETAIL_MAX];
};

struct co_local {
    const void *key;
    void *value;
    void (*free_value)(void *);
};

struct co_locals {
    struct co_local at[CO_LOCALS_MAX];
};

struct co_group_body {
    struct co_scope_body scope;
    struct co_link members; /* fibers, by their `sibling` links */
    struct co_link guests;
    unsigned count;      /* members and guests that keep it open */
    unsigned background; /* members that do not */
    unsigned children_max;
    bool keep_going;
    bool closing;
    int error; /* the first child's */
    struct co_detail *detail;
    struct co_fiber *owner;
    struct co_fiber *closer; /* waits in close */
    struct co_link spawners; /* fibers that wait for a place, by their wait links */
};

_Static_assert(sizeof(struct co_group_body) <= sizeof(co_group), "co_group is too small");

/* A member of a group without a fiber: a parked stream. `ended` is told of a drain or the end of
 * the group's scope (once each; from within a walk: it must not start fibers or close anything at
 * once). */
struct co_guest {
    struct co_link link;
    struct co_group_body *group;
    struct co_scope_body scope;
    void (*ended)(struct co_rt *rt, struct co_guest *guest, int code);
};

enum co_fiber_state { CO_FIBER_READY, CO_FIBER_RUNNING, CO_FIBER_WAITING, CO_FIBER_ENDED };

struct co_wait {
    const char *what; /* for the tree: "read", "mutex" ... */
    const void *on;   /* the thing, for the tree; a struct co_op when is_op */
    void (*interrupt)(
        struct co_rt *rt, struct co_fiber *fiber, int code); /* NULL: uninterruptible */
    bool is_op;
    bool drainable; /* a drain interrupts it too */
};

struct co_fiber {
    void *sp;
    struct co_fiber *next_ready;
    struct co_rt *rt;
    uint8_t state;
    bool background;
    bool interrupted;            /* the present wait has been told that the scope ended */
    int32_t wake_code;           /* what co_fiber_wait returns */
    struct co_scope_body *scope; /* innermost */
    struct co_scope_body root;
    struct co_group_body *group;
    struct co_link sibling; /* in group->members */
    struct co_link link;    /* in rt->fibers */
    struct co_link queued;  /* in the wait queue of a lock or channel */
    struct co_timer timer;
    const struct co_wait *wait;
    int64_t wait_since;
    co_task *task;
    void *arg;
    const char *name, *site;
    uint64_t id;
    struct co_fiber *starter; /* waits in co_start for co_ready */
    long *starter_value;
    struct co_fiber *starting; /* the child it waits for in co_start */
    struct co_detail *detail;
    struct co_locals *locals;
    struct co_stack stack;
    void *fake_stack, *tsan; /* sanitizers' */
    int result;
    uint64_t canary; /* lowest: what the stack above would overwrite first is the neighbour's; see
                        stack.h */
};

/* Starts a fiber in the group from anywhere, the loop included; ready at once. 0 or -ENOMEM. Unlike
 * co_go_with it neither waits for a place nor counts a failure. */
int co_fiber_spawn(struct co_rt *rt, struct co_group_body *group,
    const struct co_go_options *options, co_task *task, void *arg);

/*
 * Suspends the current fiber until co_fiber_wake; what the waker gave is returned. When the scope
 * has ended already, or ends during the wait, wait->interrupt is called (once).
 */
int co_fiber_wait(struct co_rt *rt, const struct co_wait *wait);

/* Why a wait in the current scope may not begin: 0, CO_ECANCELED, CO_EDEADLINE, CO_EDRAIN ... */
static inline int co_fiber_refusal(struct co_rt *rt, bool drainable)
{
    struct co_scope_body *scope = rt->current->scope;
    int code = co_scope_refusal(scope, rt->now);
    if (CO_UNLIKELY(code))
        return code;
    return drainable && scope->draining ? CO_EDRAIN : 0;
}

/* Makes a waiting fiber ready. Waking a fiber that does not wait is a bug. */
void co_fiber_wake(struct co_rt *rt, struct co_fiber *fiber, int code);

/* Tells a fiber's present wait that its scope ended. */
void co_fiber_interrupt(struct co_rt *rt, struct co_fiber *fiber, int code);

/* An operation was done at once: pauses when the turn's budget is used up. */
void co_fiber_spend(struct co_rt *rt);

/* Lets the other ready fibers and the backend have a turn. */
void co_fiber_pause(struct co_rt *rt);

/* The interruption of a wait whose fiber sits in a queue by its `queued` link. */
void co_fiber_unqueue(struct co_rt *rt, struct co_fiber *fiber, int code);

/* Runs ready fibers until none is left or the budget is used up; called by the loop. */
void co_fibers_run(struct co_rt *rt);

/* Copies a detail to *to. */
void co_detail_set(struct co_detail **to, int code, const char *text);

/* What co_explain knows in this thread where no fiber runs; NULL: nothing. */
void co_detail_of_thread_set(const struct co_detail *detail);

/* ---- groups and guests ---- */

/* The group that the current fiber belongs to. */
struct co_group_body *co_group_current(struct co_rt *rt);

/* Waits until there is a place for one more child; a drain ends the wait if that child would be new
 * work. 0, or why not. */
int co_group_wait_place(struct co_rt *rt, struct co_group_body *group, bool drainable);

/* Adds a member without a fiber: group close waits until it is removed. */
void co_guest_join(struct co_group_body *group, struct co_guest *guest);
void co_guest_leave(struct co_rt *rt, struct co_guest *guest);

/* A member of the group has ended with that result. */
void co_group_member_ended(
    struct co_rt *rt, struct co_group_body *group, int result, struct co_detail **detail);

void co_group_background_ended(struct co_rt *rt, struct co_group_body *group);

/* The fiber's own timer came up. */
void co_fiber_timer_fired(struct co_rt *rt, struct co_timer *timer);

/* Prints the fiber tree (dump.c); `reason` is its first line. */
void co_rt_dump(struct co_rt *rt, int fd, const char *reason);

#endif
