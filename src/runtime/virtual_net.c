/* SPDX-License-Identifier: MIT */
#include "runtime/virtual_net.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>

/* The range Linux takes ports from by default (ip_local_port_range). */
#define PORT_FIRST 32768
#define PORT_LAST  60999
#define PORT_COUNT (PORT_LAST - PORT_FIRST + 1)

/* ---- the table ---------------------------------------------------------------------------- */

void co_virt_host_init(struct co_virt_host *host, struct co_virt_world *world, struct co_rt *rt)
{
    host->world = world;
    host->rt = rt;
    host->port_next = (uint16_t)(PORT_FIRST + co_virt_draw(world, CO_VIRT_PICK, PORT_COUNT));
    co_list_init(&host->sockets);
    for (unsigned i = 0; i < CO_VIRT_BUCKETS; i++)
        co_list_init(&host->bound[i]);
}

static void socket_free(struct co_virt_socket *socket)
{
    socket->kind->free(socket);
    co_list_remove(&socket->bound);
    co_list_remove(&socket->all);
    free(socket);
}

void co_virt_host_end(struct co_virt_host *host)
{
    while (!co_list_empty(&host->sockets))
        socket_free(CO_CONTAINER(host->sockets.next, struct co_virt_socket, all));
    free(host->slots);
}

struct co_virt_socket *co_virt_socket_new(struct co_virt_host *host, int family, int type)
{
    struct co_virt_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return NULL;
    socket->kind = type == SOCK_STREAM ? &co_virt_stream : &co_virt_datagram;
    socket->host = host;
    socket->number = ++host->numbers;
    socket->family = family;
    socket->type = type;
    co_list_append(&host->sockets, &socket->all);
    co_list_init(&socket->bound);
    if (type == SOCK_STREAM) {
        co_list_init(&socket->stream.flying);
        co_list_init(&socket->stream.arrived);
        co_list_init(&socket->stream.waiting);
    } else {
        co_list_init(&socket->datagram.packets);
    }
    return socket;
}

static int slots_grow(struct co_virt_host *host)
{
    if (host->slot_count < host->slot_room)
        return 0;
    if (host->slot_count >= CO_VIRT_SOCKETS_MAX)
        return -EMFILE;
    uint32_t room = host->slot_room ? host->slot_room * 2 : 64;
    struct co_virt_slot *slots = realloc(host->slots, room * sizeof *slots);
    if (!slots)
        return -ENOMEM;
    host->slots = slots;
    host->slot_room = room;
    return 0;
}

int co_virt_socket_open(struct co_virt_socket *socket, co_fd *ret)
{
    struct co_virt_host *host = socket->host;
    uint32_t index = host->first_free;
    if (index > 0) {
        host->first_free = host->slots[index - 1].next_free;
    } else {
        int rc = slots_grow(host);
        if (rc < 0)
            return rc;
        index = ++host->slot_count;
        host->slots[index - 1] = (struct co_virt_slot){0};
    }
    struct co_virt_slot *slot = &host->slots[index - 1];
    host->slots_open++;
    slot->socket = socket;
    slot->generation += slot->generation == UINT32_MAX ? 2 : 1; /* 0 means none */
    *ret = socket->fd = (co_fd){index - 1, slot->generation};
    return 0;
}

struct co_virt_socket *co_virt_socket_of(struct co_virt_host *host, co_fd fd)
{
    if (!co_fd_is_open(fd) || fd.index >= host->slot_count)
        return NULL;
    const struct co_virt_slot *slot = &host->slots[fd.index];
    return slot->generation == fd.generation ? slot->socket : NULL;
}

static void socket_collect(struct co_virt_socket *socket)
{
    if (!socket->closed || socket->pending > 0)
        return;
    struct co_virt_socket *peer = socket->type == SOCK_STREAM ? socket->stream.peer : NULL;
    if (peer && (!peer->closed || peer->pending > 0))
        return;
    if (peer)
        socket_free(peer);
    socket_free(socket);
}

void co_virt_socket_close(struct co_virt_socket *socket)
{
    struct co_virt_host *host = socket->host;
    assert(!socket->reading.op && !socket->writing.op);
    if (co_fd_is_open(socket->fd)) {
        struct co_virt_slot *slot = &host->slots[socket->fd.index];
        host->slots_open--;
        slot->socket = NULL;
        slot->next_free = host->first_free;
        host->first_free = socket->fd.index + 1;
        socket->fd = (co_fd){0};
    }
    co_virt_note(host->world, CO_VIRT_MARK_CLOSE, socket->number, 0, 0);
    socket->closed = true;
    co_list_remove(&socket->bound);
    socket->kind->close(socket);
    socket_collect(socket);
}

