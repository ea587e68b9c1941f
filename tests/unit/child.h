/* SPDX-License-Identifier: MIT */
/* A program in a child process, whose words and end are seen. */
#ifndef CO_TEST_CHILD_H
#define CO_TEST_CHILD_H

#include "fibers.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

struct child {
    pid_t pid;
    int output;
    size_t size;
    char text[1 << 18];
};

/* Starts main_of in a child whose stdout and stderr are a pipe. */
static inline void child_start(struct child *child, int (*main_of)(void))
{
    int ends[2];
    memset(child, 0, sizeof *child);
    assert_int_equal(pipe(ends), 0);
    child->pid = fork();
    if (child->pid == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        alarm(PATIENCE_MS / 1000);
        _exit(main_of());
    }
    close(ends[1]);
    child->output = ends[0];
}

/* Reads on until the text has appeared or the child has closed its output. */
static inline bool child_says(struct child *child, const char *text)
{
    struct pollfd one = {.fd = child->output, .events = POLLIN};
    while (!strstr(child->text, text)) {
        if (child->size + 1 >= sizeof child->text || poll(&one, 1, PATIENCE_MS) <= 0)
            return false;
        ssize_t n =
            read(child->output, child->text + child->size, sizeof child->text - 1 - child->size);
        if (n <= 0)
            return false;
        child->size += (size_t)n;
    }
    return true;
}

static inline int child_end(struct child *child)
{
    int status = 0;
    child_says(child, "\1 all the rest");
    waitpid(child->pid, &status, 0);
    close(child->output);
    return status;
}

static inline void say(const char *text)
{
    ssize_t n = write(1, text, strlen(text));
    (void)n;
}

#endif
