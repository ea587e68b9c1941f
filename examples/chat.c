/* SPDX-License-Identifier: MIT */
/* A chat room: a line that one member types, the others read: chat [WHERE] */
#include <coronet.h>

static co_channel *room[64]; /* a queue of lines to each member */
struct member { co_stream *stream; co_channel *lines; };

static int deliver(void *arg)
{
    struct member *me = arg;
    char line[256];
    while (co_receive(me->lines, line) == 0 && co_write(me->stream, line, strlen(line)) == 0) {}
    return 0;
}
static int join(co_stream *stream, void *arg)
{
    struct member me = {stream, NULL};
    const uint8_t *text; ssize_t n; int seat = 0, rc = co_channel_new(&me.lines, 256, 16);
    while (seat < 63 && room[seat]) seat++;
    if (rc < 0 || room[seat]) return co_channel_free(me.lines), -1; /* full */
    co_group_open(arg = &(co_group){{0}}, NULL);
    co_go(arg, deliver, &me);
    for (room[seat] = me.lines; (n = co_peek_until(stream, "\n", 255, &text)) > 0;) {
        char line[256] = {0}; memcpy(line, text, (size_t)n); co_consume(stream, (size_t)n);
        for (int i = 0; i < 64; i++) /* whoever does not keep up misses lines */
            if (room[i] && i != seat) co_try_send(room[i], line);
    }
    room[seat] = NULL, co_channel_close(me.lines), rc = co_group_close(arg);
    return co_channel_free(me.lines), rc; }
static int server(void *where) { return co_serve(where, join, NULL, NULL); }
int main(int argc, char **argv) { return co_main(server, argc > 1 ? argv[1] : "localhost:7777"); }