void co_virt_socket_schedule(struct co_virt_socket *socket, struct co_virt_event *event, int64_t at)
{
    socket->pending++;
    co_virt_schedule(socket->host->world, event, at);
}

void co_virt_release(struct co_virt_socket *socket)
{
    socket->pending--;
    socket_collect(socket);
}

/* ---- names -------------------------------------------------------------------------------- */

static const uint8_t wildcard[16], mapped[12] = {[10] = 0xff, 0xff};

static bool name_is_mapped(const struct co_virt_name *name)
{
    return name->family == AF_INET6 && memcmp(name->bytes, mapped, sizeof mapped) == 0;
}

static bool name_is_any(const struct co_virt_name *name)
{
    return memcmp(name->bytes, wildcard, 16) == 0 ||
           (name_is_mapped(name) && memcmp(name->bytes + 12, wildcard, 4) == 0);
}

static int name_read_unix(const co_address *address, struct co_virt_name *name)
{
    size_t head = offsetof(struct sockaddr_un, sun_path);
    if (address->as.any.sa_family != AF_UNIX || address->size <= head ||
        address->size > sizeof(struct sockaddr_un))
        return -EINVAL;
    const char *path = (const char *)address->as.bytes + head;
    size_t size = address->size - head;
    if (path[0] != '\0')
        size = strnlen(path, size); /* a file's path ends at its NUL, an abstract name does not */
    name->family = AF_UNIX;
    name->size = (uint8_t)size;
    memcpy(name->bytes, path, size);
    return 0;
}

int co_virt_name_read(int family, const co_address *address, struct co_virt_name *ret)
{
    struct co_virt_name name = {.family = AF_INET6, .size = 16};
    if (family == AF_UNIX) {
        int rc = name_read_unix(address, &name);
        if (rc < 0)
            return rc;
    } else if (address->as.any.sa_family != family) {
        return -EAFNOSUPPORT;
    } else if (family == AF_INET) {
        struct sockaddr_in in;
        if (address->size < sizeof in)
            return -EINVAL;
        memcpy(&in, address->as.bytes, sizeof in);
        name.port = ntohs(in.sin_port);
        memcpy(name.bytes, mapped, sizeof mapped);
        memcpy(name.bytes + sizeof mapped, &in.sin_addr, 4);
    } else {
        struct sockaddr_in6 in6;
        if (address->size < sizeof in6)
            return -EINVAL;
        memcpy(&in6, address->as.bytes, sizeof in6);
        name.port = ntohs(in6.sin6_port);
        memcpy(name.bytes, &in6.sin6_addr, 16);
    }
    *ret = name;
    return 0;
}

void co_virt_name_write(int family, const struct co_virt_name *name, co_address *ret)
{
    *ret = (co_address){0};
    if (family == AF_UNIX) {
        size_t head = offsetof(struct sockaddr_un, sun_path);
        ret->as.any.sa_family = AF_UNIX;
        memcpy(ret->as.bytes + head, name->bytes, name->size);
        bool path = name->size > 0 && name->bytes[0] != '\0';
        ret->size = (uint32_t)(head + name->size + (path && name->size < sizeof name->bytes));
    } else if (family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(name->port)};
        memcpy(&in.sin_addr, name->bytes + sizeof mapped, 4);
        memcpy(ret->as.bytes, &in, sizeof in);
        ret->size = sizeof in;
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(name->port)};
        memcpy(&in6.sin6_addr, name->bytes, 16);
        memcpy(ret->as.bytes, &in6, sizeof in6);
        ret->size = sizeof in6;
    }
}

bool co_virt_name_equal(const struct co_virt_name *a, const struct co_virt_name *b)
{
    return a->family == b->family && a->port == b->port && a->size == b->size &&
           memcmp(a->bytes, b->bytes, a->size) == 0;
}

void co_virt_name_narrow(struct co_virt_name *local, const struct co_virt_name *to)
{
    if (local->family != AF_INET6 || !name_is_any(local))
        return;
    memcpy(local->bytes, to->bytes, 16);
    if (name_is_mapped(to) && to->bytes[12] == 127) /* all of 127/8 is reached from 127.0.0.1 */
        memcpy(local->bytes + 12, (uint8_t[]){127, 0, 0, 1}, 4);
}

