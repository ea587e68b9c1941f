/* SPDX-License-Identifier: MIT */
#include "cmd/help.h"

#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 30

static void program_help(void)
{
    puts("Coronet serves a directory, and transfers files.\n\n"
         "Examples:\n"
         "  coronet serve                      the current directory, for this machine\n"
         "  coronet serve --http '*:8000' www  the directory www, for the whole network\n"
         "  coronet get -c http://host/a.iso   a file, or the rest of one\n"
         "  coronet put a.txt http://host/in/  a file, to a server\n"
         "  coronet passwd users alice         a user, with a password that is asked for\n"
         "  coronet help serve                 everything that serve can do\n\n"
         "Usage:\n"
         "  coronet COMMAND [OPTION...]\n\n"
         "Commands:");
    for (const struct co_command *command = co_commands; command->name; command++)
        printf("  %-12s %s\n", command->name, command->summary);
    puts("  help         explain a command: coronet help COMMAND\n"
         "  completion   print a completion script: coronet completion bash|zsh|fish\n\n"
         "  --version    print the version\n"
         "  --help       print this");
}

/* "  -q, --quiet          " up to the help's column, or the column's worth on the next line. */
static void option_help(const struct co_option *option)
{
    char left[128];
    int size = snprintf(left, sizeof left, "  %c%c%s--%s%s%s", option->letter ? '-' : ' ',
        option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
        option->value ? " " : "", option->value ? option->value : "");
    if (size < HELP_COLUMN)
        printf("%-*s%s\n", HELP_COLUMN, left, option->help);
    else
        printf("%s\n%*s%s\n", left, HELP_COLUMN, "", option->help);
}

static void command_help(const struct co_command *command)
{
    struct co_option_walk walk = {command->options, 0};
    printf("coronet %s: %s\n\nExamples:\n%s\nUsage:\n  coronet %s %s\n", command->name,
        command->summary, command->examples, command->name, command->usage);
    for (const struct co_option *option; (option = co_option_next(&walk));) {
        if (option->type == CO_OPTION_GROUP)
            printf("\n%s:\n", option->name);
        else
            option_help(option);
    }
    printf("\nThe whole manual: man coronet-%s\n", command->name);
}

void co_help(const struct co_command *command)
{
    if (command)
        command_help(command);
    else
        program_help();
}
