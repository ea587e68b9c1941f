/* SPDX-License-Identifier: MIT */
#include "runtime/signal.h"

#include "runtime/fiber.h"
#include "runtime/shard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ALTERNATE_STACK_BYTES (64 << 10)

/* -EINVAL: none, or one that is no signal or that nobody can wait for. */
static int signals_fill(sigset_t *set, const int *signals)
{
    int rc = *signals ? 0 : -EINVAL;
    sigemptyset(set);
    for (; rc == 0 && *signals; signals++)
        if (*signals == SIGKILL || *signals == SIGSTOP || sigaddset(set, *signals) < 0)
            rc = -EINVAL;
    return rc;
}

/* flags: CO_OP_BACKGROUND when no program's progress depends on the signal. */
static int signal_read(struct co_rt *rt, co_fd fd, uint8_t flags)
{
    struct signalfd_siginfo info;
    for (;;) {
        if (read(rt->backend->raw(rt, fd), &info, sizeof info) == sizeof info)
            return (int)info.ssi_signo;
        struct co_op op = {.code = CO_OP_READABLE, .flags = flags, .fd = fd};
        long rc = co_op_run(&op);
        if (rc < 0)
            return (int)rc;
    }
}

static int signal_wait(const int *signals, uint8_t flags)
{
    struct co_rt *rt = co_rt_current();
    sigset_t set;
    co_fd fd;
    int rc = signals_fill(&set, signals);
    if (rc < 0)
        return rc;
    int raw = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (raw < 0)
        return -errno;
    rc = rt->backend->adopt(rt, raw, &fd);
    if (rc < 0) {
        close(raw);
        return rc;
    }
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* for good: co_run restores the mask */
    rc = signal_read(rt, fd, flags);
    rt->backend->close_fd(rt, fd);
    return rc;
}

int co_signal_wait(const int *signals)
{
    return signal_wait(signals, 0);
}

/* ---- what co_main does with them
 * --------------------------------------------------------------------- */

static const int handled[] = {SIGINT, SIGTERM, SIGUSR1, 0};

static int signals_serve(void *arg)
{
    struct co_rt *rt = arg;
    int signal;
    while ((signal = signal_wait(handled, CO_OP_BACKGROUND)) > 0) {
        if (signal == SIGUSR1) {
            co_shards_dump(rt, STDERR_FILENO, "SIGUSR1");
            continue;
        }
        if (!rt->main_fiber)
            return 0;
        if (rt->signaled)
            co_scope_end(&rt->main_fiber->root, CO_ECANCELED);
        else
            co_scope_drain(&rt->main_fiber->root);
        rt->signaled = true;
    }
    return signal;
}

/* ---- stack overflows ---------------------------------------------------------------------------
 */

/* A signal's handler is the whole process's: the first runtime that wants ours installs it, the
 * last one gives back what was there before. */
static struct {
    pthread_mutex_t lock;
    unsigned users;
    struct sigaction before;
} overflow = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Names the fiber whose stack ran over; then what was there before, mostly death, takes its course,
 * for the fault comes again. */
static void overflow_handler(int signal, siginfo_t *info, void *context)
{
    (void)context;
    struct co_rt *rt = co_rt_current();
    struct co_fiber *fiber = rt ? rt->current : NULL;
    char *at = info->si_addr;
    if (fiber && at < fiber->stack.bottom && at >= fiber->stack.bottom - co_stack_guard_bytes()) {
        char text[256];
        int size = snprintf(text, sizeof text,
            "coronet: stack overflow in fiber %s (stack of %zu KiB; start it with a larger "
            "stack_bytes)\n",
            fiber->name ? fiber->name : "?",
            (size_t)(fiber->stack.top - fiber->stack.bottom) >> 10);
        if (size > 0 && write(STDERR_FILENO, text, (size_t)size) < 0)
            fiber = NULL; /* nothing more can be said */
    }
    sigaction(signal, &overflow.before, NULL);
}

static void handler_install(void)
{
    struct sigaction action = {
        .sa_sigaction = overflow_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    pthread_mutex_lock(&overflow.lock);
    if (overflow.users++ == 0)
        sigaction(SIGSEGV, &action, &overflow.before);
    pthread_mutex_unlock(&overflow.lock);
}

/* A handler that somebody has put in the place of ours stays. */
static void handler_remove(void)
{
    struct sigaction now;
    pthread_mutex_lock(&overflow.lock);
    if (--overflow.users == 0 && sigaction(SIGSEGV, NULL, &now) == 0 &&
        (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == overflow_handler)
        sigaction(SIGSEGV, &overflow.before, NULL);
    pthread_mutex_unlock(&overflow.lock);
}

/* Without one no handler could run when a fiber's stack is used up. A thread that has one keeps it:
 * a sanitizer's, say. */
static void *alternate_stack_new(void)
{
    stack_t stack;
    if (sigaltstack(NULL, &stack) < 0 || !(stack.ss_flags & SS_DISABLE))
        return NULL;
    stack = (stack_t){.ss_size = ALTERNATE_STACK_BYTES};
    stack.ss_sp =
        mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED)
        return NULL;
    sigaltstack(&stack, NULL);
    return stack.ss_sp;
}

void co_overflow_watch(struct co_rt *rt)
{
    rt->signal_stack = alternate_stack_new();
    rt->reports_overflow = rt->options->handle_signals || rt->options->report_overflow;
    if (rt->reports_overflow)
        handler_install();
}

void co_overflow_watch_end(struct co_rt *rt)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (rt->reports_overflow)
        handler_remove();
    if (rt->signal_stack && sigaltstack(&none, NULL) == 0)
        munmap(rt->signal_stack, ALTERNATE_STACK_BYTES);
}

void co_signals_handle(struct co_rt *rt)
{
    static const struct co_go_options go = {.name = "signals"};
    if (rt->backend->is_virtual)
        return;
    sigset_t set;
    signals_fill(&set, handled);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* co_rt_run restores the mask */
    co_fiber_spawn(rt, NULL, &go, signals_serve, rt);
}
