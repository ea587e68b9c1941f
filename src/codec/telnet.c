/* SPDX-License-Identifier: MIT */
/*
 * No option is ever agreed to, so there is none to keep, and no sub-negotiation that could mean
 * anything. One that does not end takes everything up to the next command (RFC 855): a Synch still
 * gets through, and nothing is stored.
 *
 *   DATA <-> AFTER_IAC -> OPTION -> DATA
 *                \-> SUB <-> SUB_IAC -> as AFTER_IAC
 */
#include "codec/telnet.h"

enum state {
    DATA,
    AFTER_IAC, /* an IAC was the last byte */
    OPTION,    /* WILL, WONT, DO or DONT was; its option comes */
    SUB,       /* in a sub-negotiation */
    SUB_IAC,   /* an IAC in it was the last byte */
};

/* RFC 854, "Telnet command structure"; EOF is RFC 1184's. */
enum code {
    CODE_FIRST = 236, /* EOF: the lowest that was ever given out */
    SE = 240,
    SB = 250,
    WILL,
    WONT,
    DO,
    DONT,
    IAC,
};

/* A refusal is answered to no refusal, or two of us would never end (RFC 854, "Negotiation"). */
static void refuse(uint8_t verb, uint8_t option, struct co_buf *answers)
{
    if (verb == WILL || verb == DO)
        co_buf_add(answers, (uint8_t[3]){IAC, verb == WILL ? DONT : WONT, option}, 3);
}

/* The byte behind an IAC; true when it is data. */
static bool take_code(struct co_telnet *telnet, uint8_t byte)
{
    telnet->state = DATA;
    if (byte < CODE_FIRST || byte == IAC)
        return true;
    if (byte == SB)
        telnet->state = SUB;
    if (byte >= WILL) {
        telnet->state = OPTION;
        telnet->verb = byte;
    }
    return false;
}

/* True when the byte is data. */
static bool take(struct co_telnet *telnet, uint8_t byte, struct co_buf *answers)
{
    switch ((enum state)telnet->state) {
    case DATA:
        if (byte != IAC)
            return true;
        telnet->state = AFTER_IAC;
        return false;
    case AFTER_IAC: return take_code(telnet, byte);
    case OPTION:
        refuse(telnet->verb, byte, answers);
        telnet->state = DATA;
        return false;
    case SUB:
        if (byte == IAC)
            telnet->state = SUB_IAC;
        return false;
    case SUB_IAC:
        telnet->state = SUB;
        return byte >= CODE_FIRST && byte != IAC && take_code(telnet, byte);
    }
    return false;
}

void co_telnet_write(struct co_buf *out, co_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        co_buf_add_char(out, text.at[i]);
        if ((uint8_t)text.at[i] == IAC)
            co_buf_add_char(out, text.at[i]);
    }
}

size_t co_telnet_strip(struct co_telnet *telnet, char *bytes, size_t size, struct co_buf *answers)
{
    const char *iac = telnet->state == DATA && size ? memchr(bytes, IAC, size) : bytes;
    if (!iac)
        return size; /* nearly always */
    size_t kept = (size_t)(iac - bytes);
    for (size_t i = kept; i < size; i++)
        if (take(telnet, (uint8_t)bytes[i], answers))
            bytes[kept++] = bytes[i];
    return kept;
}
