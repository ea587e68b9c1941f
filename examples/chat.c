/* SPDX-License-Identifier: MIT */
/* A chat room: a line that one member types, the others read: chat [WHERE] */
#include <coronet.h>
static struct member { co_stream *stream; co_channel *lines; } *room[64];
static int deliver(void *arg)
{
    struct member *me = arg;
    for (char line[256]; co_receive(me->lines, line) == 0;)
        co_write(me->stream, line, strlen(line));
    return 0;
}
static int join(co_stream *stream, void *arg)
{
    struct member me = {stream, NULL}, **seat = room;
    co_group group;
    while (*seat && seat < &room[63]) seat++;
    if (*seat || co_channel_new(&me.lines, 256, 16) < 0) return -1; /* full */
    co_group_open(&group, arg);
    co_go(&group, deliver, &me);
    *seat = &me;
    for (char line[256]; co_read_line(stream, line, sizeof line) > 0;)
        for (int i = 0; i < 64; i++) /* whoever does not keep up misses lines */
            if (room[i] && room[i] != &me) co_try_send(room[i]->lines, line);
    *seat = NULL;
    co_channel_close(me.lines);
    int rc = co_group_close(&group);
    return co_channel_free(me.lines), rc;
}
static int server(void *where) { return co_serve(where, join, NULL, NULL); }
int main(int argc, char **argv) { return co_main(server, argc > 1 ? argv[1] : "localhost:7777"); }
