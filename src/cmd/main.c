/* SPDX-License-Identifier: MIT */
/* The command `coronet`: which command is meant, and how it ends. */
#include "cmd/exit.h"
#include "cmd/get.h"
#include "cmd/help.h"
#include "cmd/ls.h"
#include "cmd/message.h"
#include "cmd/mirror.h"
#include "cmd/options.h"
#include "cmd/passwd.h"
#include "cmd/put.h"
#include "cmd/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CO_VERSION
# error "CO_VERSION comes from the build"
#endif

const struct co_command co_commands[] = {CO_SERVE_COMMAND, CO_GET_COMMAND, CO_PUT_COMMAND,
    CO_LS_COMMAND, CO_MIRROR_COMMAND, CO_PASSWD_COMMAND, {.name = NULL}};

static const struct co_command *find(const char *name)
{
    for (const struct co_command *command = co_commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static const char *command_name(const void *table, size_t i)
{
    return ((const struct co_command *)table)[i].name;
}

static int unknown(const char *word)
{
    const char *kind = word[0] == '-' ? "option" : "command";
    const char *nearest = co_options_nearest(word, command_name, co_commands);
    if (nearest)
        co_error("unknown %s %s (did you mean %s?)", kind, word, nearest);
    else
        co_error("unknown %s %s (see coronet --help)", kind, word);
    return CO_EXIT_USAGE;
}

static int run(const struct co_command *command, char **words)
{
    void *settings = calloc(1, command->settings_bytes);
    if (!settings) {
        co_error("no memory");
        return CO_EXIT_OTHER;
    }
    if (command->defaults)
        command->defaults(settings);
    int code = co_options_parse(command, words, settings);
    if (code == 0 && ((struct co_common *)settings)->help)
        co_help(command);
    else if (code == 0)
        code = command->run(settings);
    co_options_free(command, settings);
    free(settings);
    return code;
}

static int help(const char *name)
{
    const struct co_command *command = name ? find(name) : NULL;
    if (name && !command)
        return unknown(name);
    co_help(command);
    return CO_EXIT_DONE;
}

static int choose(char **words)
{
    const char *word = words[0];
    if (!word) {
        co_help(NULL);
        return CO_EXIT_USAGE;
    }
    if (strcmp(word, "--version") == 0)
        return printf("coronet %s\n", CO_VERSION) < 0;
    if (strcmp(word, "help") == 0)
        return help(words[1]);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return help(NULL);
    if (strcmp(word, "completion") == 0)
        return co_completion(words[1]);
    const struct co_command *command = find(word);
    return command ? run(command, words + 1) : unknown(word);
}

int main(int argc, char **argv)
{
    int code = choose(argc > 0 ? argv + 1 : argv);
    if (fflush(stdout) == EOF && code == CO_EXIT_DONE && errno != EPIPE)
        code = CO_EXIT_FILE;
    return code;
}
