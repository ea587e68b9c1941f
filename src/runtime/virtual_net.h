/* SPDX-License-Identifier: MIT */
/*
 * Sockets in memory: the table, names and ports, options. What they carry is in virtual_stream.c
 * and virtual_datagram.c; when their operations complete, in virtual.c.
 *
 * A socket outlives its handle: like the kernel's, a closed end of a connection still answers its
 * peer. Both ends of a connection are freed together, once no event is on its way to either.
 */
#ifndef CO_RUNTIME_VIRTUAL_NET_H
#define CO_RUNTIME_VIRTUAL_NET_H

#include "runtime/backend.h"
#include "runtime/rt.h"
#include "runtime/virtual_world.h"

#define CO_VIRT_WINDOW      65536     /* bytes under way or unread in each direction of a stream */
#define CO_VIRT_SOCKETS_MAX (1 << 20) /* as the kernel's default nr_open */
#define CO_VIRT_BUCKETS     256       /* of sockets by port */
#define CO_VIRT_OPTIONS_MAX 16        /* of one socket; more than anything here sets */

struct co_virt_socket;

/* An address as the network knows it: IPv4 is mapped into IPv6, so that a dual-stack listener and
 * an IPv4 client agree (RFC 4291 2.5.5.2). */
struct co_virt_name {
    uint8_t family; /* 0: none; AF_INET6: 16 bytes; AF_UNIX */
    uint8_t size;
    uint16_t port;
    uint8_t bytes[108];
};

/* The reading or the writing half of a socket. */
struct co_virt_side {
    struct co_op *op;           /* in flight; NULL */
    struct co_virt_event event; /* looks after the op: a completion put off, a cancel */
};

/* What differs between streams and datagrams. */
struct co_virt_kind {
    int (*connect)(struct co_virt_socket *socket, const struct co_virt_name *to);
    /* Would the operation complete now, be it with an error? */
    bool (*ready)(struct co_virt_socket *socket, const struct co_op *op);
    long (*perform)(struct co_virt_socket *socket, struct co_op *op);
    int (*listen)(struct co_virt_socket *socket, int backlog);
    int (*shutdown)(struct co_virt_socket *socket, int how);
    size_t (*unread)(const struct co_virt_socket *socket);
    void (*close)(struct co_virt_socket *socket); /* tells the peer */
    void (*free)(struct co_virt_socket *socket);  /* frees what it holds */
};

extern const struct co_virt_kind co_virt_stream, co_virt_datagram;

enum co_virt_state { CO_VIRT_FRESH, CO_VIRT_LISTENING, CO_VIRT_CONNECTING, CO_VIRT_CONNECTED };

/* What arrives at the end of a stream, in order. */
enum co_virt_arrival { CO_VIRT_OPENED, CO_VIRT_DATA, CO_VIRT_END, CO_VIRT_RESET };

struct co_virt_segment {
    struct co_link link;
    int64_t due;
    uint8_t arrival;
    int error; /* of a reset */
    size_t size, taken;
    uint8_t *bytes; /* behind the segment */
};

struct co_virt_stream_state {
    struct co_virt_socket *peer;               /* the other end; NULL before it exists */
    struct co_link flying, arrived;            /* segments towards this end */
    size_t incoming_bytes, arrived_bytes;      /* flying and arrived; arrived alone */
    int64_t last_due;                          /* streams keep their order */
    struct co_virt_event arrival;              /* of the first flying segment */
    struct co_virt_segment opened, end, reset; /* arrive at most once, so they need no memory */
    bool end_arrived, reset_arrived, end_sent, reset_sent, read_shut;
    struct co_virt_event knock; /* a connection attempt reaches the listener */
    unsigned knocks;
    struct co_link waiting; /* listener: ends not accepted yet; such an end: its link there */
    unsigned waiting_count, backlog;
};

struct co_virt_datagram_state {
    struct co_link packets; /* arrived */
    size_t bytes;
    int64_t last_due; /* Unix datagrams keep their order */
    bool read_shut, write_shut;
};

struct co_virt_socket {
    const struct co_virt_kind *kind;
    struct co_virt_host *host;
    struct co_link all, bound; /* in the host's lists */
    co_fd fd;                  /* {0, 0} before accept and after close */
    uint32_t number;           /* in order of making: for the trace */
    unsigned pending;          /* events that still come here */
    int family, type;
    int error; /* SO_ERROR: -errno */
    uint8_t state;
    bool closed;
    struct co_virt_name local, remote;
    struct co_virt_side reading, writing;
    struct linger linger;
    struct {
        int level, name, value;
    } options[CO_VIRT_OPTIONS_MAX];
    unsigned option_count;
    union {
        struct co_virt_stream_state stream;
        struct co_virt_datagram_state datagram;
    };
};

