/* SPDX-License-Identifier: MIT */
#include "codec/ftp_command.h"

#include <errno.h>

#define VERB_SIZE 8 /* of the longest, with its NUL */

/* Sorted, as the list is; the unknown verb's is empty and so the first. */
static const char verbs[CO_FTP_VERB_COUNT][VERB_SIZE] = {"",
#define VERB_NAME(name) #name,
    CO_FTP_VERBS(VERB_NAME)
#undef VERB_NAME
};

/* The names of before RFC 959, which RFC 1123 4.1.3.1 keeps alive. */
static const struct {
    char name[VERB_SIZE];
    enum co_ftp_verb verb;
} aliases[] = {
    {"XCUP", CO_FTP_CDUP},
    {"XCWD", CO_FTP_CWD},
    {"XMKD", CO_FTP_MKD},
    {"XPWD", CO_FTP_PWD},
    {"XRMD", CO_FTP_RMD},
};

/* What other protocols' clients begin with; the methods matter by their case (RFC 9110 9.1), SMTP's
 * words do not (RFC 5321 2.4). None is a verb of FTP's. */
static const char *const http_methods[] = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH",
    "POST", "PRI", "PROPFIND", "PUT", "TRACE"};
static const char *const mail_greetings[] = {"EHLO", "HELO", "LHLO"};

static bool is_verb_char(char c)
{
    return co_is_digit(c) || (co_lower(c) >= 'a' && co_lower(c) <= 'z');
}

static enum co_ftp_verb verb_of(co_text word)
{
    char name[VERB_SIZE] = {0};
    if (word.size >= VERB_SIZE)
        return CO_FTP_UNKNOWN;
    for (size_t i = 0; i < word.size; i++)
        name[i] = (char)(co_is_digit(word.at[i]) ? word.at[i] : word.at[i] & ~0x20);
    size_t low = CO_FTP_UNKNOWN + 1, high = CO_FTP_VERB_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(name, verbs[middle], VERB_SIZE);
        if (order == 0)
            return (enum co_ftp_verb)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    for (size_t i = 0; i < CO_LENGTH(aliases); i++)
        if (memcmp(name, aliases[i].name, VERB_SIZE) == 0)
            return aliases[i].verb;
    return CO_FTP_UNKNOWN;
}

/* What is left of a Telnet Synch whose urgent byte, an IAC, the system took out of the stream. */
static bool is_telnet_code(char c)
{
    return (uint8_t)c >= 0xF0;
}

int co_ftp_command_parse(co_text line, struct co_ftp_command *ret)
{
    size_t size = 0;
    while (line.size > 0 && is_telnet_code(line.at[0]))
        line = co_text_after(line, 1);
    while (size < line.size && is_verb_char(line.at[size]))
        size++;
    bool has_argument = size < line.size;
    if (size == 0 || (has_argument && line.at[size] != ' '))
        return CO_EINVALID;
    co_text name = {line.at, size}, argument = co_text_after(line, size + 1);
    enum co_ftp_verb verb = verb_of(name);
    for (size_t i = 0; i < argument.size; i++)
        if (co_ftp_breaks_line(argument.at[i]))
            return verb == CO_FTP_UNKNOWN ? CO_EINVALID : -EILSEQ;
    *ret = (struct co_ftp_command){verb, name, argument, has_argument};
    return 0;
}

const char *co_ftp_verb_name(enum co_ftp_verb verb)
{
    return verbs[verb];
}

bool co_ftp_is_other_protocol(co_text line)
{
    ssize_t space = co_text_find(line, ' ');
    co_text word = space < 0 ? line : (co_text){line.at, (size_t)space};
    /* A handshake record of TLS 1.0 to 1.3 (RFC 8446 5.1); SSH's version (RFC 4253 4.2). */
    if (co_text_starts(line, CO_TEXT("\x16\x03")) || co_text_starts(line, CO_TEXT("SSH-")))
        return true;
    for (size_t i = 0; i < CO_LENGTH(http_methods); i++)
        if (co_text_equal(word, co_text_of(http_methods[i])))
            return true;
    for (size_t i = 0; i < CO_LENGTH(mail_greetings); i++)
        if (co_text_equal_nocase(word, co_text_of(mail_greetings[i])))
            return true;
    return false;
}
