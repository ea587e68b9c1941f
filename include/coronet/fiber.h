/* SPDX-License-Identifier: MIT */
/*
 * Fibers: programs, groups of concurrent tasks, scopes with deadlines, sleeping.
 *
 * A fiber is a function with a stack of its own, pinned to the thread (shard) that started it.
 * Calls that wait suspend the fiber and let others run. Concurrency is structured: a fiber belongs
 * to a group, and a group is left only when all its fibers have ended.
 *
 * Cancellation and time live in scopes, not in parameters. When a scope is cancelled or its
 * deadline passes, the waiting call beneath it, and every later one, fails with CO_ECANCELED or
 * CO_EDEADLINE until that scope is left; the fiber is never killed, so its cleanup always runs. A
 * call that had completed by then returns its result all the same. When every fiber waits for
 * another, all scopes end with CO_EDEADLOCK. "Suspends" below: others may run during the call, need
 * it wait or not, and it obeys the scope.
 */
#ifndef CORONET_FIBER_H
#define CORONET_FIBER_H

#include "coronet/error.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a program, a fiber, a pool job and a shard are: 0 or a result when good, negative if not. */
typedef int co_task(void *arg);

/* ---- programs ---------------------------------------------------------------------------- */

struct co_run_options {
    const char *backend;   /* "io_uring", "epoll", "virtual"; NULL or "auto": CORONET_BACKEND, else
                              io_uring when the kernel grants it, else epoll */
    uint64_t seed;         /* virtual: decides order and delays; 0 is a seed like any other */
    unsigned pool_threads; /* threads for blocking calls, at most 64; 0: 4 */
    unsigned stack_bytes;  /* stack of a fiber unless co_go_with says otherwise; 0: 64 KiB */
    bool no_deadlock_report; /* true: CO_EDEADLOCK comes without the fiber tree on stderr */
    bool handle_signals;  /* what co_main does: SIGINT, SIGTERM drain then cancel, SIGUSR1 dumps */
    bool report_overflow; /* SIGSEGV tells of stack overflows; implied by handle_signals */
    void (*warn)(void *arg, const char *text); /* hears of fallbacks and the like; NULL: silence */
    void *warn_arg;
};

/*
 * co_main - run a program's main task: what main() returns.
 *
 * Blocks the thread until all fibers have ended; call it once, outside any fiber. SIGINT and
 * SIGTERM drain the program (accepts and parked streams end), a second one cancels it, SIGUSR1
 * prints every shard's tree of fibers to stderr; a failure is printed to stderr by co_explain.
 * task, arg: the main fiber and its argument; arg must live until co_main returns.
 * Returns: 0 when task returned >= 0 or a signal ended it in good order, else 1.
 */
CO_API int co_main(co_task *task, void *arg);

/*
 * co_run - run a task and all it starts, silently: for embedding in a program of one's own.
 *
 * Blocks the thread until all fibers have ended; not from within a fiber. Each thread may have one.
 * Blocked meanwhile, also after a fork: SIGPIPE, signals it handles, signals waited for.
 * options: NULL for the defaults; borrowed during the call. co_explain knows why, afterwards too.
 * Returns: what task returned; CO_EDEADLOCK when nothing could ever run again; -ENOMEM; -EBUSY when
 * called within a fiber; -ENOSYS without the backend asked for, -EINVAL if it is unknown; -errno.
 */
CO_API int co_run(co_task *task, void *arg, const struct co_run_options *options);

/*
 * co_backend_name - which backend the current runtime uses.
 *
 * Where io_uring is refused, epoll serves and nothing is printed; the reason is told to co_run's
 * `warn`, or by a run with CORONET_BACKEND=io_uring, which then fails. Does not suspend; in a
 * fiber. Returns: "io_uring", "epoll" or "virtual"; static.
 */
CO_API const char *co_backend_name(void);

/* ---- scopes ------------------------------------------------------------------------------ */

/* A span of code with a deadline, on the fiber's stack. The members are private. */
typedef struct co_scope {
    uint64_t private_[12];
} co_scope;

/*
 * co_scope_open - begin a scope: what follows obeys its deadline.
 *
 * Does not suspend. Scopes nest and must be closed in reverse order by the fiber that opened them;
 * the earliest deadline rules.
 * timeout_ms: milliseconds from now; negative: none of its own.
 */
