/* SPDX-License-Identifier: MIT */
/* Says hello and prints the answer: tcp_client [WHERE] */
#include <coronet.h>

static int client(void *where)
{
    co_stream *server;
    int rc = co_dial(&server, where, NULL);
    if (rc < 0)
        return rc;
    co_print(server, "Hello from %s", "Coronet");
    char text[1024];
    ssize_t n = co_read(server, text, sizeof text);
    if (n > 0)
        printf("Received: %.*s\n", (int)n, text);
    rc = co_close(server);
    return n < 0 ? (int)n : rc;
}

int main(int argc, char **argv)
{
    return co_main(client, argc > 1 ? argv[1] : "localhost:8888");
}
