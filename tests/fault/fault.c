/* SPDX-License-Identifier: MIT */
/*
 * Runs the scenario over and over, each time with another fault: fault STEP, where STEP 1 tries
 * every place and n every n-th. A run is good when it ends by itself, in time, and leaves neither
 * memory nor descriptors behind; whatever it returned. Crashes are the sanitizer's to report.
 */
#include "backend.h"
#include "memory.h"
#include "scenario.h"

#include <dirent.h>
#include <stdatomic.h>
#include <unistd.h>

#define RUN_SECONDS 30 /* a run that takes longer hangs */

static int passed, failed;

static int descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* One run; `what` names its fault. */
static int run_once(const char *backend, const char *what)
{
    const struct co_run_options options = {.backend = backend, .no_deadlock_report = true};
    int open_before = descriptors();
    long alive_before = memory_alive();
    alarm(RUN_SECONDS);
    int rc = co_run(scenario, NULL, &options);
    alarm(0);
    long leaked = memory_alive() - alive_before;
    int open = descriptors() - open_before;
    bool good = leaked == 0 && open == 0 && rc != CO_EDEADLINE && rc != CO_EDEADLOCK;
    passed += good;
    failed += !good;
    if (!good)
        printf("%s, %s: result %s, %ld allocations and %d descriptors left\n", backend, what,
            co_error_name(rc), leaked, open);
    return rc;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void try_memory(const char *backend, long step)
{
    char what[64];
    for (long n = 1;; n += step) {
        snprintf(what, sizeof what, "allocation %ld", n);
        memory_fail_at(n);
        run_once(backend, what);
        if (memory_calls() < n)
            break;
    }
    memory_fail_at(0);
}

/* ---- operations ------------------------------------------------------------------------------ */

static const struct kind {
    unsigned code;
    const char *name;
    int errors[10]; /* ends with 0 */
} kinds[] = {
    {CO_OP_ACCEPT, "accept",
        {EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPERM, EPROTO, EINTR, EBADF}},
    {CO_OP_CONNECT, "connect",
        {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, EACCES, ENOBUFS}},
    {CO_OP_RECEIVE, "receive", {ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOMEM, ENOBUFS, EIO}},
    {CO_OP_SEND, "send", {EPIPE, ECONNRESET, ETIMEDOUT, ENOBUFS, ENOMEM}},
    {CO_OP_SEND_FILE, "send_file", {EPIPE, ECONNRESET, EIO, EINVAL, ENOMEM, EOVERFLOW}},
    {CO_OP_RECEIVE_MESSAGES, "receive_messages", {ECONNREFUSED, ENOMEM, ENETDOWN}},
    {CO_OP_SEND_MESSAGES, "send_messages", {ENOBUFS, EMSGSIZE, EPERM, ECONNREFUSED, ENETUNREACH}},
    {FAULT_SOCKET, "socket", {EMFILE, ENFILE, ENOBUFS, ENOMEM, EAFNOSUPPORT, EACCES}},
    {FAULT_CONTROL, "control", {EINVAL, ENOBUFS, ENOTCONN, EACCES}},
    {FAULT_OFFLOAD, "offload", {ENOMEM}},
};

static void try_error(const char *backend, const struct kind *kind, struct fault *fault, long step)
{
    char what[64];
    for (fault->ordinal = 1;; fault->ordinal += step) {
        snprintf(what, sizeof what, "%s %ld %s%s", kind->name, fault->ordinal,
            co_error_name(-fault->error), fault->later ? " later" : "");
        fault_set(fault, false);
        run_once(backend, what);
        if (!fault_struck())
            return;
    }
}

static void try_operations(const char *backend, long step)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (const int *error = kinds[i].errors; *error; error++) {
            struct fault fault = {.code = kinds[i].code, .error = *error};
            try_error(backend, &kinds[i], &fault, step);
            fault.later = kinds[i].code < FAULT_SOCKET;
            if (fault.later)
                try_error(backend, &kinds[i], &fault, step);
        }
    }
}

/* Without a fault, and with every transfer as short as can be: the scenario succeeds. */
static void try_none(const char *backend)
{
    const struct fault none = {0};
    for (int shortens = 0; shortens < 2; shortens++) {
        fault_set(&none, shortens);
        int rc = run_once(backend, shortens ? "short transfers" : "no fault");
        if (rc != 0) {
            printf("%s: %s without any error\n", backend, co_error_name(rc));
            failed++;
        }
    }
}

int main(int count, char **words)
{
    static const struct co_backend *const backends[] = {FAULT_BACKENDS};
    long step = count > 1 ? atol(words[1]) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        const char *name = backends[i]->name;
        try_none(name);
        try_memory(name, step);
        try_operations(name, step);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