CO_API void co_scope_open(co_scope *scope, int64_t timeout_ms);

/*
 * co_scope_shield - begin a scope that the end of those outside does not reach: for cleanup.
 *
 * Does not suspend. Close it with co_scope_close. A drain outside reaches it all the same.
 * grace_ms: after this its own deadline ends it; at most 30,000: more counts as that, and negative.
 */
CO_API void co_scope_shield(co_scope *scope, int64_t grace_ms);

/*
 * co_scope_close - leave the innermost scope.
 *
 * Does not suspend.
 * Returns: 0; CO_EDEADLINE when this very scope's deadline passed, CO_ECANCELED when this very
 * scope was cancelled, even if the work was complete by then. An outer scope's end is not told.
 */
CO_API int co_scope_close(co_scope *scope);

/*
 * co_scope_cancel - make every waiting call beneath the scope fail with CO_ECANCELED.
 *
 * Does not suspend; from any fiber of the same thread while the scope is open. Twice is as once.
 */
CO_API void co_scope_cancel(co_scope *scope);

/*
 * co_status - has the current scope ended?
 *
 * Does not suspend; inside a fiber: for long computations, which should ask now and then.
 * Returns: 0, or the code with which waiting calls now fail (CO_ECANCELED, CO_EDEADLINE).
 */
CO_API int co_status(void);

/* ---- groups ------------------------------------------------------------------------------ */

struct co_group_options {
    int64_t timeout_ms;    /* deadline of the group as a scope; 0 or negative: none */
    unsigned children_max; /* co_go waits while this many run; 0: no limit */
    bool keep_going;       /* true: a child's failure does not cancel its siblings */
};

/* A group of fibers, on the parent's stack. It is a scope too. The members are private. */
typedef struct co_group {
    uint64_t private_[28];
} co_group;

/*
 * co_group_open - begin a group of concurrent fibers.
 *
 * Does not suspend. It must be closed by the fiber that opened it, scopes in reverse order.
 * options: NULL for the defaults.
 */
CO_API void co_group_open(co_group *group, const struct co_group_options *options);

/*
 * co_group_close - wait for all fibers of the group, then leave it.
 *
 * Suspends. When the scope outside ends, so do the children; the call still waits until the last
 * has returned. Returns: the first negative result of a child (with its detail for co_explain),
 * CO_EDEADLINE or CO_ECANCELED when the group's own deadline passed or it was cancelled, else 0.
 */
CO_API int co_group_close(co_group *group) CO_MUST_USE;

/*
 * co_group_cancel - make every waiting call in the group's fibers fail with CO_ECANCELED.
 *
 * Does not suspend; from any fiber of the same thread.
 */
CO_API void co_group_cancel(co_group *group);

/*
 * co_group_drain - ask the group's fibers to take on no new work.
 *
 * Does not suspend. Waiting and later accepts in the group fail with CO_EDRAIN and parked streams
 * are ended; everything else goes on.
 */
CO_API void co_group_drain(co_group *group);

struct co_go_options {
    const char *name;     /* for the fiber tree; NULL: the function's name; not copied */
    unsigned stack_bytes; /* rounded up to 16, 64, 256 KiB or 1 MiB, the most; 0: the runtime's */
    bool background;   /* true: neither holds the group open nor fails it; cancelled after others */
    size_t copy_bytes; /* > 0: that many bytes of *arg, at most 4096, are copied onto its stack */
    const char *site;  /* "file:line" of the start; set by the macros */
};

/*
 * co_go_with - start a fiber in a group.
 *
 * Suspends only while the group has children_max fibers. The child runs when the parent next waits.
 * A failed start (no memory, the scope ended) counts as a failed child: co_group_close reports it.
 * options: borrowed during the call. arg: passed on; must outlive the fiber unless copied.
 */
CO_API void co_go_with(
    co_group *group, const struct co_go_options *options, co_task *task, void *arg);

#define CO_SITE_TEXT_(line) #line
#define CO_SITE_LINE_(line) CO_SITE_TEXT_(line)
#define CO_SITE_            __FILE__ ":" CO_SITE_LINE_(__LINE__)

/* co_go(group, task, arg) starts a fiber; co_go_copy(group, task, pointer) gives it a copy of
 * *pointer on its own stack. */
