/* SPDX-License-Identifier: MIT */
/* The runtime's own figures: CPU time of a switch and of a spawn with its join, memory of a parked
 * fiber. Prints one "name value" line each; bench/run takes medians over several runs. */
#include "coronet.h"

#include <time.h>
#include <unistd.h>

#define SWITCHES 4000000
#define SPAWNS   1000000
#define PARKED   100000
#define TIMERS   2000000

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static long resident_bytes(void)
{
    long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int take_turns(void *arg)
{
    (void)arg;
    for (int i = 0; i < SWITCHES / 2; i++)
        co_sleep(0);
    return 0;
}

static int park(void *arg)
{
    (void)arg;
    return co_sleep(1000000) == CO_ECANCELED ? 0 : -1;
}

static int measure_switch(void)
{
    co_group group;
    double start = cpu_ns();
    co_group_open(&group, NULL);
    co_go(&group, take_turns, NULL);
    co_go(&group, take_turns, NULL);
    int rc = co_group_close(&group);
    printf("switch_ns %.2f\n", (cpu_ns() - start) / SWITCHES);
    return rc;
}

static int measure_spawn(void)
{
    int rc = 0;
    double start = 0;
    for (int i = -SPAWNS / 10; i < SPAWNS && rc == 0; i++) { /* the first tenth warms up */
        co_group group;
        if (i == 0)
            start = cpu_ns();
        co_group_open(&group, NULL);
        co_go(&group, nothing, NULL);
        rc = co_group_close(&group);
    }
    printf("spawn_join_ns %.2f\n", (cpu_ns() - start) / SPAWNS);
    return rc;
}

static int measure_scopes(void)
{
    double start = cpu_ns();
    for (int i = 0; i < TIMERS; i++) {
        co_scope scope;
        co_scope_open(&scope, 1000);
        co_scope_close(&scope);
    }
    printf("scope_ns %.2f\n", (cpu_ns() - start) / TIMERS);
    return 0;
}

static int measure_parked(void)
{
    co_group group;
    long before = resident_bytes();
    co_group_open(&group, NULL);
    for (int i = 0; i < PARKED; i++)
        co_go(&group, park, NULL);
    co_sleep(10);
    printf("parked_fiber_bytes %.0f\n", (double)(resident_bytes() - before) / PARKED);
    co_group_cancel(&group);
    int rc = co_group_close(&group);
    return rc == CO_ECANCELED ? 0 : rc;
}

static int measure(void *arg)
{
    (void)arg;
    int rc = measure_switch();
    rc = rc < 0 ? rc : measure_spawn();
    rc = rc < 0 ? rc : measure_scopes();
    return rc < 0 ? rc : measure_parked();
}

int main(void)
{
    return co_main(measure, NULL);
}
