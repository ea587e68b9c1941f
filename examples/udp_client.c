/* SPDX-License-Identifier: MIT */
/* Sends a datagram and waits a second for the answer: udp_client [WHERE [TEXT]] */
#include <coronet.h>

static int client(void *arg)
{
    char **argv = arg, text[2048];
    const char *message = argv[1] && argv[2] ? argv[2] : "hello";
    co_socket *udp;
    int rc = co_udp_connect(&udp, argv[1] ? argv[1] : "localhost:9999");
    if (rc < 0)
        return rc;
    co_scope second;
    co_scope_open(&second, 1000);
    co_udp_send(udp, message, strlen(message), NULL);
    ssize_t n = co_udp_receive(udp, text, sizeof text, NULL);
    rc = co_scope_close(&second);
    if (n >= 0)
        printf("%.*s\n", (int)n, text);
    co_udp_close(udp);
    return n < 0 ? (int)n : rc;
}

int main(int argc, char **argv)
{
    (void)argc;
    return co_main(client, argv);
}
