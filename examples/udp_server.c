/* SPDX-License-Identifier: MIT */
/* Sends every datagram back in capitals: udp_server [WHERE] */
#include <coronet.h>
#include <ctype.h>

static int server(void *where)
{
    co_socket *udp = NULL;
    int rc = co_udp_bind(&udp, where);
    while (rc >= 0) {
        char text[2048];
        co_address peer;
        ssize_t n = co_udp_receive(udp, text, sizeof text, &peer);
        for (ssize_t i = 0; i < n; i++)
            text[i] = (char)toupper((unsigned char)text[i]);
        rc = n < 0 ? (int)n : co_udp_send(udp, text, (size_t)n, &peer);
    }
    co_udp_close(udp);
    return rc;
}

int main(int argc, char **argv)
{
    return co_main(server, argc > 1 ? argv[1] : "localhost:9999");
}
