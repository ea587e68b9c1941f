/* SPDX-License-Identifier: MIT */
/*
 * The virtual backend: the same seed gives the same run, to the nanosecond.
 *
 * An operation completes when its socket is ready for it: at once, when something arrives, or when
 * the event of its side of the socket fires, which serves both completions that the seed puts off
 * and cancels. Files are read at once, jobs run inline; both are the real ones.
 */
#include "runtime/virtual_net.h"

#include <errno.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#define WALL_BEGIN                                                                                 \
 (1767225600LL * CO_SECOND) /* 2026-01-01T00:00:00Z, plus the clock's own start                    \
                             */

struct virtual_state {
    struct co_virt_world world;
    struct co_virt_host host;
    atomic_bool woken;
    sem_t wakes; /* at least one since `woken` was set */
};

struct virtual_job {
    struct co_virt_event event; /* first: freed with the world */
    struct virtual_state *state;
    struct co_job *job;
};

_Static_assert(offsetof(struct virtual_job, event) == 0, "freed through its event");

static int virtual_open(struct co_rt *rt)
{
    struct virtual_state *state = calloc(1, sizeof *state);
    if (!state)
        return -ENOMEM;
    co_virt_world_init(&state->world, rt->options ? rt->options->seed : 0);
    co_virt_host_init(&state->host, &state->world, rt);
    sem_init(&state->wakes, 0, 0);
    rt->backend_state = state;
    return 0;
}

static void virtual_close(struct co_rt *rt)
{
    struct virtual_state *state = rt->backend_state;
    co_virt_world_end(&state->world);
    co_virt_host_end(&state->host);
    sem_destroy(&state->wakes);
    free(state);
    rt->backend_state = NULL;
}

/* ---- operations --------------------------------------------------------------------------- */

size_t co_virt_iov_size(const struct iovec *iov, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += iov[i].iov_len;
    return size;
}

void co_virt_gather(const struct iovec *iov, size_t skip, void *to, size_t size)
{
    for (size_t done = 0; done < size; iov++) {
        if (skip >= iov->iov_len) {
            skip -= iov->iov_len;
            continue;
        }
        size_t part = iov->iov_len - skip < size - done ? iov->iov_len - skip : size - done;
        memcpy((char *)to + done, (const char *)iov->iov_base + skip, part);
        done += part;
        skip = 0;
    }
}

static struct co_virt_side *side_of(struct co_virt_socket *socket, const struct co_op *op)
{
    switch (op->code) {
    case CO_OP_CONNECT:
    case CO_OP_SEND:
    case CO_OP_SEND_FILE:
    case CO_OP_SEND_MESSAGES: return &socket->writing;
    default: return &socket->reading;
    }
}

static long side_perform(struct co_virt_socket *socket, struct co_op *op)
{
    long result = socket->kind->perform(socket, op);
    co_virt_note(socket->host->world, CO_VIRT_MARK_DONE, socket->number, result, op->code);
    return result;
}

static void side_complete(struct co_virt_socket *socket, struct co_virt_side *side, long result)
{
    struct co_op *op = side->op;
    side->op = NULL;
    socket->host->world->completions++;
    co_op_complete(socket->host->rt, op, result);
}

void co_virt_wake(struct co_virt_socket *socket, struct co_virt_side *side)
{
    if (!side->op || !socket->kind->ready(socket, side->op))
        return;
    /* While a cancel is on its way, what has arrived may stay for the next operation. */
    if (side->op->canceling && co_virt_chance(socket->host->world, CO_VIRT_RACE, 2))
        return;
    side_complete(socket, side, side_perform(socket, side->op));
}

static void side_look(struct co_virt_socket *socket, struct co_virt_side *side)
{
    struct co_op *op = side->op;
    if (!op) {
        /* An arrival was faster. */
    } else if (!op->canceling) {
        co_virt_wake(socket, side);
    } else if (socket->kind->ready(socket, op) &&
               co_virt_chance(socket->host->world, CO_VIRT_RACE, 2)) {
        side_complete(socket, side, side_perform(socket, op));
    } else {
        co_virt_note(socket->host->world, CO_VIRT_MARK_DONE, socket->number, -ECANCELED, op->code);
        side_complete(socket, side, -ECANCELED);
    }
    co_virt_release(socket);
}

static void reading_fire(struct co_virt_event *event)
{
    struct co_virt_socket *socket = CO_CONTAINER(event, struct co_virt_socket, reading.event);
    side_look(socket, &socket->reading);
}

static void writing_fire(struct co_virt_event *event)
{
    struct co_virt_socket *socket = CO_CONTAINER(event, struct co_virt_socket, writing.event);
    side_look(socket, &socket->writing);
}

