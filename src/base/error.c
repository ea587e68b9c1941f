/* SPDX-License-Identifier: MIT */
/* The one table of error codes, as text. The fiber's detail is added a floor above (co_explain). */
#include "base/error.h"

#ifndef __GLIBC__
/* Elsewhere (musl) strerror is free of locale and threads' races too, and there are no names. */
# define strerrorname_np(number) NULL
# define strerrordesc_np(number) strerror(number)
#endif

static const struct {
    int code;
    const char *name, *sentence;
} errors[] = {
#define ERROR_ROW(name, code, sentence) {code, #name, sentence},
    CO_ERRORS(ERROR_ROW)
#undef ERROR_ROW
};

const char *co_error_name(int code)
{
    for (size_t i = 0; i < CO_LENGTH(errors); i++)
        if (errors[i].code == code)
            return errors[i].name;
    const char *name = code < 0 ? strerrorname_np(-code) : NULL;
    return name ? name : "unknown";
}

const char *co_error_sentence(int code)
{
    if (code >= 0)
        return "success";
    for (size_t i = 0; i < CO_LENGTH(errors); i++)
        if (errors[i].code == code)
            return errors[i].sentence;
    const char *sentence = strerrordesc_np(-code);
    return sentence ? sentence : "unknown error";
}
