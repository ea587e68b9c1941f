/* SPDX-License-Identifier: MIT */
/*
 * Users as text: NAME:HASH:KEY=VALUE KEY=VALUE ... on a line. What is read wrong is refused with
 * the line's number, never passed over: a misspelt right must not become another one.
 */
#include "auth/password.h"
#include "auth/users.h"

#include <errno.h>

#define HEX_DIGITS "0123456789ABCDEF"

struct reader {
    struct co_users *users;
    struct co_buf *message;
    unsigned line;
    char name[CO_USER_NAME_MAX + 1], hash[CO_HASH_MAX], home[CO_USER_HOME_MAX + 1];
};

static const struct {
    const char *name;
    unsigned right;
} rights[] = {
    {"read", CO_MAY_READ},
    {"list", CO_MAY_LIST},
    {"add", CO_MAY_ADD},
    {"change", CO_MAY_CHANGE},
};

static const char size_units[] = "KMGT"; /* each 1024 times the one before */

/* The part of the text up to the separator or the end; the text goes on behind it. */
static co_text take_until(co_text *text, char separator)
{
    ssize_t at = co_text_find(*text, separator);
    co_text part = {text->at, at < 0 ? text->size : (size_t)at};
    *text = co_text_after(*text, part.size + 1);
    return part;
}

/* ---- reading ------------------------------------------------------------------------------ */

int co_user_rights_parse(co_text text, unsigned *ret)
{
    unsigned found = 0;
    do {
        co_text word = take_until(&text, ',');
        size_t i = 0;
        while (i < CO_LENGTH(rights) && !co_text_equal(word, co_text_of(rights[i].name)))
            i++;
        if (i == CO_LENGTH(rights))
            return CO_EINVALID;
        found |= rights[i].right;
    } while (text.size > 0);
    *ret = found;
    return 0;
}

static int size_parse(co_text text, uint64_t *ret)
{
    uint64_t factor = 1, number;
    const char *unit = text.size ? strchr(size_units, text.at[text.size - 1]) : NULL;
    if (unit && *unit) {
        factor = UINT64_C(1024) << 10 * (unit - size_units);
        text.size--;
    }
    if (co_text_number(text, INT64_MAX / factor, &number) < 0)
        return CO_EINVALID;
    *ret = number * factor;
    return 0;
}

