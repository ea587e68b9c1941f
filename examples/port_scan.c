/* SPDX-License-Identifier: MIT */
/* Prints the open TCP ports of this machine's loopback address: port_scan [FIRST [LAST]] */
#include <coronet.h>

static int probe(void *arg)
{
    char where[32];
    co_stream *stream;
    snprintf(where, sizeof where, "127.0.0.1:%d", *(int *)arg);
    if (co_dial(&stream, where, &(struct co_dial_options){.timeout_ms = 500}) < 0)
        return 0;
    printf("%d is open\n", *(int *)arg);
    return co_close(stream);
}

static int scan(void *arg)
{
    char **argv = arg;
    int first = argv[1] ? atoi(argv[1]) : 1, last = argv[1] && argv[2] ? atoi(argv[2]) : 1024;
    co_group probes;
    co_group_open(&probes, &(struct co_group_options){.children_max = 100, .keep_going = true});
    for (int port = first; port <= last && port < 65536; port++)
        co_go_copy(&probes, probe, &port);
    return co_group_close(&probes);
}

int main(int argc, char **argv) { return (void)argc, co_main(scan, argv); }
