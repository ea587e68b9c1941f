/* SPDX-License-Identifier: MIT */
/* Runs all at once and prints what each says when it has ended: run_commands COMMAND... */
#include <coronet.h>

static int run(void *command)
{
    const char *const argv[] = {"sh", "-c", command, NULL};
    const struct co_process_options options = {
        .input = CO_PROCESS_NULL, .output = CO_PROCESS_STREAM, .error = CO_PROCESS_OUTPUT};
    struct co_process_talk talk = {.output = malloc(1 << 20), .output_size = 1 << 20};
    co_process *process;
    int rc = co_process_start(&process, argv, &options);
    if (rc == 0) rc = co_process_communicate(process, &talk);
    if (rc >= 0) printf("%s: %d\n%s", (char *)command, rc, talk.output), fflush(stdout);
    return free(talk.output), rc;
}
static int all(void *commands)
{
    co_group group;
    co_group_open(&group, NULL);
    for (char **command = commands; *++command;) co_go(&group, run, *command);
    return co_group_close(&group);
}
int main(int argc, char **argv) { return argc > 1 ? co_main(all, argv) : 2; }
