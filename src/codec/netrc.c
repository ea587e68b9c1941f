/* SPDX-License-Identifier: MIT */
#include "codec/netrc.h"

struct reader {
    co_text rest;
    struct co_buf word; /* the latest */
    bool quoted;        /* it was in quotes: no keyword, whatever it says */
};

/* Of the entry that is being read. */
struct entry {
    bool is_meant; /* of the host or a default, and nothing has been found yet */
    struct co_netrc_login login;
    bool has_login;
};

struct search {
    co_text host, login;
    struct co_netrc_login *ret;
    bool found;
    bool has_spare; /* *ret has no login: it will do where no entry with one follows */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_line(co_text *text)
{
    ssize_t end = co_text_find(*text, '\n');
    *text = end < 0 ? (co_text){0} : co_text_after(*text, (size_t)end + 1);
}

static void skip_space(co_text *text)
{
    while (text->size && is_space(text->at[0]))
        *text = co_text_after(*text, 1);
}

static char unescape(char c)
{
    return (char)(c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c);
}

static int take_quoted(struct reader *reader)
{
    co_text text = reader->rest;
    for (size_t i = 1; i < text.size; i++) {
        char c = text.at[i];
        if (c == '"') {
            reader->rest = co_text_after(text, i + 1);
            /* `"a"b`: what should that be? */
            bool ends = reader->rest.size == 0 || is_space(reader->rest.at[0]);
            return ends ? reader->word.error : CO_EINVALID;
        }
        if (c == '\\') {
            if (++i == text.size)
                break;
            c = unescape(text.at[i]);
        } else if (c == '\n') {
            break;
        }
        co_buf_add_char(&reader->word, c);
    }
    return reader->word.error ? reader->word.error : CO_EINVALID;
}

/* Takes the next word. 1, 0 at the file's end. */
static int take_word(struct reader *reader)
{
    co_buf_clear(&reader->word);
    skip_space(&reader->rest);
    if (reader->rest.size == 0)
        return 0;
    reader->quoted = reader->rest.at[0] == '"';
    if (reader->quoted) {
        int rc = take_quoted(reader);
        return rc < 0 ? rc : 1;
    }
    size_t size = 0;
    while (size < reader->rest.size && !is_space(reader->rest.at[size]))
        size++;
    co_buf_add(&reader->word, reader->rest.at, size);
    reader->rest = co_text_after(reader->rest, size);
    return reader->word.error ? reader->word.error : 1;
}

/* Takes the word that belongs to a keyword. */
static int take_value(struct reader *reader, struct co_buf *ret)
{
    int rc = take_word(reader);
    if (rc <= 0)
        return rc < 0 ? rc : CO_EINVALID;
    if (ret) {
        co_buf_clear(ret);
        co_buf_add_text(ret, co_buf_text(&reader->word));
        return ret->error;
    }
    return 0;
}

/* The lines of a macro end with an empty one. */
static void skip_macro(struct reader *reader)
{
    co_text line;
    skip_line(&reader->rest);
    do {
        line = reader->rest;
        skip_line(&reader->rest);
    } while (line.size && line.at[0] != '\n' && !co_text_starts(line, CO_TEXT("\r\n")));
}

static void keep(struct search *search, co_text name, const struct co_netrc_login *login)
{
    struct co_netrc_login *ret = search->ret;
    co_buf_clear(&ret->name);
    co_buf_clear(&ret->password);
    co_buf_clear(&ret->account);
    co_buf_add_text(&ret->name, name);
    co_buf_add_text(&ret->password, co_buf_text(&login->password));
    co_buf_add_text(&ret->account, co_buf_text(&login->account));
}

/* The entry is over: is it the one? */
static void finish(struct search *search, struct entry *entry)
{
    struct co_netrc_login *login = &entry->login;
    co_text name = co_buf_text(&login->name), wanted = search->login;
    bool is_open = entry->is_meant && !search->found;
    if (is_open && entry->has_login && (wanted.size == 0 || co_text_equal(wanted, name))) {
        keep(search, name, login);
        search->found = true;
    } else if (is_open && !entry->has_login && wanted.size && login->password.size &&
               !search->has_spare) {
        keep(search, wanted, login);
        search->has_spare = true;
    }
    co_buf_clear(&login->name);
    co_buf_clear(&login->password);
    co_buf_clear(&login->account);
    entry->is_meant = entry->has_login = false;
}

static bool word_is(const struct reader *reader, const char *keyword)
{
    return !reader->quoted && co_text_equal(co_buf_text(&reader->word), co_text_of(keyword));
}

/* One keyword, with what belongs to it. */
static int take_keyword(struct reader *reader, struct search *search, struct entry *entry)
{
    int rc = 0;
    if (word_is(reader, "machine")) {
        finish(search, entry);
        rc = take_value(reader, NULL);
        entry->is_meant = rc == 0 && co_text_equal_nocase(co_buf_text(&reader->word), search->host);
    } else if (word_is(reader, "default")) {
        finish(search, entry);
        entry->is_meant = true;
    } else if (word_is(reader, "login")) {
        rc = take_value(reader, &entry->login.name);
        entry->has_login = true;
    } else if (word_is(reader, "password")) {
        rc = take_value(reader, &entry->login.password);
    } else if (word_is(reader, "account")) {
        rc = take_value(reader, &entry->login.account);
    } else if (word_is(reader, "macdef")) {
        skip_macro(reader);
    } else {
        rc = CO_EINVALID;
    }
    return rc;
}

int co_netrc_find(co_text file, co_text host, co_text login, struct co_netrc_login *ret)
{
    struct reader reader = {.rest = file, .word = CO_BUF(CO_NETRC_WORD_MAX)};
    struct search search = {.host = host, .login = login, .ret = ret};
    struct entry entry = {.login = CO_NETRC_LOGIN};
    int rc = file.size > CO_NETRC_BYTES_MAX ? CO_ETOOBIG : 0;
    while (rc == 0) {
        skip_space(&reader.rest);
        if (co_text_starts(reader.rest, CO_TEXT("#"))) {
            skip_line(&reader.rest);
            continue;
        }
        rc = take_word(&reader);
        if (rc <= 0)
            break;
        rc = take_keyword(&reader, &search, &entry);
    }
    if (rc == 0)
        finish(&search, &entry);
    co_buf_free(&reader.word);
    co_netrc_login_free(&entry.login);
    rc = rc < 0 ? rc : ret->name.error;
    rc = rc < 0 ? rc : ret->password.error;
    rc = rc < 0 ? rc : ret->account.error;
    return rc < 0 ? rc : search.found || search.has_spare;
}

void co_netrc_login_free(struct co_netrc_login *login)
{
    co_buf_free(&login->name);
    co_buf_free(&login->password);
    co_buf_free(&login->account);
}
