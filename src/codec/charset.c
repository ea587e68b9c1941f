/* SPDX-License-Identifier: MIT */
#include "codec/charset.h"

#define OPEN  CO_SET_VALUE                                 /* in values only */
#define MARK  (CO_SET_VALUE | CO_SET_ETAG)                 /* visible, but a delimiter elsewhere */
#define DELIM (CO_SET_VALUE | CO_SET_ETAG | CO_SET_TARGET) /* a delimiter of tokens */
#define TCHAR (DELIM | CO_SET_TOKEN)

const uint8_t co_charsets[256] = {
    ['\t'] = OPEN,
    [' '] = OPEN,
    ['!'] = TCHAR,
    ['"'] = CO_SET_VALUE | CO_SET_TARGET,
    ['#'] = MARK | CO_SET_TOKEN,
    ['$' ... '\''] = TCHAR,
    ['(' ... ')'] = DELIM,
    ['*' ... '+'] = TCHAR,
    [','] = DELIM,
    ['-' ... '.'] = TCHAR,
    ['/'] = DELIM,
    ['0' ... '9'] = TCHAR,
    [':' ... '@'] = DELIM,
    ['A' ... 'Z'] = TCHAR,
    ['['] = DELIM,
    ['\\'] = MARK,
    [']'] = DELIM,
    ['^' ... 'z'] = TCHAR,
    ['{'] = DELIM,
    ['|'] = TCHAR,
    ['}'] = DELIM,
    ['~'] = TCHAR,
    [0x80 ... 0xff] = MARK | CO_SET_TARGET,
};