static int hex_value(char c)
{
    if (co_is_digit(c))
        return c - '0';
    c = co_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int home_parse(co_text text, char ret[CO_USER_HOME_MAX + 1])
{
    size_t size = 0;
    for (; text.size > 0 && size < CO_USER_HOME_MAX; text = co_text_after(text, 1)) {
        char byte = text.at[0];
        if (byte == '%') {
            int high = text.size > 2 ? hex_value(text.at[1]) : -1;
            int low = text.size > 2 ? hex_value(text.at[2]) : -1;
            if (high < 0 || low < 0)
                return CO_EINVALID;
            byte = (char)(high << 4 | low);
            text = co_text_after(text, 2);
        }
        ret[size++] = byte;
    }
    ret[size] = '\0';
    return text.size > 0 || !co_user_home_is_good((co_text){ret, size}) ? CO_EINVALID : 0;
}

static int refuse(struct reader *reader, const char *why)
{
    if (reader->message)
        co_buf_addf(reader->message, "line %u: %s", reader->line, why);
    return CO_EINVALID;
}

static int field_read(struct reader *reader, co_text field, struct co_user *user)
{
    co_text key = take_until(&field, '=');
    if (co_text_equal(key, CO_TEXT("home")))
        return home_parse(field, reader->home) == 0
                   ? 0
                   : refuse(reader, "home must be a folder below the served one: no '..', no '/' "
                                    "before or behind it");
    if (co_text_equal(key, CO_TEXT("rights")))
        return co_user_rights_parse(field, &user->rights) == 0
                   ? 0
                   : refuse(reader, "rights must be some of read,list,add,change");
    if (co_text_equal(key, CO_TEXT("quota")))
        return size_parse(field, &user->quota) == 0
                   ? 0
                   : refuse(reader, "quota must be a number of bytes, such as 500M or 10G");
    if (co_text_equal(key, CO_TEXT("rate")))
        return size_parse(field, &user->rate) == 0
                   ? 0
                   : refuse(reader, "rate must be a number of bytes a second, such as 500K or 1M");
    return refuse(reader, "only home=, rights=, quota= and rate= may follow the hash");
}

/* Copies with a NUL; what is too long becomes empty, which is no name and no hash. */
static void copy(char *to, size_t room, co_text text)
{
    size_t size = text.size < room && co_text_find(text, '\0') < 0 ? text.size : 0;
    if (size > 0)
        memcpy(to, text.at, size);
    to[size] = '\0';
}

static int line_read(struct reader *reader, co_text line)
{
    struct co_user user = {
        .name = reader->name,
        .hash = reader->hash,
        .home = reader->home,
        .rights = CO_MAY_ALL,
    };
    copy(reader->name, sizeof reader->name, take_until(&line, ':'));
    copy(reader->hash, sizeof reader->hash, take_until(&line, ':'));
    reader->home[0] = '\0';
    if (!co_user_name_is_good(co_text_of(reader->name)))
        return refuse(reader, "no user's name, then ':', at its start");
    while (line.size > 0) {
        co_text field = take_until(&line, ' ');
        int rc = field.size > 0 ? field_read(reader, field, &user) : 0;
        if (rc < 0)
            return rc;
    }
    int rc = co_users_add(reader->users, &user);
    if (rc == -EEXIST)
        return refuse(reader, "a user of this name stands above already");
    if (rc == CO_EINVALID && co_users_count(reader->users) == CO_USERS_MAX)
        return refuse(reader, "too many users");
    if (rc == CO_EINVALID)
        return refuse(
            reader, "the hash is neither yescrypt ($y$), bcrypt ($2b$) nor SHA-512 ($6$)");
    return rc;
}

int co_users_parse(struct co_users **ret, co_text text, struct co_buf *message)
{
    struct reader reader = {.message = message, .line = 1};
    if (text.size > CO_USERS_BYTES_MAX)
        return refuse(&reader, "the file is too large");
    int rc = co_users_new(&reader.users);
    for (co_text line; rc == 0 && co_text_next_line(&text, &line); reader.line++) {
        line = co_text_trim(line);
        if (line.size > 0 && line.at[0] != '#')
            rc = line_read(&reader, line);
    }
    if (rc == 0)
        *ret = reader.users;
    else
        co_users_free(reader.users);
    return rc;
}

/* ---- writing ------------------------------------------------------------------------------ */

static void home_add(struct co_buf *out, const char *home)
{
    co_buf_add_string(out, " home=");
    for (; *home; home++) {
        unsigned char byte = (unsigned char)*home;
        if (byte > ' ' && byte <= '~' && byte != '%') {
            co_buf_add_char(out, *home);
            continue;
        }
        co_buf_add_char(out, '%');
        co_buf_add_char(out, HEX_DIGITS[byte >> 4]);
        co_buf_add_char(out, HEX_DIGITS[byte & 15]);
    }
}

static void rights_add(struct co_buf *out, unsigned set)
{
    char before = '=';
    assert(set != 0);
    co_buf_add_string(out, "rights");
    for (size_t i = 0; i < CO_LENGTH(rights); i++) {
        if (!(set & rights[i].right))
            continue;
        co_buf_add_char(out, before);
        co_buf_add_string(out, rights[i].name);
        before = ',';
    }
}

/* In the largest unit in which the number is whole. */
static void size_add(struct co_buf *out, const char *key, uint64_t number)
{
    const char *unit = size_units;
    if (number == 0)
        return;
    co_buf_add_string(out, key);
    if (number % 1024 != 0) {
        co_buf_add_number(out, number);
        return;
    }
    for (number /= 1024; number % 1024 == 0 && unit[1]; unit++)
        number /= 1024;
    co_buf_add_number(out, number);
    co_buf_add_char(out, *unit);
}

void co_users_write(struct co_buf *out, const struct co_user *user)
{
    co_buf_addf(out, "%s:%s:", user->name, user->hash);
    rights_add(out, user->rights);
    if (user->home[0])
        home_add(out, user->home);
    size_add(out, " quota=", user->quota);
    size_add(out, " rate=", user->rate);
    co_buf_add_char(out, '\n');
}

/* Writes all lines, the named user's as `user`, or not at all when that is NULL. True: it was
 * there. */
static bool edit(struct co_buf *out, co_text text, co_text name, const struct co_user *user)
{
    bool found = false;
    while (text.size > 0) {
        co_text line = take_until(&text, '\n'), rest = co_text_trim(line);
        if (co_text_equal(take_until(&rest, ':'), name)) {
            found = true;
            if (user)
                co_users_write(out, user);
            continue;
        }
        co_buf_add_text(out, line);
        co_buf_add_char(out, '\n');
    }
    return found;
}

void co_users_edit(struct co_buf *out, co_text text, const struct co_user *user)
{
    if (!edit(out, text, co_text_of(user->name), user))
        co_users_write(out, user);
}

void co_users_edit_out(struct co_buf *out, co_text text, co_text name)
{
    edit(out, text, name, NULL);
}
