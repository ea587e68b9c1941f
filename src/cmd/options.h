/* SPDX-License-Identifier: MIT */
/*
 * Options from a table: one row says how an option is written, what it takes, where its value goes
 * and what --help says of it. Parsing, help, completion and the tests of the manual read the same
 * table, so they cannot disagree.
 */
#ifndef CO_CMD_OPTIONS_H
#define CO_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of values, and the C type at the option's offset. */
enum co_option_type {
    CO_OPTION_GROUP,   /* no option: a heading of --help */
    CO_OPTION_FLAG,    /* bool */
    CO_OPTION_TEXT,    /* const char * */
    CO_OPTION_CHOICE,  /* const char *; `value` lists the choices: "a|b|c" */
    CO_OPTION_LIST,    /* struct co_option_list; repeatable */
    CO_OPTION_NUMBER,  /* int64_t */
    CO_OPTION_BYTES,   /* int64_t; with K, M, G, T: times 1024 each */
    CO_OPTION_SECONDS, /* int64_t milliseconds; "90", "1.5", "500ms", "2m", "1h" */
};

struct co_option {
    enum co_option_type type;
    char letter;       /* 0: none */
    const char *name;  /* without the dashes; of a group: the heading */
    const char *value; /* what the value is called: "ADDR"; NULL for flags */
    const char *help;  /* one line */
    size_t at;         /* offset in the command's settings */
    int64_t min, max;  /* of numbers, bytes and milliseconds; max 0: INT64_MAX */
    bool is_file;      /* the value is a path: for completion */
};

struct co_option_list {
    const char **at; /* NULL-terminated, or NULL when empty; free() it */
    size_t count;
};

struct co_command {
    const char *name, *summary; /* "serve", one line */
    const char *usage;          /* "[DIR] [OPTION...]" */
    const char *examples;       /* lines of --help, indented */
    /* Tables, NULL-terminated; each ends with a name of NULL. Rows before a table's first heading
     * stand under the last one of the table before. */
    const struct co_option *const *options;
    size_t settings_bytes;            /* begins with struct co_common */
    size_t arguments_max;             /* operands */
    void (*defaults)(void *settings); /* zeroed before; may be NULL */
    int (*run)(void *settings);       /* returns an exit code */
};

/* The commands, ending with a name of NULL. (main.c) */
extern const struct co_command co_commands[];

/* What every command understands. */
struct co_common {
    const struct co_command *command;
    struct co_option_list arguments; /* operands */
    bool help, quiet, verbose, json, ipv4, ipv6;
    const char *backend;
};

/* Their rows, the last table of every command. */
extern const struct co_option co_common_options[];

/* Goes through a command's options and headings, table by table. */
struct co_option_walk {
    const struct co_option *const *table;
    size_t row;
};

/* The next one; NULL at the end. */
const struct co_option *co_option_next(struct co_option_walk *walk);

/* Reads the words after the command into zeroed settings. 0; or CO_EXIT_USAGE, having said why. */
int co_options_parse(const struct co_command *command, char **words, void *settings);
void co_options_free(const struct co_command *command, void *settings);

/* The name nearest to a mistyped word, NULL when none is near. */
const char *co_options_nearest(
    const char *word, const char *(*name_at)(const void *table, size_t i), const void *table);

#endif
