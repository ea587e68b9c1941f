/* SPDX-License-Identifier: MIT */
#include "runtime/ring.h"
#include "runtime/feature.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Later than the headers of Linux 6.1. */
#define SETUP_NO_SQARRAY (1U << 16) /* 6.6 */
#define ENTER_NO_IOWAIT  (1U << 7)  /* 6.15: a waiting server is idle, not busy with disks */
#define FEAT_NO_IOWAIT   (1U << 17)

/* Requests of one turn before an extra enter; completions are not lost above the kernel's four
 * times that (NODROP), only slower. */
#define RING_ENTRIES 512

#define FEATURES_NEEDED                                                                            \
 (IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE |                       \
     IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP)

/* TASKRUN_FLAG tells without a system call whether an enter would bring completions. */
#define SETUP_ALWAYS                                                                               \
 (IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG |                      \
     IORING_SETUP_R_DISABLED)
#define SETUP_DEFER (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)

/* All that is ever asked of a ring. */
static const uint8_t operations[] = {
    IORING_OP_POLL_ADD, IORING_OP_RECV, IORING_OP_ACCEPT, IORING_OP_ASYNC_CANCEL};
static const uint8_t registrations[] = {IORING_REGISTER_ENABLE_RINGS, IORING_REGISTER_PBUF_RING,
    IORING_UNREGISTER_PBUF_RING, IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS};
#define REQUEST_FLAGS (IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS)

static int ring_setup(unsigned flags, struct io_uring_params *params)
{
    *params = (struct io_uring_params){
        .flags = SETUP_ALWAYS | flags,
        .cq_entries = 4 * RING_ENTRIES,
    };
    int fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, params);
    return fd < 0 ? -errno : fd;
}

/* The newest set of flags that the kernel takes: 6.6, 6.1, 5.19. */
static int ring_setup_best(struct io_uring_params *params)
{
    static const struct {
        const char *feature;
        unsigned flags;
    } rungs[] = {
        {"no_sqarray", SETUP_DEFER | SETUP_NO_SQARRAY},
        {"defer_taskrun", SETUP_DEFER},
        {"coop_taskrun", IORING_SETUP_COOP_TASKRUN},
    };
    int rc = -ENOSYS;
    if (co_feature_masked("io_uring"))
        return rc;
    bool no_defer = co_feature_masked("defer_taskrun");
    for (size_t i = 0; i < CO_LENGTH(rungs); i++) {
        bool defers = rungs[i].flags & IORING_SETUP_DEFER_TASKRUN;
        if (co_feature_masked(rungs[i].feature) || (no_defer && defers))
            continue;
        rc = ring_setup(rungs[i].flags, params);
        if (rc != -EINVAL)
            break;
    }
    return rc == -EINVAL ? -ENOSYS : rc;
}

static unsigned *ring_word(struct co_ring *ring, unsigned offset)
{
    return (unsigned *)(void *)((char *)ring->map + offset);
}

/* A forked child does not get it: it must not write to its parent's ring. */
static void *map_at(int fd, size_t size, uint64_t what)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)what);
    if (at == MAP_FAILED)
        return NULL;
    madvise(at, size, MADV_DONTFORK);
    return at;
}

static int ring_map(struct co_ring *ring, const struct io_uring_params *params)
{
    bool has_array = !(params->flags & SETUP_NO_SQARRAY);
    size_t sq_size = has_array ? params->sq_off.array + params->sq_entries * sizeof(unsigned) : 0;
    size_t cq_size = params->cq_off.cqes + params->cq_entries * sizeof *ring->cqes;
    ring->map_size = sq_size > cq_size ? sq_size : cq_size;
    ring->sqes_size = params->sq_entries * sizeof *ring->sqes;
    ring->map = map_at(ring->fd, ring->map_size, IORING_OFF_SQ_RING);
    ring->sqes = map_at(ring->fd, ring->sqes_size, IORING_OFF_SQES);
    if (!ring->map || !ring->sqes)
        return -ENOSYS;
    ring->sq_head = ring_word(ring, params->sq_off.head);
    ring->sq_tail = ring_word(ring, params->sq_off.tail);
    ring->sq_flags = ring_word(ring, params->sq_off.flags);
    ring->cq_head = ring_word(ring, params->cq_off.head);
    ring->cq_tail = ring_word(ring, params->cq_off.tail);
    ring->cqes = (struct io_uring_cqe *)(void *)ring_word(ring, params->cq_off.cqes);
    ring->sq_entries = params->sq_entries;
    ring->sq_mask = params->sq_entries - 1;
    ring->cq_mask = params->cq_entries - 1;
    for (unsigned i = 0; has_array && i < params->sq_entries; i++)
        ring_word(ring, params->sq_off.array)[i] = i; /* requests are used in their order */
    return 0;
}

static bool ring_has_operations(struct co_ring *ring)
{
    enum { PROBED = IORING_OP_RECV + 1 }; /* the highest of them */
    _Alignas(struct io_uring_probe)
        uint8_t room[sizeof(struct io_uring_probe) + PROBED * sizeof(struct io_uring_probe_op)] = {
            0};
    struct io_uring_probe *probe = (struct io_uring_probe *)(void *)room;
    if (co_ring_register(ring, IORING_REGISTER_PROBE, probe, PROBED) < 0)
        return false;
    for (size_t i = 0; i < CO_LENGTH(operations); i++) {
        uint8_t code = operations[i];
        if (code >= probe->ops_len || !(probe->ops[code].flags & IO_URING_OP_SUPPORTED))
            return false;
    }
    return true;
}