struct co_virt_slot {
    struct co_virt_socket *socket; /* NULL: free */
    uint32_t generation, next_free;
};

struct co_virt_host {
    struct co_virt_world *world;
    struct co_rt *rt;
    struct co_virt_slot *slots;
    uint32_t slot_count, slot_room, slots_open;
    uint32_t first_free; /* from 1; 0: none */
    uint32_t numbers;
    uint16_t port_next;
    struct co_link sockets;
    struct co_link bound[CO_VIRT_BUCKETS];
};

/* ---- the table ---------------------------------------------------------------------------- */

void co_virt_host_init(struct co_virt_host *host, struct co_virt_world *world, struct co_rt *rt);
void co_virt_host_end(struct co_virt_host *host);

/* A socket without a handle; NULL when memory is out. */
struct co_virt_socket *co_virt_socket_new(struct co_virt_host *host, int family, int type);
/* Gives it its handle. 0, -ENOMEM, -EMFILE. */
int co_virt_socket_open(struct co_virt_socket *socket, co_fd *ret);
/* What a handle means; NULL when it is stale. */
struct co_virt_socket *co_virt_socket_of(struct co_virt_host *host, co_fd fd);
/* The end of its handle, if it has one, and of its name. It is freed when nothing needs it. */
void co_virt_socket_close(struct co_virt_socket *socket);

/* An event that keeps the socket alive; its fire ends with co_virt_release. */
void co_virt_socket_schedule(
    struct co_virt_socket *socket, struct co_virt_event *event, int64_t at);
void co_virt_release(struct co_virt_socket *socket);

/* ---- names -------------------------------------------------------------------------------- */

int co_virt_name_read(int family, const co_address *address, struct co_virt_name *ret);
void co_virt_name_write(int family, const struct co_virt_name *name, co_address *ret);
bool co_virt_name_equal(const struct co_virt_name *a, const struct co_virt_name *b);

/* Binds to the name, or, when it has no port, to a free one. */
int co_virt_bind(struct co_virt_socket *socket, const struct co_virt_name *name);
/* Gives a socket that is about to send to `to` a local name, if it has none. */
int co_virt_bind_towards(struct co_virt_socket *socket, const struct co_virt_name *to);
/* Replaces the wildcard in a local name by the address from which `to` is reached. */
void co_virt_name_narrow(struct co_virt_name *local, const struct co_virt_name *to);
/* Who gets what `from` sends to `to`: a listener or a datagram socket; NULL when nobody does. */
struct co_virt_socket *co_virt_find(struct co_virt_host *host, int type,
    const struct co_virt_name *to, const struct co_virt_name *from);

long co_virt_control(struct co_virt_socket *socket, struct co_control *control);

/* ---- streams ------------------------------------------------------------------------------ */

/* Sends an end's `opened`, `end` or `reset` on its way to it, behind all that flies already. */
void co_virt_fly_sign(
    struct co_virt_socket *to, struct co_virt_segment *segment, enum co_virt_arrival arrival);

int co_virt_stream_connect(struct co_virt_socket *socket, const struct co_virt_name *to);
int co_virt_stream_listen(struct co_virt_socket *socket, int backlog);
/* What came of the attempt; a refused socket may try again. */
long co_virt_connect_result(struct co_virt_socket *socket);
/* Performs an ACCEPT. */
long co_virt_accept_next(struct co_virt_socket *listener, struct co_op *op);

/* ---- operations (virtual.c) --------------------------------------------------------------- */

/* Completes the side's operation if it is ready. The socket may be gone afterwards unless one of
 * its events is just firing. */
void co_virt_wake(struct co_virt_socket *socket, struct co_virt_side *side);
/* Looks after the side's operation a little later. */
void co_virt_nudge(struct co_virt_socket *socket, struct co_virt_side *side);

/* What is left at iov after `skip` bytes, copied to `to` (at most `size`). */
void co_virt_gather(const struct iovec *iov, size_t skip, void *to, size_t size);
size_t co_virt_iov_size(const struct iovec *iov, size_t count);

#endif
