/* SPDX-License-Identifier: MIT */
/*
 * While the terminal does not echo, the signals that end or stop the program are blocked and looked
 * for by a descriptor. Once one is there the terminal is restored and the signal let through; who
 * was only stopped is asked again.
 */
#include "cmd/ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static const int deferred[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

bool co_ask_is_terminal(void)
{
    return isatty(STDIN_FILENO);
}

/* A terminal or a log that cannot be written to is no reason not to read. */
static void show(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

/* Waits for input. -EINTR when a signal is on its way first. */
static int wait_input(int signal_fd)
{
    struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {signal_fd, POLLIN, 0}};
    while (poll(fds, signal_fd < 0 ? 1 : 2, -1) < 0)
        if (errno != EINTR)
            return -errno;
    return signal_fd >= 0 && fds[1].revents ? -EINTR : 0;
}

/* Byte by byte, so that what follows the line stays for the next reader. */
static long read_line(int signal_fd, char *ret, size_t max)
{
    size_t size = 0;
    bool too_long = false;
    for (;;) {
        char byte;
        int rc = wait_input(signal_fd);
        if (rc < 0)
            return rc;
        ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        if (n == 0 && size == 0 && !too_long)
            return -ENODATA;
        if (n == 0 || (n == 1 && byte == '\n'))
            break;
        if (n == 1 && size < max)
            ret[size++] = byte;
        else
            too_long |= n == 1;
    }
    ret[size] = '\0';
    return too_long ? -E2BIG : (long)size;
}

/* Without echo, but for the newline that ends it. The prompt comes when nothing is echoed any more.
 */
static long read_hidden(int signal_fd, const char *prompt, char *ret, size_t max)
{
    struct termios before, hidden;
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return -errno;
    hidden = before;
    hidden.c_lflag = (hidden.c_lflag | ICANON | ISIG) & ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &hidden) < 0)
        return -errno;
    show(prompt);
    long rc = read_line(signal_fd, ret, max);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    return rc;
}

static long ask_terminal(const char *prompt, char *ret, size_t max)
{
    sigset_t set, before;
    long rc;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof deferred / sizeof *deferred; i++)
        sigaddset(&set, deferred[i]);
    int signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (signal_fd < 0)
        return -errno;
    do {
        sigprocmask(SIG_BLOCK, &set, &before);
        rc = read_hidden(signal_fd, prompt, ret, max);
        if (rc == -EINTR)
            show("\n");
        sigprocmask(SIG_SETMASK, &before, NULL); /* here it ends, or stops and goes on */
    } while (rc == -EINTR);
    close(signal_fd);
    return rc;
}

long co_ask_secret(const char *prompt, char *ret, size_t max)
{
    return co_ask_is_terminal() ? ask_terminal(prompt, ret, max) : read_line(-1, ret, max);
}