void co_virt_nudge(struct co_virt_socket *socket, struct co_virt_side *side)
{
    if (!side->op || side->event.scheduled)
        return;
    side->event.fire = side == &socket->reading ? reading_fire : writing_fire;
    co_virt_socket_schedule(socket, &side->event, co_virt_soon(socket->host->world));
}

static int connect_begin(struct co_virt_socket *socket, const co_address *address)
{
    struct co_virt_name name;
    if (!address) /* nothing is adopted here */
        return -ENOSYS;
    if (address->as.any.sa_family == AF_UNSPEC)
        return socket->kind->connect(socket, NULL);
    int rc = co_virt_name_read(socket->family, address, &name);
    if (rc < 0)
        return rc;
    /* connect(2) to the wildcard means this host. */
    static const uint8_t any[16], any_mapped[16] = {[10] = 0xff, 0xff};
    if (name.family == AF_INET6 && memcmp(name.bytes, any, 16) == 0)
        name.bytes[15] = 1;
    else if (name.family == AF_INET6 && memcmp(name.bytes, any_mapped, 16) == 0)
        memcpy(name.bytes + 12, (uint8_t[]){127, 0, 0, 1}, 4);
    return socket->kind->connect(socket, &name);
}

static bool submit_to(struct co_virt_socket *socket, struct co_op *op)
{
    struct co_virt_world *world = socket->host->world;
    struct co_virt_side *side = side_of(socket, op);
    assert(!side->op && !op->in_flight);
    co_virt_note(world, CO_VIRT_MARK_SUBMIT, socket->number, op->code, 0);
    int rc = op->code == CO_OP_CONNECT ? connect_begin(socket, op->a.connect.address) : 0;
    bool ready = rc < 0 || socket->kind->ready(socket, op);
    bool looks = op->code == CO_OP_RECEIVE && op->flags & CO_OP_NOW; /* what is there is seen */
    if (ready && (rc < 0 || looks || !co_virt_chance(world, CO_VIRT_LATER, 4))) {
        op->result = rc < 0 ? rc : side_perform(socket, op);
        return true;
    }
    if (op->flags & CO_OP_NOW) {
        op->result = -EAGAIN;
        return true;
    }
    side->op = op;
    op->in_flight = true;
    op->canceling = false;
    if (ready)
        co_virt_nudge(socket, side);
    return false;
}

static bool virtual_submit(struct co_rt *rt, struct co_op *op)
{
    struct virtual_state *state = rt->backend_state;
    struct co_virt_socket *socket = co_virt_socket_of(&state->host, op->fd);
    if (!socket || op->code == CO_OP_READABLE || op->code == CO_OP_SPLICE) {
        op->result = !socket ? -EBADF : op->code == CO_OP_SPLICE ? -EOPNOTSUPP : -ENOSYS;
        return true;
    }
    return submit_to(socket, op);
}

static void virtual_cancel(struct co_rt *rt, struct co_op *op)
{
    struct virtual_state *state = rt->backend_state;
    if (!op->in_flight || op->canceling)
        return;
    struct co_virt_socket *socket = co_virt_socket_of(&state->host, op->fd);
    co_virt_note(&state->world, CO_VIRT_MARK_CANCEL, socket->number, op->code, 0);
    op->canceling = true;
    co_virt_nudge(socket, side_of(socket, op));
}

/* ---- time --------------------------------------------------------------------------------- */

/* Nothing can come but from another shard, whose thread takes real time. */
static void await_wake(struct virtual_state *state)
{
    while (!atomic_exchange(&state->woken, false))
        sem_wait(&state->wakes);
}

static int virtual_poll(struct co_rt *rt, int64_t until)
{
    struct virtual_state *state = rt->backend_state;
    struct co_virt_world *world = &state->world;
    uint64_t completions = world->completions;
    for (;;) {
        bool completed = world->completions != completions;
        if (co_virt_due(world)) {
            /* The fibers may run before the rest of what is due: both orders are possible. */
            if (completed && co_virt_chance(world, CO_VIRT_ORDER, 4))
                return 0;
            co_virt_fire(world);
            continue;
        }
        if (completed || until <= world->now || atomic_exchange(&state->woken, false))
            return 0;
        int64_t next = co_virt_next(world);
        if (next == CO_NEVER && until == CO_NEVER) {
            if (rt->outside == 0)
                return CO_EDEADLOCK;
            await_wake(state);
            return 0;
        }
        world->now = next < until ? next : until;
        /* An event and a timer at one instant: either may be first. */
        if (until < next || (until == next && co_virt_chance(world, CO_VIRT_ORDER, 2)))
            return 0;
    }
}

