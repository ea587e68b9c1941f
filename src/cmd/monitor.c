/* SPDX-License-Identifier: MIT */
#include "cmd/monitor.h"

#include "cmd/exit.h"
#include "cmd/message.h"
#include "cmd/notify.h"
#include "coronet/error.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define YOUNG_MS       10000
#define PAUSE_FIRST_MS 100 /* between the starts of two workers when the first died young */
#define PAUSE_MAX_MS   10000

struct monitor {
    const struct co_monitor_options *options;
    pid_t self, worker; /* 0: none at the moment */
    int signals;        /* a descriptor */
    bool has_served;    /* some worker has */
    int64_t started_ms; /* when the last one was */
    int64_t pause_ms;   /* from then to the next one */
    int64_t look_ms;    /* when the files are looked at next */
    int stops;          /* how often we were told */
    int stop_signal;    /* by which at last */
    bool is_done;       /* with this exit code: */
    int exit_code;
};

/* Those that we obey. */
static void fill_signals(sigset_t *set)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(set, signals[i]);
}

void co_monitor_block_signals(void)
{
    sigset_t set;
    fill_signals(&set);
    sigaddset(&set, CO_WORKER_STOP);
    sigaddset(&set, CO_WORKER_RELOAD);
    sigaddset(&set, CO_WORKER_DUMP);
    sigaddset(&set, CO_WORKER_CHANGED);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void look_later(struct monitor *monitor)
{
    monitor->look_ms = now_ms() + co_watch_pause_ms(monitor->options->watch);
}

/* What there is now the worker will have read. */
static void look_anew(struct monitor *monitor)
{
    co_watch_begin(monitor->options->watch);
    look_later(monitor);
}

static void finish(struct monitor *monitor, int exit_code)
{
    monitor->is_done = true;
    monitor->exit_code = exit_code;
}

/* ---- the worker's life -------------------------------------------------------------------- */

int co_monitor_bind(pid_t monitor)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return -errno;
    return getppid() == monitor ? 0 : -ESRCH;
}

static _Noreturn void be_worker(const struct monitor *monitor)
{
    const struct co_monitor_options *options = monitor->options;
    close(monitor->signals);
    co_keeper_is_worker(options->keeper);
    int rc = co_monitor_bind(monitor->self);
    exit(rc < 0 ? CO_EXIT_OTHER : options->work(options->arg, monitor->has_served));
}

/* One that could not be started has died at once. */
static void worker_lost(struct monitor *monitor)
{
    int64_t pause = monitor->pause_ms ? 2 * monitor->pause_ms : PAUSE_FIRST_MS;
    monitor->worker = 0;
    if (now_ms() - monitor->started_ms >= YOUNG_MS)
        monitor->pause_ms = 0;
    else
        monitor->pause_ms = pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}

static void worker_start(struct monitor *monitor)
{
    monitor->started_ms = now_ms();
    look_anew(monitor);
    int rc = co_keeper_begin(monitor->options->keeper);
    monitor->worker = rc == 0 ? fork() : 0;
    if (monitor->worker == 0 && rc == 0)
        be_worker(monitor);
    if (monitor->worker > 0) {
        co_keeper_is_monitor(monitor->options->keeper);
        return;
    }
    co_error("cannot start a worker: %s", co_explain(rc < 0 ? rc : -errno));
    worker_lost(monitor);
    if (!monitor->has_served)
        finish(monitor, CO_EXIT_OTHER);
}

static void worker_ended(struct monitor *monitor, int status)
{
    int code = WEXITSTATUS(status);
    worker_lost(monitor);
    if (WIFSIGNALED(status)) {
        code = CO_EXIT_SIGNAL + WTERMSIG(status);
        co_error("the worker was killed by signal %d (%s)", WTERMSIG(status),
            sigdescr_np(WTERMSIG(status)));
    }
    if (monitor->stops > 1)
        code = CO_EXIT_SIGNAL + monitor->stop_signal;
    if (monitor->stops > 0 || !monitor->has_served || code == CO_EXIT_DONE)
        finish(monitor, code);
    else if (monitor->pause_ms > 0)
        co_error("another worker takes over within %lld ms", (long long)monitor->pause_ms);
    else
        co_error("another worker takes over");
}

