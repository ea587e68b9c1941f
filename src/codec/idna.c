/* SPDX-License-Identifier: MIT */
/* The one room that knows libidn2. */
#include "codec/idna.h"

#include <errno.h>
#include <idn2.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 1024 /* more than any name whose ASCII form DNS would take */

static bool is_name_byte(char c)
{
    return (co_lower(c) >= 'a' && co_lower(c) <= 'z') || co_is_digit(c) || c == '-' || c == '_' ||
           c == '.';
}

/* Many characters are mapped to ASCII ones: a full-width slash to a slash. What comes of that must
 * be a name still. */
static bool is_name(const char *name)
{
    const char *label = strrchr(name, '.');
    label = label ? label + 1 : name;
    for (const char *at = name; *at; at++)
        if (!is_name_byte(*at))
            return false;
    return !co_is_digit(*label);
}

int co_idna_to_ascii(co_text name, struct co_buf *out)
{
    if (name.size > NAME_MAX_BYTES || co_text_find(name, '\0') >= 0)
        return CO_EINVALID;
    char *utf8 = co_text_copy(name), *ascii = NULL;
    if (!utf8)
        return -ENOMEM;
    int rc = idn2_to_ascii_8z(utf8, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    free(utf8);
    if (rc != IDN2_OK)
        return rc == IDN2_MALLOC ? -ENOMEM : CO_EINVALID;
    rc = is_name(ascii) ? 0 : CO_EINVALID;
    if (rc == 0)
        co_buf_add_string(out, ascii);
    idn2_free(ascii);
    return rc < 0 ? rc : out->error;
}
