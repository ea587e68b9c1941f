/* SPDX-License-Identifier: MIT */
/*
 * Faults by chance in a server that runs: one call in so many fails, in one of its ways.
 *
 * CORONET_FAULTS names a file that all its processes share: who made it begins and ends the faults
 * by what it writes there, and reads how many there were (bench/load_faults.py).
 */
#include "kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
    atomic_uint every; /* calls; 0: there are no faults */
    uint32_t seed;
    atomic_uint struck[FAULT_CODES];
} * chance;

static __thread uint64_t drawn;
static __thread struct fault present;

__attribute__((constructor)) static void share(void)
{
    const char *path = getenv("CORONET_FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *shared = mmap(NULL, sizeof *chance, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED)
        abort();
    chance = shared;
}

/* Every thread has its own, so that one's calls do not change what another's come to. */
static unsigned draw(void)
{
    if (!drawn)
        drawn = ((uint64_t)chance->seed << 32) + (uint64_t)gettid();
    drawn = drawn * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(drawn >> 33);
}

const struct fault *fault_get(void)
{
    return &present;
}

/* Not what only a bug of ours can bring, nor an end that is false: an upload by FTP in clear has no
 * other than its connection's. Both are the last of their kinds. */
static bool may_happen(const struct fault_kind *kind, int error)
{
    bool is_of_peer = kind->code == CO_OP_RECEIVE || kind->code == CO_OP_SPLICE;
    return error != EBADF && !(is_of_peer && error == FAULT_END);
}

static int error_of(const struct fault_kind *kind)
{
    unsigned count = 0;
    while (kind->errors[count] && may_happen(kind, kind->errors[count]))
        count++;
    return kind->errors[draw() % count];
}

int fault_strikes(unsigned code)
{
    unsigned every = chance ? atomic_load(&chance->every) : 0;
    if (!every || draw() % every)
        return 0;
    for (size_t i = 0; i < FAULT_KINDS; i++) {
        if (fault_kinds[i].code != code)
            continue;
        atomic_fetch_add(&chance->struck[code], 1);
        present.later = draw() % 2;
        return error_of(&fault_kinds[i]);
    }
    return 0;
}
