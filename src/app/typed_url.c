/* SPDX-License-Identifier: MIT */
#include "app/typed_url.h"

#include "codec/url.h"
#include "http/client.h"

#include <errno.h>

int co_typed_url(const char *typed, char **ret, const char **ret_why)
{
    struct co_buf url = CO_BUF(CO_HTTP_URL_MAX);
    int rc = co_url_typed(co_text_of(typed), &url, ret_why);
    if (rc == 0) {
        *ret = co_text_copy(co_buf_text(&url));
        rc = *ret ? 0 : -ENOMEM;
    }
    if (rc == CO_ETOOBIG) {
        *ret_why = "it is too long";
        rc = CO_EINVALID;
    }
    co_buf_free(&url);
    return rc;
}
