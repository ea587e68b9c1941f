/* SPDX-License-Identifier: MIT */
#include "cmd/options.h"

#include "cmd/exit.h"
#include "cmd/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX    64  /* bytes of a word that suggestions are looked for */
#define DISTANT     3   /* edits that make a word another word */
#define FRACTION_MS 100 /* what a second's first decimal place is worth */

#define AT(member) offsetof(struct co_common, member)

const struct co_option co_common_options[] = {
    {CO_OPTION_GROUP, .name = "Common"},
    {CO_OPTION_FLAG, 'q', "quiet", .help = "only errors", .at = AT(quiet)},
    {CO_OPTION_FLAG, 'v', "verbose", .help = "say more", .at = AT(verbose)},
    {CO_OPTION_FLAG, 0, "json", .help = "one JSON object a line on standard output",
        .at = AT(json)},
    {CO_OPTION_CHOICE, .name = "backend", .value = "auto|io_uring|epoll",
        .help = "how to wait for the kernel (auto)", .at = AT(backend)},
    {CO_OPTION_FLAG, '4', "ipv4", .help = "IPv4 only", .at = AT(ipv4)},
    {CO_OPTION_FLAG, '6', "ipv6", .help = "IPv6 only", .at = AT(ipv6)},
    {CO_OPTION_FLAG, 'h', "help", .help = "show this help", .at = AT(help)},
    {.name = NULL},
};

const struct co_option *co_option_next(struct co_option_walk *walk)
{
    while (*walk->table && !(*walk->table)[walk->row].name) {
        walk->table++;
        walk->row = 0;
    }
    return *walk->table ? &(*walk->table)[walk->row++] : NULL;
}

/* ---- suggestions -------------------------------------------------------------------------- */

/* Edits (insert, remove, replace a letter) from one word to the other: Levenshtein's distance. */
static unsigned distance(const char *from, const char *to)
{
    unsigned row[WORD_MAX + 1];
    size_t columns = strlen(to);
    if (columns > WORD_MAX || strlen(from) > WORD_MAX)
        return DISTANT;
    for (unsigned i = 0; i <= columns; i++)
        row[i] = i;
    for (; *from; from++) {
        unsigned diagonal = row[0]++;
        for (size_t i = 1; i <= columns; i++) {
            unsigned replaced = diagonal + (*from != to[i - 1]);
            unsigned best = row[i] < row[i - 1] ? row[i] + 1 : row[i - 1] + 1;
            diagonal = row[i];
            row[i] = replaced < best ? replaced : best;
        }
    }
    return row[columns];
}

const char *co_options_nearest(
    const char *word, const char *(*name_at)(const void *table, size_t i), const void *table)
{
    const char *nearest = NULL, *name;
    unsigned best = DISTANT;
    for (size_t i = 0; (name = name_at(table, i)); i++) {
        unsigned edits = distance(word, name);
        if (edits < best && edits < strlen(name) && *name == *word) { /* --port is no --cert */
            best = edits;
            nearest = name;
        }
    }
    return nearest;
}

static const char *option_name(const void *tables, size_t i)
{
    struct co_option_walk walk = {tables, 0};
    const struct co_option *option = co_option_next(&walk);
    while (option && i-- > 0)
        option = co_option_next(&walk);
    if (!option)
        return NULL;
    return option->type == CO_OPTION_GROUP ? "" : option->name;
}

/* ---- values ------------------------------------------------------------------------------- */

struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit byte_units[] = {
    {"", 1}, {"K", 1LL << 10}, {"M", 1LL << 20}, {"G", 1LL << 30}, {"T", 1LL << 40}, {NULL, 0}};
static const struct unit time_units[] = {
    {"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {NULL, 0}};

/* Reads digits, and up to three decimal places where the unit has room for them. */
static int number_read(const char *text, const struct unit *unit, int64_t *ret)
{
    int64_t whole = 0, part = 0, place = FRACTION_MS;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, *at - '0', &whole))
            return -ERANGE;
    if (at == text)
        return -EINVAL;
    if (*at == '.' && unit == time_units)
        for (at++; *at >= '0' && *at <= '9' && place > 0; at++, place /= 10)
            part += (*at - '0') * place;
    while (unit->suffix && strcasecmp(unit->suffix, at) != 0)
        unit++;
    if (!unit->suffix)
        return -EINVAL;
    if (__builtin_mul_overflow(whole, unit->factor, &whole) ||
        __builtin_add_overflow(whole, part * unit->factor / 1000, &whole))
        return -ERANGE;
    *ret = whole;
    return 0;
}

static int bad_value(const struct co_option *option, const char *value, const char *wanted)
{
    co_error("--%s: \"%s\" is not %s", option->name, value, wanted);
    return CO_EXIT_USAGE;
}

static int number_set(const struct co_option *option, const char *value, int64_t *ret)
{
    const struct unit *units = option->type == CO_OPTION_BYTES     ? byte_units
                               : option->type == CO_OPTION_SECONDS ? time_units
                                                                   : no_units;
    const char *wanted = option->type == CO_OPTION_BYTES ? "a number of bytes, such as 64K or 10M"
                         : option->type == CO_OPTION_SECONDS
                             ? "a time in seconds, such as 30, 1.5, 500ms or 2m"
                             : "a whole number";
    int64_t number, max = option->max ? option->max : INT64_MAX;
    int rc = number_read(value, units, &number);
    if (rc == -EINVAL)
        return bad_value(option, value, wanted);
    if (rc < 0 || number < option->min || number > max) {
        int64_t scale = option->type == CO_OPTION_SECONDS ? units->factor : 1;
        co_error("--%s: %s is out of range: %lld to %lld", option->name, value,
            (long long)(option->min / scale), (long long)(max / scale));
        return CO_EXIT_USAGE;
    }
    *ret = number;
    return 0;
}

