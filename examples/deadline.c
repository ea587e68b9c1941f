/* SPDX-License-Identifier: MIT */
/* Two tasks at once, with 300 milliseconds for both. */
#include <coronet.h>

static int count(void *arg)
{
    const char *name = arg;
    for (int i = 1; i <= 3; i++) {
        int rc = co_sleep(strcmp(name, "slow") == 0 ? 200 : 50);
        if (rc < 0) {
            printf("%s: %s\n", name, co_error_name(rc));
            return rc;
        }
        printf("%s: %d\n", name, i);
    }
    return 0;
}

static int both(void *arg)
{
    co_group tasks;
    co_group_open(&tasks, &(struct co_group_options){.timeout_ms = 300});
    co_go(&tasks, count, "fast");
    co_go(&tasks, count, "slow");
    int rc = co_group_close(&tasks);
    printf("both: %s\n", co_error_name(rc));
    return arg ? -1 : 0;
}

int main(void) { return co_main(both, NULL); }
