/* SPDX-License-Identifier: MIT */
/*
 * The one door to the outside: sockets, time, randomness and blocking jobs.
 *
 * A backend takes operations and completes each exactly once. Everything above it, from streams to
 * the command, runs unchanged on io_uring, on epoll and in virtual time. Rules:
 *
 * - submit either completes the operation at once (returns true, `result` is set, `done` is not
 * called) or takes it on (returns false) and calls `done` exactly once, later, from poll, never
 * from submit or cancel. Until then the operation and what it points to belong to the backend.
 * - cancel is a request: `done` still comes, with -ECANCELED or with the result that won the race.
 *   Nothing (buffer, descriptor, memory) is retired before `done`.
 * - A socket has at most one operation in flight for reading (ACCEPT, RECEIVE, RECEIVE_MESSAGES,
 *   READABLE) and one for writing (CONNECT, SEND, SEND_FILE, SEND_MESSAGES).
 * - A descriptor handle carries a generation: a stale one is refused (-EBADF), it can never mean a
 *   stranger's socket. close_fd is called only when nothing is in flight on it.
 * - All calls come from the runtime's thread, but for wake.
 */
#ifndef CO_RUNTIME_BACKEND_H
#define CO_RUNTIME_BACKEND_H

#include "base/list.h"
#include "coronet/address.h"

#include <sys/uio.h>

struct co_fiber;
struct co_rt;
struct mmsghdr;

/* A socket of the backend's. {0, 0} is none. */
typedef struct co_fd {
    uint32_t index, generation;
} co_fd;

static inline bool co_fd_is_open(co_fd fd)
{
    return fd.generation != 0;
}

enum co_op_code {
    CO_OP_NONE,
    CO_OP_ACCEPT,           /* a.accept: the new socket and its peer; result 0 */
    CO_OP_CONNECT,          /* a.connect.address, or NULL for a connection that another process has
                               begun, on an adopted descriptor; result 0 */
    CO_OP_RECEIVE,          /* a.receive; result bytes, 0 at the end; of a datagram socket: of the
                               next message, whose rest, if there is no room for it, is lost */
    CO_OP_SEND,             /* a.send: a gather list; result bytes, may be short */
    CO_OP_SEND_FILE,        /* a.file; result bytes, may be short, 0 at the file's end */
    CO_OP_RECEIVE_MESSAGES, /* a.messages: recvmmsg; result count >= 1 */
    CO_OP_SEND_MESSAGES,    /* a.messages: sendmmsg; result count >= 1 */
    CO_OP_SPLICE,   /* a.splice; result bytes that have moved, 0 at the end, -EOPNOTSUPP where
                       there is no kernel's socket */
    CO_OP_READABLE, /* an adopted descriptor of any pollable kind has input; result 0 */
};

enum co_op_flags {
    CO_OP_LIKELY = 1,     /* can probably be done at once: worth trying before waiting */
    CO_OP_BACKGROUND = 2, /* nobody waits for its sake: no deadlock report is held back by it */
    CO_OP_MORE = 8,       /* a SEND that more, or the end, follows at once: one packet will do */
    CO_OP_DRAINABLE = 4,  /* a drain ends the wait for it: it would be new work */
    CO_OP_NOW = 16,       /* an ACCEPT, SEND or RECEIVE that is not waited for: -EAGAIN */
};

/* An operation in the hands of a backend. It lives in the waiting fiber's frame or in a stream. */
struct co_op {
    uint8_t code;   /* enum co_op_code */
    uint8_t flags;  /* enum co_op_flags */
    bool in_flight; /* between submit (false) and done; kept by the backend */
    bool canceling; /* the backend's */
    co_fd fd;
    union {
        struct {
            co_fd fd;
            co_address *peer; /* the caller's room, may be NULL */
        } accept;
        struct {
            const co_address *address;
        } connect;
        struct {
            void *at;    /* NULL: the backend takes a small buffer from the runtime's pool (pool.h)
                            when    there is input, sets at, and the caller owns it if result > 0 */
            size_t size; /* room at `at` */
        } receive;
        struct {
            const struct iovec *pieces;
            unsigned count; /* at most 17 */
        } send;
        struct {
            int file_fd;
            uint64_t offset;
            size_t size;
        } file;
        struct {
            int pipe_fd; /* the writing end; the pipe is empty */
            size_t size;
        } splice;
        struct {
            struct mmsghdr *at;
            unsigned count;
        } messages;
    } a;
    long result; /* >= 0, or -errno */
    void (*done)(struct co_rt *rt, struct co_op *op);
    struct co_fiber *waiter; /* the runtime's, when a fiber waits for it */
    struct co_link link;     /* the backend's while in flight */
};