static void reap(struct monitor *monitor)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == monitor->worker)
            worker_ended(monitor, status);
        else
            co_keeper_child_ended(monitor->options->keeper);
}

/* ---- being told --------------------------------------------------------------------------- */

/* The third time the worker is not asked any more. */
static void stop(struct monitor *monitor, int signal)
{
    reap(monitor); /* it may have died before */
    if (monitor->is_done)
        return;
    monitor->stop_signal = signal;
    if (monitor->stops++ == 0) {
        co_notify(monitor->options->notify_fd, "STOPPING=1");
        monitor->options->stopping(monitor->options->arg);
    }
    if (monitor->worker == 0)
        finish(monitor, CO_EXIT_DONE);
    else
        kill(monitor->worker, monitor->stops > 2 ? SIGKILL : CO_WORKER_STOP);
}

static void obey(struct monitor *monitor, int signal)
{
    if (signal == SIGHUP)
        look_anew(monitor);
    if (signal == SIGCHLD)
        reap(monitor);
    else if (signal == SIGINT || signal == SIGTERM)
        stop(monitor, signal);
    else if (monitor->worker > 0)
        kill(monitor->worker, signal == SIGHUP ? CO_WORKER_RELOAD : CO_WORKER_DUMP);
}

static void answer(struct monitor *monitor)
{
    struct co_keeper *keeper = monitor->options->keeper;
    co_keeper_answer(keeper);
    if (monitor->has_served || !co_keeper_heard_ready(keeper))
        return;
    monitor->has_served = true;
    co_notify(monitor->options->notify_fd, "READY=1");
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* For how long nothing is to be done unasked; -1: for ever. */
static int patience_ms(const struct monitor *monitor)
{
    if (monitor->worker > 0 && co_watch_pause_ms(monitor->options->watch) < 0)
        return -1;
    int64_t due = monitor->worker > 0 ? monitor->look_ms : monitor->started_ms + monitor->pause_ms;
    int64_t left = due - now_ms();
    return left > 0 ? (int)left : 0;
}

static void look(struct monitor *monitor)
{
    if (co_watch_look(monitor->options->watch))
        kill(monitor->worker, CO_WORKER_CHANGED);
    look_later(monitor);
}

static void act_unasked(struct monitor *monitor)
{
    if (monitor->worker > 0)
        look(monitor);
    else
        worker_start(monitor);
}

static void wait_and_act(struct monitor *monitor)
{
    struct signalfd_siginfo info;
    struct pollfd waits[] = {
        {.fd = monitor->signals, .events = POLLIN},
        {.fd = co_keeper_socket(monitor->options->keeper), .events = POLLIN},
    };
    int n = poll(waits, 2, patience_ms(monitor));
    if (n == 0)
        act_unasked(monitor);
    if (n <= 0)
        return;
    if (waits[1].revents)
        answer(monitor);
    if (waits[0].revents && read(monitor->signals, &info, sizeof info) == sizeof info)
        obey(monitor, (int)info.ssi_signo);
}

int co_monitor_run(const struct co_monitor_options *options)
{
    struct monitor monitor = {.options = options, .self = getpid()};
    sigset_t set;
    fill_signals(&set);
    monitor.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (monitor.signals < 0 || (options->hidden && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)) {
        co_error("cannot watch over a worker: %s", co_explain(-errno));
        return CO_EXIT_OTHER;
    }
    worker_start(&monitor);
    while (!monitor.is_done)
        wait_and_act(&monitor);
    close(monitor.signals);
    return monitor.exit_code;
}
