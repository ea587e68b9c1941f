/* SPDX-License-Identifier: MIT */
/*
 * The runtime of one thread: what the rooms of this floor share.
 *
 * co_rt is all there is: no globals but one thread-local pointer to the current runtime. Floors
 * above use the functions at the end, never the members.
 */
#ifndef CO_RUNTIME_RT_H
#define CO_RUNTIME_RT_H

#include "base/heap.h"
#include "base/list.h"
#include "coronet/fiber.h"
#include "runtime/backend.h"

#include <pthread.h>

struct co_detail;
struct co_fiber;
struct co_post;
struct co_stacks;
struct co_pool;
struct co_workers;

/* A timer. Setting it later than it stands costs nothing: it stays where it is in the heap and
 * moves when it comes up (most timeouts are only ever put off). */
struct co_timer {
    struct co_heap_node node;
    int64_t due; /* CO_NEVER: not set */
    void (*fire)(struct co_rt *rt, struct co_timer *timer);
};

struct co_rt {
    const struct co_backend *backend;
    void *backend_state;
    struct co_fiber *current; /* NULL while the loop itself runs */
    void *loop_sp;            /* the loop's saved stack pointer */
    struct co_fiber *ready_first, **ready_last;
    unsigned ready_budget; /* of this turn of the loop: see co_fiber_spend */
    struct co_fiber *dead; /* ended; its stack is put back by whoever runs next */
    struct co_heap timers;
    uint32_t timers_reserved;
    int64_t now; /* monotonic ns, read once a turn of the loop */
    struct co_stacks *stacks;
    struct co_pool *pool;       /* receive and cork buffers */
    struct co_kept *kept;       /* see co_rt_keep */
    struct co_workers *workers; /* threads for jobs; NULL until the first job */
    struct co_link fibers;      /* all of them, in order of start */
    struct co_fiber *main_fiber;
    uint64_t fiber_count, fiber_serial;
    uint64_t
        input_serial; /* rises when input has arrived: what was validated before may be stale */
    unsigned ops_in_flight;        /* operations that somebody's progress depends on */
    unsigned outside;              /* jobs, shards and posts that will come, or may */
    unsigned jobs_in_flight;       /* with the workers */
    struct co_post *_Atomic inbox; /* from other threads, last in first */
    const struct co_run_options *options;
    int uring_refusal;         /* what the kernel said instead of a ring; 0: nothing */
    struct co_shard *shard;    /* that this is; NULL: a program's first runtime */
    struct co_link shards;     /* those it has started */
    struct co_link senders;    /* of its channels that are open to other threads */
    pthread_mutex_t dump_lock; /* the first runtime's: one tree is printed after the other */
    void *loop_fake_stack, *loop_tsan; /* sanitizers' */
    const void *loop_stack_bottom;
    size_t loop_stack_size;
    void *signal_stack; /* ours, for this thread's handlers; NULL when it had one */
    bool reports_overflow;
    int exit_code;
    struct co_detail *exit_detail; /* of the main fiber's result */
    bool stopping, deadlocked, signaled;
};

/* A message to the runtime of another thread: `run` is called there by the loop. */
struct co_post {
    struct co_post *next;
    void (*run)(struct co_rt *rt, struct co_post *post);
};

/* From any thread; the runtime must still be there. */
void co_rt_post(struct co_rt *rt, struct co_post *post);

/* ---- for floors above --------------------------------------------------------------------- */

/* Pinned fibers make it safe to keep this variable's address across a switch. */
extern __thread struct co_rt *co_rt_of_thread
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* The runtime of this thread; NULL outside co_run. */
static inline struct co_rt *co_rt_current(void)
{
    return co_rt_of_thread;
}

/* What a room above has one of for each runtime, freed at its end. */
struct co_kept {
    struct co_kept *next;
    const void *key; /* any address of that room */
    void (*free)(struct co_kept *kept);
};

/* The runtime keeps it, and finds it again by its key (NULL: not yet). */
void co_rt_keep(struct co_rt *rt, struct co_kept *kept);
struct co_kept *co_rt_kept(struct co_rt *rt, const void *key);

/* Submits an operation whose `done` the caller has set; counts it. True: completed at once. */
bool co_op_submit(struct co_rt *rt, struct co_op *op);

/* Submits the operation and suspends until it has completed; obeys the scope (a drain, too, when
 * the operation is an ACCEPT). Returns its result, or the scope's code when that cut it short. */
long co_op_run(struct co_op *op);

/* The deadline that lies so many milliseconds ahead of now, which it looks up: CO_NEVER when that
 * is past all reckoning. */
int64_t co_rt_deadline(struct co_rt *rt, int64_t timeout_ms);

/* Makes sure that one more timer (of a fiber, a parked stream) can always be set; and undoes that.
 */
int co_timer_reserve(struct co_rt *rt);
void co_timer_unreserve(struct co_rt *rt);

static inline void co_timer_init(
    struct co_timer *timer, void (*fire)(struct co_rt *rt, struct co_timer *timer))
{
    *timer = (struct co_timer){.due = CO_NEVER, .fire = fire};
}

/* Sets, puts off or (CO_NEVER) ends a timer; its owner has reserved its place. */
void co_timer_set(struct co_rt *rt, struct co_timer *timer, int64_t due);
/* Takes the timer out of the heap: before its memory goes. */
void co_timer_forget(struct co_rt *rt, struct co_timer *timer);

#endif