#define co_go(group, task, arg) co_go_(group, task, arg, 0, #task, CO_SITE_)
#define co_go_copy(group, task, pointer)                                                           \
 co_go_(group, task, pointer, sizeof *(pointer), #task, CO_SITE_)
static inline void co_go_(co_group *group, co_task *task, void *arg, size_t copy_bytes,
    const char *name, const char *site)
{
    struct co_go_options options = {name, 0, false, copy_bytes, site};
    co_go_with(group, &options, task, arg);
}

/*
 * co_start - start a fiber and wait until it says that it is ready.
 *
 * Suspends until the child calls co_ready or ends. ret_ready: receives the value given to co_ready
 * (a port, say); NULL if not wanted.
 * Returns: 0 when the child is ready; its result when it ended before (-EPIPE if that was >= 0);
 * CO_ECANCELED, CO_EDEADLINE (a child that was started goes on); why there is none (-ENOMEM).
 */
CO_API int co_start(co_group *group, co_task *task, void *arg, long *ret_ready);

/*
 * co_ready - tell the fiber that waits in co_start to go on; nothing happens when nobody waits.
 *
 * Does not suspend.
 */
CO_API void co_ready(long value);

/* ---- the fiber itself ---------------------------------------------------------------------- */

/*
 * co_sleep - wait for a while.
 *
 * Suspends. ms: milliseconds; 0 or less lets the other fibers run once.
 * Returns: 0, CO_ECANCELED or CO_EDEADLINE.
 */
CO_API int co_sleep(int64_t ms);

/*
 * co_now_ns - the runtime's monotonic clock.
 *
 * Does not suspend; inside a fiber. Returns: nanoseconds since an arbitrary start, or virtual ones.
 */
CO_API int64_t co_now_ns(void);

/*
 * co_wall_seconds - the calendar clock.
 *
 * Does not suspend; inside a fiber. Virtual on the virtual backend.
 * Returns: seconds since 1970-01-01T00:00:00Z.
 */
CO_API int64_t co_wall_seconds(void);

/*
 * co_random - unpredictable bytes (seeded ones on the virtual backend).
 *
 * Does not suspend; inside a fiber.
 */
CO_API void co_random(void *ret_bytes, size_t size);

/*
 * co_block - run a blocking or long-computing function on a pool thread.
 *
 * Suspends until the function has returned: cancellation cannot stop it, so it should be bounded.
 * In it, only calls of this library marked "any thread" are allowed, and all signals are blocked.
 * Returns: what the function returned; CO_ECANCELED or CO_EDEADLINE when the scope had ended before
 * it began; -ENOMEM.
 */
CO_API int co_block(co_task *function, void *arg);

/*
 * co_local_set - attach a value to the current fiber.
 *
 * Does not suspend. Up to 4 keys a fiber; a key is any address of yours. Children do not inherit.
 * free_value: called with the value when the fiber ends or another one replaces it; may suspend; or
 * NULL. The same value set again is not freed: it gets this free_value in place of the one before.
 * Returns: 0; -ENOSPC with four keys in use (one stays so with value NULL), -ENOMEM: not attached.
 */
CO_API int co_local_set(const void *key, void *value, void (*free_value)(void *));

/*
 * co_local_get - the value attached to the current fiber.
 *
 * Does not suspend. Returns: the value, NULL when there is none.
 */
CO_API void *co_local_get(const void *key);

/*
 * co_dump - print the tree of fibers: what each waits for, since when, and a backtrace.
 *
 * Does not suspend; inside a fiber. Other shards' trees follow when their loops turn, one by one.
 * fd: a file descriptor open for writing, 2 for stderr.
 */
CO_API void co_dump(int fd);

/*
 * co_signal_wait - wait for one of the signals.
 *
 * Suspends. The signals stay blocked in this thread until co_run returns, so that none takes its
 * usual course between two calls. Call it before other threads start. Not virtual (-ENOSYS).
 * signals: an array of numbers ending with 0; none of those that handle_signals takes already.
 * Returns: the signal's number, CO_ECANCELED, CO_EDEADLINE, -errno (-EINVAL for none, SIGKILL ...).
 */
CO_API int co_signal_wait(const int *signals);

#ifdef __cplusplus
}
#endif
#endif
