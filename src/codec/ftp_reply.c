/* SPDX-License-Identifier: MIT */
#include "codec/ftp_reply.h"

#define CODE_SIZE  3
#define EPSV_FENCE 3 /* delimiters before the port */

/* ---- lines ----------------------------------------------------------------------------------- */

/* "CODE", before a space, a hyphen or the end; 0 when the line does not begin so. */
static int code_of(co_text line)
{
    if (line.size < CODE_SIZE || line.at[0] < '1' || line.at[0] > '5' || !co_is_digit(line.at[1]) ||
        !co_is_digit(line.at[2]))
        return 0;
    if (line.size > CODE_SIZE && line.at[CODE_SIZE] != ' ' && line.at[CODE_SIZE] != '-')
        return 0;
    return (line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 + (line.at[2] - '0');
}

static bool goes_on(co_text line)
{
    return line.size > CODE_SIZE && line.at[CODE_SIZE] == '-';
}

/* ---- a whole reply --------------------------------------------------------------------------- */

/* A line more. 1: the reply ends with it; 0; CO_EFTP. */
static int take_line(struct co_ftp_reply_scan *scan, co_text line)
{
    int code = code_of(line);
    if (scan->lines++ == 0) {
        scan->code = code;
        return code == 0 ? CO_EFTP : !goes_on(line);
    }
    return code == scan->code && !goes_on(line);
}

ssize_t co_ftp_reply_size(co_text text, struct co_ftp_reply_scan *scan)
{
    int ends = 0;
    while (ends == 0) {
        co_text rest = co_text_after(text, scan->scanned), line;
        if (scan->lines >= CO_FTP_REPLY_LINES_MAX)
            return CO_ETOOBIG;
        if (co_text_find(rest, '\n') < 0)
            return text.size >= CO_FTP_REPLY_MAX ? CO_ETOOBIG : 0;
        co_text_next_line(&rest, &line);
        scan->scanned = text.size - rest.size;
        if (scan->scanned > CO_FTP_REPLY_MAX)
            return CO_ETOOBIG;
        ends = take_line(scan, line);
    }
    return ends < 0 ? ends : (ssize_t)scan->scanned;
}

int co_ftp_reply_code(co_text reply)
{
    return code_of((co_text){reply.at, reply.size < CODE_SIZE ? reply.size : CODE_SIZE});
}

static co_text text_of(co_text line, int code)
{
    return co_text_trim(code_of(line) == code ? co_text_after(line, CODE_SIZE + 1) : line);
}

co_text co_ftp_reply_inner(co_text line)
{
    bool coded = code_of(line) > 0 && goes_on(line);
    if (coded)
        line = co_text_after(line, CODE_SIZE + 1);
    if (co_text_starts(line, CO_TEXT(" ")))
        return co_text_after(line, 1);
    return coded ? line : (co_text){0};
}

co_text co_ftp_reply_gist(co_text reply)
{
    int code = co_ftp_reply_code(reply);
    co_text line, first = {0}, last = {0};
    while (co_text_next_line(&reply, &line)) {
        last = text_of(line, code);
        if (first.size == 0)
            first = last;
    }
    return last.size ? last : first;
}

/* ---- what the answers hold ------------------------------------------------------------------- */

/* A number of up to three digits at the beginning, at most 255; taken off. */
static bool take_byte(co_text *rest, unsigned *ret)
{
    size_t digits = 0;
    unsigned number = 0;
    while (digits < rest->size && digits < 3 && co_is_digit(rest->at[digits]))
        number = number * 10 + (unsigned)(rest->at[digits++] - '0');
    *rest = co_text_after(*rest, digits);
    *ret = number;
    return digits > 0 && number <= UINT8_MAX;
}

static bool take_six(co_text text, unsigned bytes[6])
{
    for (size_t i = 0; i < 6; i++) {
        if (i > 0 && (text.size == 0 || text.at[0] != ','))
            return false;
        if (i > 0)
            text = co_text_after(text, 1);
        if (!take_byte(&text, &bytes[i]))
            return false;
    }
    return text.size == 0 || !co_is_digit(text.at[0]);
}

int co_ftp_reply_passive(co_text reply, uint16_t *ret_port)
{
    co_text rest = co_text_after(reply, CODE_SIZE + 1);
    unsigned bytes[6];
    for (bool after_digit = false; rest.size > 0; rest = co_text_after(rest, 1)) {
        bool is_digit = co_is_digit(rest.at[0]);
        if (is_digit && !after_digit && take_six(rest, bytes)) {
            *ret_port = (uint16_t)(bytes[4] << 8 | bytes[5]);
            return *ret_port ? 0 : CO_EFTP;
        }
        after_digit = is_digit;
    }
    return CO_EFTP;
}

int co_ftp_reply_extended(co_text reply, uint16_t *ret_port)
{
    ssize_t bracket = co_text_find(reply, '(');
    co_text rest = co_text_after(reply, (size_t)bracket + 1);
    uint64_t port;
    if (bracket < 0 || rest.size < EPSV_FENCE || rest.at[0] < 33 || rest.at[0] > 126 ||
        rest.at[1] != rest.at[0] || rest.at[2] != rest.at[0])
        return CO_EFTP;
    char delimiter = rest.at[0];
    rest = co_text_after(rest, EPSV_FENCE);
    ssize_t end = co_text_find(rest, delimiter);
    if (end <= 0 || rest.size == (size_t)end + 1 || rest.at[end + 1] != ')' ||
        co_text_number((co_text){rest.at, (size_t)end}, UINT16_MAX, &port) < 0 || port == 0)
        return CO_EFTP;
    *ret_port = (uint16_t)port;
    return 0;
}

ssize_t co_ftp_reply_quoted(co_text reply, char *ret, size_t size)
{
    ssize_t quote = co_text_find(reply, '"');
    co_text rest = co_text_after(reply, (size_t)quote + 1);
    size_t length = 0;
    if (quote < 0)
        return CO_EFTP;
    for (; rest.size > 0; rest = co_text_after(rest, 1)) {
        if (rest.at[0] == '"') {
            rest = co_text_after(rest, 1);
            if (rest.size == 0 || rest.at[0] != '"')
                break;
        }
        if (rest.at[0] == '\n' || rest.at[0] == '\r')
            break;
        if (rest.at[0] == '\0')
            return CO_EFTP;
        if (length + 1 >= size)
            return CO_ETOOBIG;
        ret[length++] = rest.at[0];
        if (co_text_starts(rest, CO_TEXT("\xff\xff"))) /* Telnet's doubling (RFC 854) */
            rest = co_text_after(rest, 1);
    }
    ret[length] = '\0';
    return (ssize_t)length;
}

bool co_ftp_reply_bytes(co_text reply, uint64_t *ret)
{
    const co_text unit = CO_TEXT(" bytes");
    for (ssize_t bracket; (bracket = co_text_find(reply, '(')) >= 0;) {
        reply = co_text_after(reply, (size_t)bracket + 1);
        size_t digits = 0;
        while (digits < reply.size && co_is_digit(reply.at[digits]))
            digits++;
        if (digits > 0 && co_text_starts(co_text_after(reply, digits), unit))
            return co_text_number((co_text){reply.at, digits}, INT64_MAX, ret) == 0;
    }
    return false;
}