static int socket_option(const struct co_virt_socket *socket, int level, int name)
{
    for (unsigned i = 0; i < socket->option_count; i++)
        if (socket->options[i].level == level && socket->options[i].name == name)
            return socket->options[i].value;
    return 0;
}

/* Is `to` one of the addresses the socket is bound to? */
static bool socket_covers(const struct co_virt_socket *socket, const struct co_virt_name *to)
{
    const struct co_virt_name *local = &socket->local;
    if (co_virt_name_equal(local, to))
        return true;
    if (local->family != AF_INET6 || to->family != AF_INET6 || local->port != to->port ||
        !name_is_any(local))
        return false;
    if (name_is_mapped(local))
        return name_is_mapped(to);
    return !name_is_mapped(to) || !socket_option(socket, IPPROTO_IPV6, IPV6_V6ONLY);
}

static struct co_link *host_bucket(struct co_virt_host *host, const struct co_virt_name *name)
{
    uint64_t hash = name->family == AF_UNIX ? co_virt_hash(name->bytes, name->size) : name->port;
    return &host->bound[hash % CO_VIRT_BUCKETS];
}

/* May both be bound where their addresses overlap? (socket(7): SO_REUSEPORT, SO_REUSEADDR) */
static bool may_share(const struct co_virt_socket *a, const struct co_virt_socket *b)
{
    if (a->family == AF_UNIX)
        return false;
    if (socket_option(a, SOL_SOCKET, SO_REUSEPORT) && socket_option(b, SOL_SOCKET, SO_REUSEPORT))
        return true;
    return socket_option(a, SOL_SOCKET, SO_REUSEADDR) &&
           socket_option(b, SOL_SOCKET, SO_REUSEADDR) && b->state != CO_VIRT_LISTENING;
}

/* Tries the name in socket->local. */
static bool name_is_free(const struct co_virt_socket *socket)
{
    struct co_link *bucket = host_bucket(socket->host, &socket->local);
    for (struct co_link *link = bucket->next; link != bucket; link = link->next) {
        const struct co_virt_socket *other = CO_CONTAINER(link, struct co_virt_socket, bound);
        if (other->type == socket->type && !may_share(socket, other) &&
            (socket_covers(other, &socket->local) || socket_covers(socket, &other->local)))
            return false;
    }
    return true;
}

static bool find_port(struct co_virt_socket *socket)
{
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        uint16_t *next = &socket->host->port_next;
        socket->local.port = *next;
        *next = *next == PORT_LAST ? PORT_FIRST : (uint16_t)(*next + 1);
        if (name_is_free(socket))
            return true;
    }
    return false;
}

int co_virt_bind(struct co_virt_socket *socket, const struct co_virt_name *name)
{
    if (socket->local.family)
        return -EINVAL;
    socket->local = *name;
    bool any_port = name->family == AF_INET6 && name->port == 0;
    if (any_port ? !find_port(socket) : !name_is_free(socket)) {
        socket->local = (struct co_virt_name){0};
        return -EADDRINUSE;
    }
    co_list_append(host_bucket(socket->host, &socket->local), &socket->bound);
    return 0;
}

int co_virt_bind_towards(struct co_virt_socket *socket, const struct co_virt_name *to)
{
    if (socket->local.family || socket->family == AF_UNIX)
        return 0;
    struct co_virt_name any = {.family = AF_INET6, .size = 16};
    if (to)
        co_virt_name_narrow(&any, to);
    else if (socket->family == AF_INET)
        memcpy(any.bytes, mapped, sizeof mapped);
    return co_virt_bind(socket, &any) < 0 ? -EADDRNOTAVAIL : 0;
}

/* How well the socket suits: 0 not at all; an exact address and a connection count more. */
static int socket_suits(const struct co_virt_socket *socket, int type,
    const struct co_virt_name *to, const struct co_virt_name *from)
{
    if (socket->type != type || !socket_covers(socket, to))
        return 0;
    int exact = co_virt_name_equal(&socket->local, to) ? 1 : 0;
    if (type == SOCK_STREAM)
        return socket->state == CO_VIRT_LISTENING ? 1 + exact : 0;
    if (socket->state != CO_VIRT_CONNECTED)
        return 1 + exact;
    return co_virt_name_equal(&socket->remote, from) ? 3 + exact : 0;
}

