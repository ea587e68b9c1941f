/* SPDX-License-Identifier: MIT */
/* Load for an echo server: echo_load PORT CONNECTIONS BYTES ROUNDS. Each connection sends BYTES,
 * waits for them all, and again, ROUNDS times in all over all connections. Prints seconds. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BYTES_MAX 65536

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int dial(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    return fd;
}

int main(int argc, char **argv)
{
    static char bytes[BYTES_MAX];
    struct epoll_event events[256];
    struct timespec start, end;
    if (argc != 5)
        return 2;
    int count = atoi(argv[2]), size = atoi(argv[3]);
    long left = atol(argv[4]);
    int *got = calloc((size_t)count, sizeof *got), *fds = calloc((size_t)count, sizeof *fds);
    int epoll = epoll_create1(0);
    if (!got || !fds || epoll < 0 || size > BYTES_MAX)
        return 2;
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)i};
        fds[i] = dial(atoi(argv[1]));
        epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event);
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < count; i++)
        if (write(fds[i], bytes, (size_t)size) != size)
            fail("write");
    while (left > 0) {
        int ready = epoll_wait(epoll, events, 256, 10000);
        if (ready <= 0)
            fail("nothing came for 10 s: epoll_wait");
        for (int i = 0; i < ready; i++) {
            unsigned at = events[i].data.u32;
            ssize_t n = read(fds[at], bytes, sizeof bytes);
            if (n <= 0)
                fail("read");
            got[at] += (int)n;
            if (got[at] < size)
                continue;
            got[at] -= size;
            left--;
            if (write(fds[at], bytes, (size_t)size) != size)
                fail("write");
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n",
        (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
    return 0;
}
