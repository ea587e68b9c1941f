/* SPDX-License-Identifier: MIT */
/* A control connection gives the same bytes and answers at every split of its input; its lines read
 * into words that lie within them, and addresses read as they are written. */
#include "codec/ftp_address.h"
#include "codec/ftp_command.h"
#include "codec/telnet.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX  4096
#define SPLITS_ALL 600 /* up to this size every split is tried */

struct outcome {
    struct co_telnet telnet;
    size_t size;
    struct co_buf answers;
    char bytes[INPUT_MAX];
};

/* The first piece has `first` bytes, those after it `step`. */
static void strip(
    const uint8_t *bytes, size_t size, size_t first, size_t step, struct outcome *outcome)
{
    outcome->telnet = (struct co_telnet){0};
    outcome->size = 0;
    co_buf_clear(&outcome->answers);
    for (size_t at = 0, piece = first; at < size; at += piece, piece = step) {
        char *room = outcome->bytes + outcome->size;
        piece = piece < size - at ? piece : size - at;
        memcpy(room, bytes + at, piece);
        size_t kept = co_telnet_strip(&outcome->telnet, room, piece, &outcome->answers);
        assert(kept <= piece);
        outcome->size += kept;
    }
    assert(outcome->answers.error == 0 && outcome->answers.size <= size);
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
    assert(a->telnet.state == b->telnet.state);
    assert(a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0);
    assert(co_text_equal(co_buf_text(&a->answers), co_buf_text(&b->answers)));
}

static void check_addresses(co_text argument)
{
    union co_ftp_address address, again;
    if (co_ftp_port_parse(argument, &address) == 0) {
        struct co_buf text = CO_BUF(24);
        co_ftp_port_write(&text, &address.v4);
        assert(text.error == 0 && co_ftp_port_parse(co_buf_text(&text), &again) == 0);
        assert(memcmp(&address.v4, &again.v4, sizeof address.v4) == 0);
        co_buf_free(&text);
    }
    int rc = co_ftp_eprt_parse(argument, &address);
    assert(rc == 0 || rc == CO_EINVALID || rc == -EAFNOSUPPORT);
    assert(rc || address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6);
}

static void check_line(co_text line)
{
    struct co_ftp_command command, again;
    bool other = co_ftp_is_other_protocol(line);
    if (co_ftp_command_parse(line, &command) < 0)
        return;
    while ((uint8_t)line.at[0] >= 0xF0) /* left of a Telnet Synch */
        line = co_text_after(line, 1);
    assert(command.name.at == line.at && command.name.size > 0);
    assert(command.name.size + command.has_argument + command.argument.size == line.size);
    assert(command.argument.at + command.argument.size == line.at + line.size);
    for (size_t i = 0; i < line.size; i++)
        assert(!co_ftp_breaks_line(line.at[i]));
    if (command.verb) {
        assert(!other);
        co_text name = co_text_of(co_ftp_verb_name(command.verb));
        assert(co_ftp_command_parse(name, &again) == 0 && again.verb == command.verb);
    }
    check_addresses(command.argument);
}

static void check_lines(co_text rest)
{
    while (rest.size) {
        ssize_t end = co_text_find(rest, '\n');
        co_text line = {rest.at, end < 0 ? rest.size : (size_t)end};
        rest = co_text_after(rest, line.size + 1);
        if (line.size && line.at[line.size - 1] == '\r')
            line.size--;
        check_line(line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole = {.answers = {.size_max = INPUT_MAX}};
    static struct outcome split = {.answers = {.size_max = INPUT_MAX}};
    if (size > INPUT_MAX)
        return 0;
    strip(data, size, size, 1, &whole);
    strip(data, size, 1, 1, &split);
    check_same(&whole, &split);
    for (size_t first = 0; first < size && size <= SPLITS_ALL; first++) {
        strip(data, size, first, size, &split);
        check_same(&whole, &split);
    }
    check_lines((co_text){whole.bytes, whole.size});
    check_addresses((co_text){(const char *)data, size});
    co_buf_free(&whole.answers);
    co_buf_free(&split.answers);
    return 0;
}
