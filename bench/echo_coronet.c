/* SPDX-License-Identifier: MIT */
/* An echo server for the benchmark: prints its port, echoes until it is killed. */
#include "coronet.h"

static int echo(co_stream *peer, void *arg)
{
    (void)arg;
    char bytes[2048];
    ssize_t n;
    while ((n = co_read(peer, bytes, sizeof bytes)) > 0)
        if (co_write(peer, bytes, (size_t)n) < 0)
            break;
    return 0;
}

static void listening(void *arg, const co_address *address)
{
    (void)arg;
    printf("%u\n", co_address_port(address));
    fflush(stdout);
}

static int server(void *arg)
{
    (void)arg;
    return co_serve("127.0.0.1:0", echo, NULL, &(struct co_serve_options){.listening = listening});
}

int main(void)
{
    return co_main(server, NULL);
}
