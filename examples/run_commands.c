/* SPDX-License-Identifier: MIT */
/* Runs all at once and prints what each says when it has ended: run_commands COMMAND... */
#include <coronet.h>

static int run(void *command)
{
    const char *const argv[] = {"sh", "-c", command, NULL};
    const struct co_process_options options = {
        .input = CO_PROCESS_NULL, .output = CO_PROCESS_STREAM, .error = CO_PROCESS_OUTPUT};
    co_process *process;
    int rc = co_process_start(&process, argv, &options);
    if (rc < 0) return rc;
    char *text, bytes[4096];
    size_t size; ssize_t n;
    FILE *said = open_memstream(&text, &size);
    while ((n = co_read(co_process_output(process), bytes, sizeof bytes)) > 0)
        fwrite(bytes, 1, (size_t)n, said);
    fclose(said);
    rc = n < 0 ? (int)n : co_process_wait(process);
    if (rc >= 0) printf("%s: %d\n%s", (char *)command, rc, text), fflush(stdout);
    return free(text), co_process_end(process), rc;
}
static int all(void *commands)
{
    co_group group;
    co_group_open(&group, NULL);
    for (char **command = commands; *++command;) co_go(&group, run, *command);
    return co_group_close(&group);
}
int main(int argc, char **argv) { return argc > 1 ? co_main(all, argv) : 2; }