/*
 * The ring was made disabled: from here on it does what it is meant for and nothing else. A filter
 * of system calls does not see what goes through a ring; whoever has taken over a sandboxed process
 * would have there all that the filter denies him.
 */
static int ring_restrict_and_enable(struct co_ring *ring)
{
    enum { COUNT = CO_LENGTH(operations) + CO_LENGTH(registrations) + 1 };
    struct io_uring_restriction rules[COUNT] = {
        {.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = REQUEST_FLAGS}};
    struct io_uring_restriction *rule = rules + 1;
    for (size_t i = 0; i < CO_LENGTH(operations); i++)
        *rule++ = (struct io_uring_restriction){
            .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = operations[i]};
    for (size_t i = 0; i < CO_LENGTH(registrations); i++)
        *rule++ = (struct io_uring_restriction){
            .opcode = IORING_RESTRICTION_REGISTER_OP, .register_op = registrations[i]};
    int rc = co_ring_register(ring, IORING_REGISTER_RESTRICTIONS, rules, COUNT);
    return rc < 0 ? rc : co_ring_register(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

/* Spares enter the look-up of the descriptor; there is no harm when the kernel refuses. */
static void ring_register_itself(struct co_ring *ring)
{
    struct io_uring_rsrc_update update = {.offset = UINT32_MAX, .data = (unsigned)ring->fd};
    if (co_ring_register(ring, IORING_REGISTER_RING_FDS, &update, 1) != 1)
        return;
    ring->enter_fd = (int)update.offset;
    ring->enter_flags |= IORING_ENTER_REGISTERED_RING;
}

int co_ring_open(struct co_ring *ring)
{
    struct io_uring_params params;
    *ring = (struct co_ring){.fd = -1};
    int fd = ring_setup_best(&params);
    ring->refusal = fd < 0 ? fd : 0;
    if (fd == -EPERM || fd == -EACCES || fd == -ENOMEM)
        return -ENOSYS;
    if (fd < 0)
        return fd;
    ring->fd = ring->enter_fd = fd;
    int rc = ring_map(ring, &params);
    if (rc == 0 && ((params.features & FEATURES_NEEDED) != FEATURES_NEEDED ||
                       !ring_has_operations(ring) || ring_restrict_and_enable(ring) < 0))
        rc = -ENOSYS;
    if (rc < 0) {
        co_ring_close(ring);
        return rc;
    }
    ring->enter_flags = params.features & FEAT_NO_IOWAIT ? ENTER_NO_IOWAIT : 0;
    ring_register_itself(ring);
    return 0;
}

void co_ring_close(struct co_ring *ring)
{
    if (ring->fd < 0)
        return;
    if (ring->enter_flags & IORING_ENTER_REGISTERED_RING) {
        struct io_uring_rsrc_update update = {.offset = (uint32_t)ring->enter_fd};
        co_ring_register(ring, IORING_UNREGISTER_RING_FDS, &update, 1);
    }
    if (ring->map)
        munmap(ring->map, ring->map_size);
    if (ring->sqes)
        munmap(ring->sqes, ring->sqes_size);
    close(ring->fd);
    ring->fd = -1;
}

int co_ring_register(struct co_ring *ring, unsigned code, void *arg, unsigned count)
{
    int rc = (int)syscall(SYS_io_uring_register, ring->fd, code, arg, count);
    return rc < 0 ? -errno : rc;
}

static unsigned unsubmitted(const struct co_ring *ring)
{
    return ring->tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
}

struct io_uring_sqe *co_ring_request(struct co_ring *ring)
{
    if (unsubmitted(ring) == ring->sq_entries) {
        co_ring_enter(ring, 0);
        if (unsubmitted(ring) == ring->sq_entries)
            return NULL;
    }
    struct io_uring_sqe *sqe = &ring->sqes[ring->tail++ & ring->sq_mask];
    memset(sqe, 0, sizeof *sqe);
    return sqe;
}

bool co_ring_is_pending(const struct co_ring *ring)
{
    unsigned flags = __atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED);
    return unsubmitted(ring) > 0 || (flags & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN));
}

int co_ring_enter(struct co_ring *ring, int64_t wait_ns)
{
    struct __kernel_timespec time = {wait_ns / CO_SECOND, wait_ns % CO_SECOND};
    struct io_uring_getevents_arg arg = {
        .sigmask_sz = _NSIG / 8,
        .ts = wait_ns > 0 ? (uint64_t)(uintptr_t)&time : 0,
    };
    unsigned flags = ring->enter_flags | IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    __atomic_store_n(ring->sq_tail, ring->tail, __ATOMIC_RELEASE);
    long rc = syscall(SYS_io_uring_enter, ring->enter_fd, unsubmitted(ring), wait_ns != 0, flags,
        &arg, sizeof arg);
    if (rc >= 0)
        return 0;
    int error = errno;
    /* EBUSY and EAGAIN: memory is short; what was not taken stays queued for the next turn. */
    bool passes = error == ETIME || error == EINTR || error == EBUSY || error == EAGAIN;
    return passes ? 0 : -error;
}

unsigned co_ring_ready(const struct co_ring *ring)
{
    return __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) - *ring->cq_head;
}

/* Completions have 16 bytes (no CQE32): what lies behind them is not copied. */
void co_ring_take(struct co_ring *ring, struct io_uring_cqe *ret)
{
    unsigned head = *ring->cq_head;
    memcpy(ret, &ring->cqes[head & ring->cq_mask], sizeof *ret);
    __atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
}