/* Work for a pool thread (pool.h): `run` there, then `done` on the runtime's thread. */
struct co_job {
    int (*run)(void *arg);
    void *arg;
    int result;
    void (*done)(struct co_rt *rt, struct co_job *job);
    struct co_job *next;
};

/* Non-blocking calls on a socket, by number, so that a backend has one entry for them. */
enum co_control_code {
    CO_CONTROL_BIND,       /* address */
    CO_CONTROL_LISTEN,     /* value: backlog */
    CO_CONTROL_SHUTDOWN,   /* value: SHUT_WR ... */
    CO_CONTROL_SET_OPTION, /* level, name, option, option_size */
    CO_CONTROL_GET_OPTION, /* the same, option_size in and out */
    CO_CONTROL_LOCAL_NAME, /* ret_address */
    CO_CONTROL_PEER_NAME,  /* ret_address */
    CO_CONTROL_UNREAD,     /* result: bytes that wait to be read, as far as is known */
    CO_CONTROL_UNSENT, /* result: bytes that the peer's machine has not acknowledged, likewise */
    CO_CONTROL_KNOCKS, /* result: more than 0 when connections wait to be accepted */
};

struct co_control {
    enum co_control_code code;
    int value, level, name;
    const co_address *address;
    co_address *ret_address;
    void *option;
    socklen_t *option_size;
};

struct co_backend {
    const char *name;
    bool is_virtual; /* time and sockets are not the kernel's */
    /* Makes the state that rt->backend_state shall point to. 0, -ENOSYS when the kernel does not
     * grant what it takes (the next backend is tried), -errno. */
    int (*open)(struct co_rt *rt);
    void (*close)(struct co_rt *rt);

    bool (*submit)(struct co_rt *rt, struct co_op *op);
    void (*cancel)(struct co_rt *rt, struct co_op *op);
    /* Hands over what was submitted, waits until something completes, wake is called or the
     * monotonic time `until_ns` comes (0: do not wait; CO_NEVER), runs the `done`s. 0 or -errno.
     * CO_EDEADLOCK when virtual and nothing can ever come. */
    int (*poll)(struct co_rt *rt, int64_t until_ns);
    void (*wake)(struct co_rt *rt); /* from any thread, or a signal handler */

    int64_t (*now)(struct co_rt *rt);  /* monotonic, ns */
    int64_t (*wall)(struct co_rt *rt); /* calendar, ns since 1970 */
    void (*random)(struct co_rt *rt, void *bytes, size_t size);

    /* Makes a socket, non-blocking and close-on-exec. */
    int (*socket)(struct co_rt *rt, int family, int type, int protocol, co_fd *ret);
    /* Takes over an open descriptor (socket activation, signalfd); it is made non-blocking. -ENOSYS
     * on virtual. On failure the descriptor stays the caller's. */
    int (*adopt)(struct co_rt *rt, int raw, co_fd *ret);
    long (*control)(struct co_rt *rt, co_fd fd, struct co_control *control);
    void (*close_fd)(struct co_rt *rt, co_fd fd);
    int (*raw)(struct co_rt *rt, co_fd fd); /* the kernel's number, -1 when there is none */

    /* Runs the job on a pool thread (or inline after a seeded delay when virtual). 0 or -ENOMEM. */
    int (*offload)(struct co_rt *rt, struct co_job *job);
};

/* How a backend completes an operation that it had taken on: sets the result and calls `done`.
 * (loop.c) */
void co_op_complete(struct co_rt *rt, struct co_op *op, long result);

/* Opens the backend that rt->options, or the environment variable CORONET_BACKEND, asks for, else
 * the best that the kernel grants. 0; -EINVAL for an unknown name; -ENOSYS and other -errno. */
int co_backend_choose(struct co_rt *rt);

extern const struct co_backend co_backend_epoll;
extern const struct co_backend co_backend_uring;
extern const struct co_backend co_backend_virtual;

#endif