struct co_virt_socket *co_virt_find(struct co_virt_host *host, int type,
    const struct co_virt_name *to, const struct co_virt_name *from)
{
    struct co_virt_socket *found = NULL;
    int best = 0;
    unsigned equals = 0;
    struct co_link *bucket = host_bucket(host, to);
    for (struct co_link *link = bucket->next; link != bucket; link = link->next) {
        struct co_virt_socket *socket = CO_CONTAINER(link, struct co_virt_socket, bound);
        int suits = socket_suits(socket, type, to, from);
        if (suits == 0 || suits < best)
            continue;
        equals = suits > best ? 1 : equals + 1;
        best = suits;
        /* Each of n equals has the same chance when the i-th replaces the choice once in i. */
        if (co_virt_draw(host->world, CO_VIRT_PICK, equals) == 0)
            found = socket;
    }
    return found;
}

/* ---- control ------------------------------------------------------------------------------ */

static int option_set(struct co_virt_socket *socket, const struct co_control *control)
{
    if (control->level == SOL_SOCKET && control->name == SO_LINGER) {
        if (*control->option_size < sizeof socket->linger)
            return -EINVAL;
        memcpy(&socket->linger, control->option, sizeof socket->linger);
        return 0;
    }
    if (*control->option_size != sizeof(int))
        return -EOPNOTSUPP;
    unsigned at = 0;
    while (at < socket->option_count && (socket->options[at].level != control->level ||
                                            socket->options[at].name != control->name))
        at++;
    if (at == CO_VIRT_OPTIONS_MAX)
        return -ENOBUFS;
    if (at == socket->option_count)
        socket->option_count++;
    socket->options[at].level = control->level;
    socket->options[at].name = control->name;
    memcpy(&socket->options[at].value, control->option, sizeof(int));
    return 0;
}

static int option_value(struct co_virt_socket *socket, int level, int name)
{
    int value = socket_option(socket, level, name);
    if (level != SOL_SOCKET)
        return value;
    switch (name) {
    case SO_TYPE: return socket->type;
    case SO_DOMAIN: return socket->family;
    case SO_ACCEPTCONN: return socket->state == CO_VIRT_LISTENING;
    case SO_RCVBUF:
    case SO_SNDBUF: return value ? value : CO_VIRT_WINDOW;
    case SO_ERROR:
        value = -socket->error;
        socket->error = 0;
        return value;
    default: return value;
    }
}

static int option_get(struct co_virt_socket *socket, const struct co_control *control)
{
    const void *from = &socket->linger;
    size_t size = sizeof socket->linger;
    int value = 0;
    if (control->level != SOL_SOCKET || control->name != SO_LINGER) {
        if (*control->option_size != sizeof value)
            return -EOPNOTSUPP; /* TCP_INFO, SO_PEERCRED, ...: nothing plausible to say */
        value = option_value(socket, control->level, control->name);
        from = &value;
        size = sizeof value;
    }
    if (*control->option_size < size)
        return -EINVAL;
    memcpy(control->option, from, size);
    *control->option_size = (socklen_t)size;
    return 0;
}

static int control_bind(struct co_virt_socket *socket, const co_address *address)
{
    struct co_virt_name name;
    int rc = co_virt_name_read(socket->family, address, &name);
    return rc < 0 ? rc : co_virt_bind(socket, &name);
}

long co_virt_control(struct co_virt_socket *socket, struct co_control *control)
{
    switch (control->code) {
    case CO_CONTROL_BIND: return control_bind(socket, control->address);
    case CO_CONTROL_LISTEN: return socket->kind->listen(socket, control->value);
    case CO_CONTROL_SHUTDOWN: return socket->kind->shutdown(socket, control->value);
    case CO_CONTROL_SET_OPTION: return option_set(socket, control);
    case CO_CONTROL_GET_OPTION: return option_get(socket, control);
    case CO_CONTROL_LOCAL_NAME:
        co_virt_name_write(socket->family, &socket->local, control->ret_address);
        return 0;
    case CO_CONTROL_PEER_NAME:
        if (socket->state != CO_VIRT_CONNECTED)
            return -ENOTCONN;
        co_virt_name_write(socket->family, &socket->remote, control->ret_address);
        return 0;
    case CO_CONTROL_UNREAD: return (long)socket->kind->unread(socket);
    case CO_CONTROL_UNSENT: return 0; /* nothing is lost on the way */
    case CO_CONTROL_KNOCKS:
        return socket->state == CO_VIRT_LISTENING ? (long)socket->stream.waiting_count : -EINVAL;
    }
    return -EINVAL;
}
