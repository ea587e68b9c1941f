/* SPDX-License-Identifier: MIT */
/*
 * Runs the rooms over and over, each time with another fault: fault BACKEND STEP [ROOM]; STEP 1
 * tries every place and n every n-th. A run is good when it ends by itself, in time, leaves neither
 * memory nor descriptors behind, nobody was told a lie, and what served goes on serving; it fails
 * or succeeds as it likes, but without a fault it succeeds. Crashes are the sanitizer's to report.
 */
#include "backend.h"
#include "kinds.h"
#include "memory.h"
#include "room.h"

#include <dirent.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_SECONDS     30    /* a run that takes longer hangs */
#define DEADLINE_MS     60000 /* virtual */
#define DEADLINE_OWN_MS 25000 /* by the kernel's clock */

static long step;
static int passed, failed;
static char what[128]; /* the present run */
static bool bad;
static long usual[FAULT_CODES]; /* calls of each kind in a run of the room without a fault */

/* ---- for the rooms ----------------------------------------------------------------------------
 */

void room_problem(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s: ", what);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    bad = true;
}

int room_in_time(co_task *function, void *arg)
{
    bool is_virtual = strcmp(co_backend_name(), "virtual") == 0;
    co_scope scope;
    co_scope_open(&scope, is_virtual ? DEADLINE_MS : DEADLINE_OWN_MS);
    int rc = function(arg);
    int ended = co_scope_close(&scope);
    return ended < 0 ? ended : rc;
}

const char *room_folder(void)
{
    static char path[] = "/tmp/coronet-fault-XXXXXX";
    static bool made;
    if (!made && !mkdtemp(path))
        abort();
    made = true;
    return path;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

/* ---- a run ------------------------------------------------------------------------------------
 */

static int descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static int run_once(const char *backend, const struct room *room, const struct fault *fault)
{
    const struct co_run_options options = {.backend = backend, .no_deadlock_report = true};
    int open_before = descriptors();
    long alive_before = memory_alive();
    fault_set(fault);
    fault_backend_reset();
    bad = false;
    alarm(RUN_SECONDS);
    if (room->at_start)
        fault_begin();
    int rc = co_run(room->run, NULL, &options);
    alarm(0);
    fault_end();
    long leaked = memory_alive() - alive_before;
    int open = descriptors() - open_before;
    if (leaked != 0 || open != 0)
        room_problem("%ld allocations and %d descriptors are left", leaked, open);
    if (rc > 0 || rc == CO_EDEADLINE || rc == CO_EDEADLOCK || (rc < 0 && !fault_struck()))
        room_problem("result %s", co_error_name(rc));
    passed += !bad;
    failed += bad;
    return rc;
}

/* Without a fault, and with every transfer as short as can be: the room succeeds. */
static bool try_none(const char *backend, const struct room *room)
{
    struct fault none = {0};
    snprintf(what, sizeof what, "%s, %s, no fault", backend, room->name);
    if (run_once(backend, room, &none) == -ENOSYS)
        return false;
    for (unsigned i = 0; i < FAULT_CODES; i++)
        usual[i] = fault_calls(i);
    none.shortens = true;
    snprintf(what, sizeof what, "%s, %s, short transfers", backend, room->name);
    run_once(backend, room, &none);
    return true;
}

/* ---- every fault ------------------------------------------------------------------------------
 */

static const char *error_name(int error)
{
    return error == FAULT_SHORT ? "short" : error == FAULT_END ? "end" : co_error_name(-error);
}

/* Until there are no more such calls: their number is not the same in every run. With a step, each
 * error begins at another place, so that together they sample all. */
static void try_error(
    const char *backend, const struct room *room, const struct fault_kind *kind, struct fault fault)
{
    static long turn;
    bool struck = true;
    fault.ordinal = 1 + turn++ % step;
    for (; fault.ordinal <= usual[kind->code] || (struck && step == 1); fault.ordinal += step) {
        snprintf(what, sizeof what, "%s, %s, %s %ld %s%s", backend, room->name, kind->name,
            fault.ordinal, error_name(fault.error), fault.later ? " later" : "");
        run_once(backend, room, &fault);
        struck = fault_struck();
    }
}

static void try_room(const char *backend, const struct room *room)
{
    for (size_t i = 0; i < FAULT_KINDS; i++) {
        for (const int *error = fault_kinds[i].errors; *error; error++) {
            struct fault fault = {.code = fault_kinds[i].code, .error = *error};
            try_error(backend, room, &fault_kinds[i], fault);
            fault.later = fault_kinds[i].code < FAULT_SOCKET && *error != FAULT_SHORT;
            if (fault.later)
                try_error(backend, room, &fault_kinds[i], fault);
        }
    }
}

int main(int count, char **words)
{
    static const struct room *const rooms[] = {FAULT_ROOMS};
    setvbuf(stdout, NULL, _IOLBF, 0);
    step = count > 2 ? atol(words[2]) : 0;
    if (step < 1) {
        fprintf(stderr, "usage: fault BACKEND STEP [ROOM]\n");
        return 2;
    }
    for (size_t i = 0; i < CO_LENGTH(rooms); i++) {
        if (count > 3 && strcmp(words[3], rooms[i]->name) != 0)
            continue;
        if (try_none(words[1], rooms[i]))
            try_room(words[1], rooms[i]);
    }
    nftw(room_folder(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
