/* SPDX-License-Identifier: MIT */
/* Whatever the file holds, a login is found only whole, within its bounds, and twice the same. */
#include "codec/netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find(co_text file, co_text login, struct co_netrc_login *ret)
{
    *ret = CO_NETRC_LOGIN;
    int rc = co_netrc_find(file, CO_TEXT("h"), login, ret);
    assert(rc == 1 || (ret->name.size == 0 && ret->password.size == 0) || rc < 0);
    return rc;
}

static bool equal(const struct co_buf *one, const struct co_buf *other)
{
    return co_text_equal(co_buf_text(one), co_buf_text(other));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct co_netrc_login found, again;
    co_text file = {(const char *)data, size};
    if (find(file, (co_text){0}, &found) == 1) {
        /* Asked for by its name it is the same, unless it has none. */
        int rc = find(file, co_buf_text(&found.name), &again);
        assert(rc == 1 && equal(&found.name, &again.name));
        assert(equal(&found.password, &again.password) && equal(&found.account, &again.account));
        co_netrc_login_free(&again);
    }
    co_netrc_login_free(&found);
    return 0;
}
