/* SPDX-License-Identifier: MIT */
/* Greets each client: tcp_server [WHERE] */
#include <coronet.h>

static int greet(co_stream *peer, void *arg) /* a fiber for each connection */
{
    (void)arg;
    char text[1024];
    ssize_t n = co_read(peer, text, sizeof text);
    if (n < 0)
        return (int)n;
    printf("Received: %.*s\n", (int)n, text);
    fflush(stdout);
    return co_write(peer, "Hello, World!", 13);
}

static int server(void *where)
{
    return co_serve(where, greet, NULL, NULL);
}

int main(int argc, char **argv)
{
    return co_main(server, argc > 1 ? argv[1] : "localhost:8888");
}