static int choice_set(const struct co_option *option, const char *value, const char **ret)
{
    size_t size = strlen(value);
    for (const char *at = option->value; size > 0 && at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, value, size) == 0 && (at[size] == '|' || at[size] == '\0')) {
            *ret = value;
            return 0;
        }
    }
    return bad_value(option, value, option->value);
}

static int list_add(struct co_option_list *list, const char *value)
{
    const char **at = realloc(list->at, (list->count + 2) * sizeof *at);
    if (!at) {
        co_error("no memory");
        return CO_EXIT_OTHER;
    }
    at[list->count++] = value;
    at[list->count] = NULL;
    list->at = at;
    return 0;
}

static int value_set(const struct co_option *option, const char *value, void *settings)
{
    void *at = (char *)settings + option->at;
    switch (option->type) {
    case CO_OPTION_FLAG: *(bool *)at = true; return 0;
    case CO_OPTION_TEXT: *(const char **)at = value; return 0;
    case CO_OPTION_CHOICE: return choice_set(option, value, at);
    case CO_OPTION_LIST: return list_add(at, value);
    default: return number_set(option, value, at);
    }
}

/* ---- words -------------------------------------------------------------------------------- */

static const struct co_option *find_name(
    const struct co_command *command, const char *name, size_t size)
{
    struct co_option_walk walk = {command->options, 0};
    for (const struct co_option *option; (option = co_option_next(&walk));)
        if (option->type != CO_OPTION_GROUP && strlen(option->name) == size &&
            memcmp(option->name, name, size) == 0)
            return option;
    return NULL;
}

static const struct co_option *find_letter(const struct co_command *command, char letter)
{
    struct co_option_walk walk = {command->options, 0};
    for (const struct co_option *option; (option = co_option_next(&walk));)
        if (option->letter && option->letter == letter)
            return option;
    return NULL;
}

static int unknown(const struct co_command *command, const char *word)
{
    char name[WORD_MAX];
    size_t size = strcspn(word + 2, "=");
    const char *nearest = NULL;
    if (word[1] == '-' && size < sizeof name) {
        memcpy(name, word + 2, size);
        name[size] = '\0';
        nearest = co_options_nearest(name, option_name, command->options);
    }
    if (nearest)
        co_error("unknown option %s (did you mean --%s?)", word, nearest);
    else
        co_error("unknown option %s (see coronet %s --help)", word, command->name);
    return CO_EXIT_USAGE;
}

/* "--name", "--name=value" or "--name value"; moves on to the value's word. */
static int long_option(const struct co_command *command, char ***words, void *settings)
{
    const char *word = **words, *equals = strchr(word, '=');
    size_t size = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
    const struct co_option *option = find_name(command, word + 2, size);
    if (!option)
        return unknown(command, word);
    if (option->type == CO_OPTION_FLAG && equals) {
        co_error("--%s takes no value", option->name);
        return CO_EXIT_USAGE;
    }
    const char *value = equals ? equals + 1 : NULL;
    if (option->type != CO_OPTION_FLAG && !value && !(value = *++*words)) {
        co_error("--%s needs a value: --%s %s", option->name, option->name, option->value);
        return CO_EXIT_USAGE;
    }
    return value_set(option, value, settings);
}

/* "-q", "-qv"; those that take a value: "-oFILE" or "-o FILE". */
static int short_options(const struct co_command *command, char ***words, void *settings)
{
    int rc = 0;
    for (const char *at = **words + 1; rc == 0 && *at; at++) {
        const struct co_option *option = find_letter(command, *at);
        if (!option)
            return unknown(command, (char[]){'-', *at, '\0'});
        if (option->type == CO_OPTION_FLAG) {
            rc = value_set(option, NULL, settings);
            continue;
        }
        const char *value = at[1] ? at + 1 : *++*words;
        if (value)
            return value_set(option, value, settings);
        co_error("-%c needs a value: -%c %s", *at, *at, option->value);
        return CO_EXIT_USAGE;
    }
    return rc;
}

static int operand(const struct co_command *command, const char *word, struct co_common *common)
{
    if (common->arguments.count < command->arguments_max)
        return list_add(&common->arguments, word);
    co_error(
        "unexpected argument \"%s\"; usage: coronet %s %s", word, command->name, command->usage);
    return CO_EXIT_USAGE;
}

int co_options_parse(const struct co_command *command, char **words, void *settings)
{
    struct co_common *common = settings;
    bool ended = false;
    int rc = 0;
    common->command = command;
    for (; rc == 0 && *words; words++) {
        const char *word = *words;
        if (ended || word[0] != '-' || word[1] == '\0')
            rc = operand(command, word, common);
        else if (strcmp(word, "--") == 0)
            ended = true;
        else if (word[1] == '-')
            rc = long_option(command, &words, settings);
        else
            rc = short_options(command, &words, settings);
        if (!*words)
            break; /* a value was missing: said above */
    }
    return rc;
}

void co_options_free(const struct co_command *command, void *settings)
{
    struct co_common *common = settings;
    struct co_option_walk walk = {command->options, 0};
    free(common->arguments.at);
    for (const struct co_option *option; (option = co_option_next(&walk));)
        if (option->type == CO_OPTION_LIST)
            free(((struct co_option_list *)(void *)((char *)settings + option->at))->at);
}
