/* SPDX-License-Identifier: MIT */
/*
 * What PASV and RETR of a small file cost the kernel alone: a server that makes the system calls of
 * ours and does nothing else. It checks nothing and serves the one file that it is given: not to be
 * let near a network.
 *
 *     ftp_floor PORT FILE [opens]
 *
 * opens: each transfer opens a passive port of its own, instead of looking at one that is kept.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORT_FIRST 49152
#define PORT_COUNT 16384
#define PIECE      4096

struct session {
    int control, door;
    unsigned port; /* of the door */
};

static const char *path;
static char bytes[PIECE]; /* the file's */
static size_t size;
static int opens;

static void say(int fd, const char *text, int flags)
{
    send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL | flags);
}

/* Listens on the loopback address; -1 when the port is taken. */
static int listen_at(unsigned port, int backlog)
{
    const int one = 1;
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 5);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        listen(fd, backlog) == 0)
        return fd;
    close(fd);
    return -1;
}

static void passive(struct session *session)
{
    char reply[64];
    uint32_t draw = 0;
    struct pollfd knocks = {.fd = session->door, .events = POLLIN};
    if (session->door >= 0 && poll(&knocks, 1, 0) != 0)
        abort();
    if (session->door < 0 && getrandom(&draw, sizeof draw, 0) < 0)
        abort();
    for (; session->door < 0; draw++) {
        session->port = PORT_FIRST + draw % PORT_COUNT;
        session->door = listen_at(session->port, 8);
    }
    snprintf(reply, sizeof reply, "227 Entering Passive Mode (127,0,0,1,%u,%u).\r\n",
        session->port / 256, session->port % 256);
    say(session->control, reply, 0);
}

static void retrieve(struct session *session)
{
    struct stat stat;
    struct sockaddr_in peer;
    socklen_t peer_size = sizeof peer;
    int queued;
    fstatat(AT_FDCWD, path, &stat, AT_SYMLINK_NOFOLLOW);
    int data =
        accept4(session->door, (struct sockaddr *)&peer, &peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (opens) {
        close(session->door);
        session->door = -1;
    }
    send(data, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    ioctl(data, SIOCOUTQ, &queued);
    ioctl(data, SIOCINQ, &queued);
    close(data);
    say(session->control, "150 Opening the data connection.\r\n226 Done.\r\n", 0);
}

static int read_file(void)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(file, bytes, sizeof bytes);
    close(file);
    size = n > 0 ? (size_t)n : 0;
    return n > 0 ? 0 : -1;
}

static void end(struct session *session)
{
    if (session->door >= 0)
        close(session->door);
    close(session->control);
    free(session);
}

/* One command, whole: the benchmark's client sends them so. */
static void obey(struct session *session)
{
    char line[PIECE];
    ssize_t n = recv(session->control, line, sizeof line - 1, MSG_DONTWAIT);
    line[n > 0 ? n : 0] = '\0';
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        end(session);
    } else if (strncmp(line, "PASV", 4) == 0) {
        passive(session);
    } else if (strncmp(line, "RETR", 4) == 0) {
        retrieve(session);
    } else if (strncmp(line, "QUIT", 4) == 0) {
        say(session->control, "221 Goodbye.\r\n", MSG_MORE);
        end(session);
    } else {
        say(session->control, line[0] == 'U' ? "331 Go on.\r\n" : "230 So be it.\r\n", 0);
    }
}

static void greet(int poll, int listener)
{
    int control = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct session *session = malloc(sizeof *session);
    if (control < 0 || !session)
        abort();
    *session = (struct session){.control = control, .door = -1};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = session};
    epoll_ctl(poll, EPOLL_CTL_ADD, control, &event);
    say(control, "220 The floor.\r\n", 0);
}

int main(int count, char **words)
{
    if (count < 3)
        return 2;
    path = words[2];
    opens = count > 3;
    const int one = 1;
    int listener = listen_at((unsigned)atoi(words[1]), 1024), poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* sessions inherit it */
    if (read_file() < 0 || listener < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) < 0)
        return 1;
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr)
                obey(events[i].data.ptr);
            else
                greet(poll, listener);
        }
    }
}
