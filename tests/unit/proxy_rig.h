/* SPDX-License-Identifier: MIT */
/* A proxy that says what it is told to, whatever it hears. */
#ifndef CO_TEST_PROXY_RIG_H
#define CO_TEST_PROXY_RIG_H

#include "fibers.h"

#define HEARD_MAX 2048

/* What one connection is told, and what it said. */
struct script {
    const char *says;
    size_t size;
    bool dribbles;    /* a byte at a time */
    const char *then; /* to its next words on the same connection; NULL: nothing */
    bool closes;      /* after that; otherwise it listens to the end */
    size_t heard_size;
    char heard[HEARD_MAX];
};

#define SAYS(literal)                                                                              \
 (struct script)                                                                                   \
 {                                                                                                 \
  .says = (literal), .size = sizeof(literal) - 1                                                   \
 }

/* The scripts of its connections, in their order; the last one is that of all further ones. */
struct rig {
    struct script *scripts;
    unsigned count, connections, ended;
    co_group group;
    co_listener *listener;
    unsigned port;
};

static inline ssize_t hear(struct script *script, co_stream *stream)
{
    ssize_t n = co_read(
        stream, script->heard + script->heard_size, sizeof script->heard - script->heard_size);
    script->heard_size += n > 0 ? (size_t)n : 0;
    return n;
}

/* Of CONNECT a whole head, else whatever comes. */
static inline bool hear_question(struct script *script, co_stream *stream)
{
    size_t from = script->heard_size;
    bool goes_on = hear(script, stream) > 0;
    while (goes_on && script->heard[from] == 'C' &&
           (script->heard_size < from + 4 ||
               memcmp(script->heard + script->heard_size - 4, "\r\n\r\n", 4) != 0))
        goes_on = hear(script, stream) > 0;
    return goes_on;
}

static inline int say(const struct script *script, co_stream *stream)
{
    int rc = 0;
    for (size_t i = 0; script->dribbles && rc == 0 && i < script->size; i++) {
        rc = co_write(stream, script->says + i, 1);
        if (rc == 0)
            rc = co_sleep(1);
    }
    return script->dribbles ? rc : co_write(stream, script->says, script->size);
}

static inline int rig_connection(co_stream *stream, void *arg)
{
    struct rig *rig = arg;
    unsigned number = rig->connections++;
    struct script *script = &rig->scripts[number < rig->count ? number : rig->count - 1];
    bool goes_on = hear_question(script, stream) && say(script, stream) == 0;
    if (goes_on && script->then)
        goes_on =
            hear(script, stream) > 0 && co_write(stream, script->then, strlen(script->then)) == 0;
    goes_on &= !script->closes;
    while (goes_on)
        goes_on = hear(script, stream) > 0;
    rig->ended++;
    return 0;
}

static inline int rig_serve(void *arg)
{
    struct rig *rig = arg;
    return co_serve_listener(rig->listener, rig_connection, rig, NULL);
}

static inline int rig_start(struct rig *rig, struct script *scripts, unsigned count)
{
    *rig = (struct rig){.scripts = scripts, .count = count};
    int rc = co_listen(&rig->listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    rig->port = co_address_port(co_listener_address(rig->listener));
    co_group_open(&rig->group, NULL);
    co_go_with(
        &rig->group, &(struct co_go_options){.name = "proxy", .background = true}, rig_serve, rig);
    return 0;
}

/* Once all its connections have heard the end. */
static inline void rig_stop(struct rig *rig)
{
    while (rig->ended < rig->connections && co_sleep(1) == 0)
        continue;
    CHECK_INT(co_group_close(&rig->group), 0);
    co_listener_close(rig->listener);
}

/* Dials `where` through the rig as "SCHEME://USER@". */
static inline int rig_dial(const struct rig *rig, const char *scheme, const char *where,
    const struct co_dial_options *more, co_stream **ret)
{
    struct co_dial_options options = more ? *more : (struct co_dial_options){0};
    char url[128];
    snprintf(url, sizeof url, "%s127.0.0.1:%u", scheme, rig->port);
    options.proxy = url;
    return co_dial(ret, where, &options);
}

#endif
