/* SPDX-License-Identifier: MIT */
#include "cmd/message.h"

#include "app/log.h"
#include "coronet/fiber.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define TEXT_MAX 1024 /* bytes of a message before escaping; the rest is cut off */
#define LINE_MAX 8192

/* One write for a line, so that those of several threads stay apart. Standard error that cannot be
 * written to has nobody to be told about it. */
__attribute__((format(printf, 2, 0))) static void say(
    const char *prefix, const char *format, va_list values)
{
    char text[TEXT_MAX];
    struct co_buf line = CO_BUF(LINE_MAX);
    vsnprintf(text, sizeof text, format, values);
    co_buf_add_string(&line, prefix);
    co_log_printable(&line, text);
    co_buf_add_char(&line, '\n');
    ssize_t written = line.error ? 0 : write(STDERR_FILENO, line.at, line.size);
    (void)written;
    co_buf_free(&line);
}

void co_error(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say("coronet: ", format, values);
    va_end(values);
}

void co_say(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say("", format, values);
    va_end(values);
}

void co_error_of_start(int rc, const char *backend)
{
    if (rc == -ENOSYS || rc == -EINVAL)
        co_error("the backend asked for by %s is not to be had here",
            backend ? "--backend" : "CORONET_BACKEND");
    else
        co_error("%s", co_explain(rc));
}
