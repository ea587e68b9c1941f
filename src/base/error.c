/* SPDX-License-Identifier: MIT */
/* The one table of error codes, as text. The fiber's detail is added a floor above (co_explain). */
#include "base/error.h"

#include <errno.h>

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

/* The system's that people meet, as they stand within a sentence, in any locale. */
static const struct {
    int code;
    const char *sentence;
} met[] = {
    {EACCES, "permission denied"},
    {EADDRINUSE, "address already in use"},
    {EADDRNOTAVAIL, "no such address here"},
    {EBADF, "bad file descriptor"},
    {EBUSY, "it is in use"},
    {ECONNABORTED, "connection aborted"},
    {ECONNREFUSED, "connection refused"},
    {ECONNRESET, "connection reset by peer"},
    {EDQUOT, "disk quota exceeded"},
    {EEXIST, "file exists"},
    {EFBIG, "file too large"},
    {EHOSTUNREACH, "no route to host"},
    {EINVAL, "invalid argument"},
    {EIO, "input/output error"},
    {EISDIR, "is a directory"},
    {ELOOP, "too many levels of symbolic links"},
    {EMFILE, "too many open files"},
    {ENAMETOOLONG, "file name too long"},
    {ENETDOWN, "network is down"},
    {ENETUNREACH, "network is unreachable"},
    {ENFILE, "too many open files in system"},
    {ENOENT, "no such file or directory"},
    {ENOMEM, "cannot allocate memory"},
    {ENOSPC, "no space left on device"},
    {ENOSYS, "function not implemented"},
    {ENOTCONN, "not connected"},
    {ENOTDIR, "not a directory"},
    {ENOTEMPTY, "directory not empty"},
    {EOPNOTSUPP, "operation not supported"},
    {EPERM, "operation not permitted"},
    {EPIPE, "broken pipe"},
    {EROFS, "read-only file system"},
    {ETIMEDOUT, "connection timed out"},
    {EXDEV, "it is on another file system"},
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
    for (size_t i = 0; i < CO_LENGTH(met); i++)
        if (met[i].code == -code)
            return met[i].sentence;
    const char *sentence = strerrordesc_np(-code);
    return sentence ? sentence : "unknown error";
}
