/* SPDX-License-Identifier: MIT */
#include "transfer/remote.h"

#include "transfer/local_name.h"

#include <strings.h>

static const struct {
    const char *scheme; /* with what follows it */
    int (*open)(struct co_remote **ret, const struct co_remote_options *options);
} kinds[] = {
    {"http://", co_remote_http_open},
    {"https://", co_remote_http_open},
};

static bool begins(const char *url, const char *scheme)
{
    return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

bool co_remote_is_url(const char *word)
{
    for (size_t i = 0; i < CO_LENGTH(kinds); i++)
        if (begins(word, kinds[i].scheme))
            return true;
    return false;
}

int co_remote_open(struct co_remote **ret, const struct co_remote_options *options)
{
    for (size_t i = 0; i < CO_LENGTH(kinds); i++)
        if (begins(options->url, kinds[i].scheme))
            return kinds[i].open(ret, options);
    return CO_EINVALID;
}

void co_remote_close(struct co_remote *remote)
{
    if (remote)
        remote->kind->close(remote);
}

bool co_remote_is_name(co_text name)
{
    return name.size > 0 && name.size <= CO_LOCAL_NAME_MAX && co_text_find(name, '/') < 0 &&
           co_text_find(name, '\0') < 0 && !co_text_equal(name, CO_TEXT(".")) &&
           !co_text_equal(name, CO_TEXT(".."));
}
