/* SPDX-License-Identifier: MIT */
/* Completion scripts for the shells. Names in the option tables hold nothing that a shell could
 * misread; help texts are quoted. */
#include "cmd/exit.h"
#include "cmd/help.h"
#include "cmd/message.h"

#include <stdio.h>
#include <string.h>

#define SHELLS "bash zsh fish"

static void commands(void)
{
    for (const struct co_command *command = co_commands; command->name; command++)
        printf(" %s", command->name);
}

static void choices(const char *value)
{
    for (; *value; value++)
        putchar(*value == '|' ? ' ' : *value);
}

/* Text within single quotes; `special` is what else the shell would read something into. */
static void quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
            continue;
        }
        if (strchr(special, *text))
            putchar('\\');
        putchar(*text);
    }
}

/* ---- bash --------------------------------------------------------------------------------- */

static void bash_values(const struct co_command *command)
{
    struct co_option_walk walk = {command->options, 0};
    for (const struct co_option *option; (option = co_option_next(&walk));) {
        if (option->type == CO_OPTION_CHOICE) {
            printf("    %s:--%s) COMPREPLY=($(compgen -W \"", command->name, option->name);
            choices(option->value);
            puts("\" -- \"$word\")); return ;;");
        } else if (option->is_file) {
            printf("    %s:--%s) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n",
                command->name, option->name);
        } else if (option->value) {
            printf("    %s:--%s) return ;;\n", command->name, option->name);
        }
    }
}

static void bash_options(const struct co_command *command)
{
    struct co_option_walk walk = {command->options, 0};
    printf("    %s:-*) COMPREPLY=($(compgen -W \"", command->name);
    for (const struct co_option *option; (option = co_option_next(&walk));)
        if (option->type != CO_OPTION_GROUP)
            printf("--%s ", option->name);
    puts("\" -- \"$word\")) ;;");
}

static void bash(void)
{
    puts("_coronet() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    local command=${COMP_WORDS[1]}\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W \"help completion --help --version", stdout);
    commands();
    puts("\" -- \"$word\"))\n        return\n    fi\n    case $command:$before in");
    for (const struct co_command *command = co_commands; command->name; command++)
        bash_values(command);
    puts("    esac\n    case $command:$word in");
    for (const struct co_command *command = co_commands; command->name; command++)
        bash_options(command);
    fputs("    help:*) COMPREPLY=($(compgen -W \"", stdout);
    commands();
    puts("\" -- \"$word\")) ;;\n"
         "    completion:*) COMPREPLY=($(compgen -W \"" SHELLS "\" -- \"$word\")) ;;");
    puts("    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n}\n"
         "complete -o filenames -F _coronet coronet");
}

/* ---- zsh ---------------------------------------------------------------------------------- */

static void zsh_option(const struct co_option *option)
{
    printf("        '%s--%s%s[", option->type == CO_OPTION_LIST ? "*" : "", option->name,
        option->value ? "=" : "");
    quoted(option->help, "[]:");
    putchar(']');
    if (option->type == CO_OPTION_CHOICE) {
        fputs(":value:(", stdout);
        choices(option->value);
        putchar(')');
    } else if (option->value) {
        printf(":%s:%s", option->is_file ? "file" : "value", option->is_file ? "_files" : "");
    }
    puts("' \\");
}

static void zsh(void)
{
    puts("#compdef coronet\n_coronet() {\n    if (( CURRENT == 2 )); then");
    fputs("        compadd help completion --help --version", stdout);
    commands();
    puts("\n        return\n    fi\n    case $words[2] in");
    fputs("    help) compadd", stdout);
    commands();
    puts(" ;;\n    completion) compadd " SHELLS " ;;");
    for (const struct co_command *command = co_commands; command->name; command++) {
        struct co_option_walk walk = {command->options, 0};
        printf("    %s) _arguments -s \\\n", command->name);
        for (const struct co_option *option; (option = co_option_next(&walk));)
            if (option->type != CO_OPTION_GROUP)
                zsh_option(option);
        puts("        '*:file:_files' ;;");
    }
    puts("    esac\n}\n_coronet \"$@\"");
}

/* ---- fish --------------------------------------------------------------------------------- */

static void fish_option(const struct co_command *command, const struct co_option *option)
{
    printf("complete -c coronet -n '__fish_seen_subcommand_from %s' -l %s", command->name,
        option->name);
    if (option->letter)
        printf(" -s %c", option->letter);
    if (option->type == CO_OPTION_CHOICE) {
        fputs(" -x -a '", stdout);
        choices(option->value);
        putchar('\'');
    } else if (option->value) {
        fputs(option->is_file ? " -r" : " -x", stdout);
    }
    fputs(" -d '", stdout);
    quoted(option->help, "");
    puts("'");
}

static void fish(void)
{
    puts("complete -c coronet -n __fish_use_subcommand -a help -d 'explain a command'\n"
         "complete -c coronet -n __fish_use_subcommand -a completion -d 'print a script for a "
         "shell'\n"
         "complete -c coronet -n '__fish_seen_subcommand_from completion' -x -a '" SHELLS "'");
    fputs("complete -c coronet -n '__fish_seen_subcommand_from help' -x -a '", stdout);
    commands();
    puts("'");
    for (const struct co_command *command = co_commands; command->name; command++) {
        struct co_option_walk walk = {command->options, 0};
        printf("complete -c coronet -n __fish_use_subcommand -a %s -d '", command->name);
        quoted(command->summary, "");
        puts("'");
        for (const struct co_option *option; (option = co_option_next(&walk));)
            if (option->type != CO_OPTION_GROUP)
                fish_option(command, option);
    }
}

int co_completion(const char *shell)
{
    if (shell && strcmp(shell, "bash") == 0)
        bash();
    else if (shell && strcmp(shell, "zsh") == 0)
        zsh();
    else if (shell && strcmp(shell, "fish") == 0)
        fish();
    else {
        co_error("usage: coronet completion bash|zsh|fish");
        return CO_EXIT_USAGE;
    }
    return 0;
}