static void virtual_wake(struct co_rt *rt)
{
    struct virtual_state *state = rt->backend_state;
    if (!atomic_exchange(&state->woken, true))
        sem_post(&state->wakes);
}

static int64_t virtual_now(struct co_rt *rt)
{
    struct virtual_state *state = rt->backend_state;
    return state->world.now;
}

static int64_t virtual_wall(struct co_rt *rt)
{
    return WALL_BEGIN + virtual_now(rt);
}

static void virtual_random(struct co_rt *rt, void *bytes, size_t size)
{
    struct virtual_state *state = rt->backend_state;
    co_virt_random(&state->world, bytes, size);
}

/* ---- sockets ------------------------------------------------------------------------------ */

static int virtual_socket(struct co_rt *rt, int family, int type, int protocol, co_fd *ret)
{
    struct virtual_state *state = rt->backend_state;
    type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
        return -EAFNOSUPPORT;
    if (type != SOCK_STREAM && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != 0 &&
        (family == AF_UNIX || protocol != (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP)))
        return -EPROTONOSUPPORT;
    struct co_virt_socket *socket = co_virt_socket_new(&state->host, family, type);
    if (!socket)
        return -ENOMEM;
    int rc = co_virt_socket_open(socket, ret);
    if (rc < 0)
        co_virt_socket_close(socket);
    return rc;
}

static int virtual_adopt(struct co_rt *rt, int raw, co_fd *ret)
{
    (void)rt;
    (void)raw;
    (void)ret;
    return -ENOSYS;
}

static long virtual_control(struct co_rt *rt, co_fd fd, struct co_control *control)
{
    struct virtual_state *state = rt->backend_state;
    struct co_virt_socket *socket = co_virt_socket_of(&state->host, fd);
    return socket ? co_virt_control(socket, control) : -EBADF;
}

static void virtual_close_fd(struct co_rt *rt, co_fd fd)
{
    struct virtual_state *state = rt->backend_state;
    struct co_virt_socket *socket = co_virt_socket_of(&state->host, fd);
    if (socket)
        co_virt_socket_close(socket);
}

static int virtual_raw(struct co_rt *rt, co_fd fd)
{
    (void)rt;
    (void)fd;
    return -1;
}

/* ---- jobs --------------------------------------------------------------------------------- */

static void job_fire(struct co_virt_event *event)
{
    struct virtual_job *at = CO_CONTAINER(event, struct virtual_job, event);
    struct virtual_state *state = at->state;
    struct co_job *job = at->job;
    free(at);
    job->result = job->run(job->arg);
    co_virt_note(&state->world, CO_VIRT_MARK_JOB, 0, job->result, 0);
    state->world.completions++;
    job->done(state->host.rt, job);
}

static int virtual_offload(struct co_rt *rt, struct co_job *job)
{
    struct virtual_state *state = rt->backend_state;
    struct virtual_job *at = malloc(sizeof *at);
    if (!at)
        return -ENOMEM;
    *at = (struct virtual_job){{.fire = job_fire, .owned = true}, state, job};
    co_virt_schedule(&state->world, &at->event, co_virt_soon(&state->world));
    return 0;
}

/* ---- for tests ---------------------------------------------------------------------------- */

void co_virtual_explore(struct co_rt *rt, struct co_virtual_choices *choices)
{
    struct virtual_state *state = rt->backend_state;
    state->world.choices = choices;
}

unsigned co_virtual_sockets_open(struct co_rt *rt)
{
    const struct virtual_state *state = rt->backend_state;
    return state->host.slots_open;
}

uint64_t co_virtual_trace_hash(void)
{
    const struct virtual_state *state = co_rt_current()->backend_state;
    return state->world.trace_hash;
}

void co_virtual_trace_text(struct co_rt *rt, struct co_buf *ret)
{
    const struct virtual_state *state = rt->backend_state;
    co_virt_trace_text(&state->world, ret);
}

const struct co_backend co_backend_virtual = {
    .name = "virtual",
    .is_virtual = true,
    .open = virtual_open,
    .close = virtual_close,
    .submit = virtual_submit,
    .cancel = virtual_cancel,
    .poll = virtual_poll,
    .wake = virtual_wake,
    .now = virtual_now,
    .wall = virtual_wall,
    .random = virtual_random,
    .socket = virtual_socket,
    .adopt = virtual_adopt,
    .control = virtual_control,
    .close_fd = virtual_close_fd,
    .raw = virtual_raw,
    .offload = virtual_offload,
};
