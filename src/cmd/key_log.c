/* SPDX-License-Identifier: MIT */
#include "cmd/key_log.h"

#include "cmd/exit.h"
#include "cmd/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *wanted(void)
{
    const char *path = getenv("SSLKEYLOGFILE");
    return path && *path ? path : NULL;
}

bool co_key_log_is_wanted(void)
{
    return wanted() != NULL;
}

/* A line in one write: several threads do so. What cannot be written is missing in a debugger. */
static void log_key(void *arg, const char *line)
{
    const struct co_key_log *log = arg;
    char end[] = "\n";
    const struct iovec pieces[] = {{(void *)(uintptr_t)line, strlen(line)}, {end, 1}};
    (void)!writev(log->fd, pieces, 2);
}

/* Whoever can read the file reads all that is said: so this is never silent. */
int co_key_log_open(struct co_key_log *log, struct co_tls_options *options)
{
    const char *path = wanted();
    if (!path)
        return 0;
    log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (log->fd < 0) {
        co_error("SSLKEYLOGFILE: cannot open %s: %s", path, co_explain(-errno));
        return CO_EXIT_FILE;
    }
    co_error("SSLKEYLOGFILE: the keys of all connections are written to %s", path);
    options->key_log = log_key;
    options->key_log_arg = log;
    return 0;
}

void co_key_log_close(struct co_key_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}
