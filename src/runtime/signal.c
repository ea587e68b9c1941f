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
#define GUARD_BYTES           (64 << 10) /* a fault this close beneath a stack is an overflow */

static void signals_fill(sigset_t *set, const int *signals)
{
    sigemptyset(set);
    for (; *signals; signals++)
        sigaddset(set, *signals);
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
    sigset_t set, before;
    co_fd fd;
    signals_fill(&set, signals);
    int raw = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (raw < 0)
        return -errno;
    int rc = rt->backend->adopt(rt, raw, &fd);
    if (rc < 0) {
        close(raw);
        return rc;
    }
    pthread_sigmask(SIG_BLOCK, &set, &before);
    rc = signal_read(rt, fd, flags);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
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

/* Names the fiber whose stack ran over, then lets the default action take its course. */
static void overflow_handler(int signal, siginfo_t *info, void *context)
{
    (void)context;
    struct co_rt *rt = co_rt_current();
    struct co_fiber *fiber = rt ? rt->current : NULL;
    char *at = info->si_addr;
    if (fiber && at < fiber->stack.bottom && at >= fiber->stack.bottom - GUARD_BYTES) {
        char text[256];
        int size = snprintf(text, sizeof text,
            "coronet: stack overflow in fiber %s (stack of %zu KiB; start it with a larger "
            "stack_bytes)\n",
            fiber->name ? fiber->name : "?",
            (size_t)(fiber->stack.top - fiber->stack.bottom) >> 10);
        if (size > 0 && write(STDERR_FILENO, text, (size_t)size) < 0)
            fiber = NULL; /* nothing more can be said */
    }
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(signal, &standard, NULL);
}

void co_overflow_report(void)
{
    stack_t stack = {.ss_size = ALTERNATE_STACK_BYTES};
    stack.ss_sp =
        mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED)
        return;
    struct sigaction action = {
        .sa_sigaction = overflow_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
}

void co_overflow_report_end(bool last)
{
    stack_t stack, none = {.ss_flags = SS_DISABLE};
    struct sigaction action;
    if (last && sigaction(SIGSEGV, NULL, &action) == 0 && action.sa_sigaction == overflow_handler) {
        action = (struct sigaction){.sa_handler = SIG_DFL};
        sigaction(SIGSEGV, &action, NULL);
    }
    if (sigaltstack(NULL, &stack) == 0 && stack.ss_size == ALTERNATE_STACK_BYTES &&
        sigaltstack(&none, NULL) == 0)
        munmap(stack.ss_sp, stack.ss_size);
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
