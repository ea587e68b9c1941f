/* SPDX-License-Identifier: MIT */
#include "transfer/remote.h"

#include "base/map.h"
#include "codec/url.h"
#include "http/client.h"
#include "transfer/ftp_place.h"
#include "transfer/local_name.h"

#include <strings.h>

static const struct {
    const char *scheme; /* with what follows it */
    int (*open)(struct co_remote **ret, const struct co_remote_options *options);
} kinds[] = {
    {"http://", co_remote_http_open},
    {"https://", co_remote_http_open},
    {"ftp://", co_remote_ftp_open},
    {"ftps://", co_remote_ftp_open},
    {"ftpes://", co_remote_ftp_open},
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

int co_remote_open_around(
    struct co_remote **ret, const struct co_remote_options *options, struct co_buf *ret_name)
{
    struct co_remote_options around = *options;
    struct co_buf url = CO_BUF(CO_HTTP_URL_MAX);
    struct co_url parsed;
    co_text plain = co_ftp_plain_url(options->url);
    int rc = co_url_parse(plain, &parsed);
    if (rc < 0)
        return rc;
    co_text path = parsed.path;
    while (path.size > 0 && path.at[path.size - 1] != '/')
        path.size--;
    co_text name = co_text_after(parsed.path, path.size);
    rc = co_url_decode(name, ret_name);
    if (rc == 0 && name.size > 0 && !co_remote_is_name(co_buf_text(ret_name)))
        rc = CO_EINVALID;
    co_buf_add(&url, options->url,
        parsed.path.size ? (size_t)(path.at + path.size - options->url)
                         : strcspn(options->url, "?#"));
    if (parsed.query.at) {
        co_buf_add_char(&url, '?');
        co_buf_add_text(&url, parsed.query);
    }
    co_buf_add_string(&url, options->url + plain.size); /* ";type=a" */
    co_buf_add_char(&url, '\0');
    around.url = url.at;
    if (rc == 0)
        rc = url.error ? url.error : co_remote_open(ret, &around);
    co_buf_free(&url);
    return rc;
}

void co_remote_close(struct co_remote *remote)
{
    if (remote)
        remote->kind->close(remote);
}

uint64_t co_remote_identity(co_text told)
{
    static const uint64_t key[2] = {5, 6};
    return told.size > 0 ? co_siphash(key, told.at, told.size) : 0;
}

bool co_remote_is_name(co_text name)
{
    return name.size > 0 && name.size <= CO_LOCAL_NAME_MAX && co_text_find(name, '/') < 0 &&
           co_text_find(name, '\0') < 0 && !co_text_equal(name, CO_TEXT(".")) &&
           !co_text_equal(name, CO_TEXT(".."));
}
