/* SPDX-License-Identifier: MIT */
/* Any entry makes one line in each form, and what is written reads back: times, lists of facts,
 * quoted paths. The entry's numbers are the first bytes of the input, the rest is its name. */
#include "codec/ftp_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (1 << 16)
#define NOW     1795833240 /* 2026-11-28T02:34:00Z */

struct numbers {
    int64_t modified_seconds;
    uint64_t size, inode;
    uint32_t mode;
    uint8_t may, kind, facts;
} __attribute__((packed));

/* Does the name stand at the end of the text, but for what breaks lines? */
static void check_name(co_text text, co_text name)
{
    assert(text.size > name.size && text.at[text.size - name.size - 1] == ' ');
    const char *shown = text.at + text.size - name.size;
    for (size_t i = 0; i < name.size; i++) {
        bool breaks = name.at[i] == '\r' || name.at[i] == '\n' || name.at[i] == '\0';
        assert(shown[i] == (breaks ? '?' : name.at[i]));
    }
    assert(co_ftp_name_is_shown(text));
}

static void check_list(const struct co_ftp_shown *entry)
{
    struct co_buf out = CO_BUF(OUT_MAX);
    co_ftp_list_line(&out, entry, NOW);
    assert(out.error == 0 && out.size >= 57 && memcmp(out.at + out.size - 2, "\r\n", 2) == 0);
    check_name((co_text){out.at, out.size - 2}, entry->name);
    co_buf_free(&out);
}

static void check_facts(const struct co_ftp_shown *entry, unsigned facts)
{
    struct co_buf out = CO_BUF(OUT_MAX);
    co_ftp_facts_write(&out, entry, facts);
    assert(out.error == 0);
    check_name(co_buf_text(&out), entry->name);
    for (size_t i = 0; i + 1 < out.size - entry->name.size; i++)
        assert(out.at[i] != ' '); /* none before the one that ends the facts (RFC 3659 7.2) */
    co_buf_clear(&out);
    co_ftp_facts_chosen(&out, facts);
    assert(co_ftp_facts_parse(co_buf_text(&out)) == facts);
    co_buf_clear(&out);
    co_ftp_facts_names(&out, facts);
    assert(out.error == 0);
    co_buf_free(&out);
}

static void check_times(int64_t seconds, co_text text)
{
    char digits[CO_FTP_TIME_SIZE];
    int64_t ns;
    co_ftp_time_write(digits, seconds);
    if (co_ftp_time_parse((co_text){digits, sizeof digits}, &ns) == 0)
        assert(ns == seconds * CO_SECOND);
    if (co_ftp_time_parse(text, &ns) < 0)
        return;
    int64_t whole = ns / CO_SECOND - (ns % CO_SECOND < 0);
    co_ftp_time_write(digits, whole);
    assert(text.at[12] == '6' || memcmp(digits, text.at, sizeof digits) == 0); /* :60 is the next */
}

/* What a client takes out of the quotes is the path, up to a quote that is not doubled. */
static void check_quote(co_text path)
{
    struct co_buf out = CO_BUF(OUT_MAX);
    size_t at = 0;
    co_ftp_quote(&out, path);
    co_buf_add_string(&out, "\" ");
    assert(out.error == 0);
    for (size_t i = 0; i < path.size; i++) {
        bool breaks = path.at[i] == '\r' || path.at[i] == '\n' || path.at[i] == '\0';
        assert(out.at[at] == (breaks ? '?' : path.at[i]));
        if (out.at[at++] == '"')
            assert(out.at[at++] == '"');
    }
    assert(at + 2 == out.size);
    co_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct numbers numbers = {0};
    size_t head = size < sizeof numbers ? size : sizeof numbers;
    memcpy(&numbers, data, head);
    struct co_ftp_shown entry = {
        .name = {(const char *)data + head, size - head},
        .folder = numbers.kind & 1,
        .current = numbers.kind & 2,
        .parent = numbers.kind & 4,
        .size = numbers.size,
        .modified_seconds = numbers.modified_seconds,
        .mode = numbers.mode,
        .inode = numbers.inode,
        .device = numbers.size,
        .may = numbers.may,
    };
    check_list(&entry);
    check_facts(&entry, numbers.facts & CO_FTP_FACTS_ALL);
    check_times(numbers.modified_seconds, entry.name);
    check_quote(entry.name);
    co_ftp_facts_parse(entry.name);
    return 0;
}
