/* SPDX-License-Identifier: MIT */
/* A thread reads lines, for which it has to wait; a fiber gets and numbers them: from_thread */
#include <coronet.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

static void *read_lines(void *sender)
{
    for (char line[256]; fgets(line, sizeof line, stdin);)
        while (co_post(sender, line) == -EAGAIN) /* full: the fiber has yet to catch up */
            usleep(1000);
    return co_sender_free(sender), NULL; /* which ends the fiber's loop */
}

static int number_lines(void *thread)
{
    char line[256];
    co_channel *lines;
    co_sender *sender;
    int rc = co_channel_new(&lines, sizeof line, 16);
    if (rc < 0 || (rc = co_sender_new(&sender, lines)) < 0)
        return rc;
    rc = -pthread_create(thread, NULL, read_lines, sender);
    for (int number = 1; rc == 0 && (rc = co_receive(lines, line)) == 0; number++)
        printf("%d: %s", number, line);
    return co_channel_free(lines), rc == CO_ECLOSED ? 0 : rc;
}

int main(void) { return co_main(number_lines, &(pthread_t){0}); }
