/* SPDX-License-Identifier: MIT */
#include "transfer/keep.h"

#include "coronet/fiber.h"
#include "net/fail.h"

#include <errno.h>

#define GRACE_MS 5000 /* to write the files when the run was cancelled */

static int open_cookies(struct co_keep *keep)
{
    const char *path = keep->settings->cookie_jar;
    if (!keep->settings->cookies && !path)
        return 0;
    int rc = co_cookies_new(&keep->cookies);
    if (rc < 0 || !path)
        return rc;
    rc = co_cookies_load(keep->cookies, path);
    const char *why = rc == CO_EINVALID ? "it is no file of cookies" : NULL;
    return rc < 0 && rc != -ENOENT ? co_fail_at(rc, "read cookies from", path, why, "") : 0;
}

static int open_hsts(struct co_keep *keep)
{
    const char *path = keep->settings->hsts;
    if (!path)
        return 0;
    int rc = co_hsts_new(&keep->hsts);
    if (rc == 0)
        rc = co_hsts_load(keep->hsts, path);
    const char *why = rc == CO_EINVALID ? "it is no file of hosts" : NULL;
    return rc < 0 && rc != -ENOENT ? co_fail_at(rc, "read hosts from", path, why, "") : 0;
}

int co_keep_open(struct co_keep *keep, const struct co_keep_settings *settings,
    struct co_http_client_options *options)
{
    *keep = (struct co_keep){.settings = settings};
    int rc = open_cookies(keep);
    if (rc == 0)
        rc = open_hsts(keep);
    keep->is_open = rc == 0;
    options->cookies = keep->cookies;
    options->hsts = keep->hsts;
    return rc;
}

static void save(struct co_keep *keep)
{
    const struct co_keep_settings *settings = keep->settings;
    co_scope grace;
    co_scope_shield(&grace, GRACE_MS);
    int rc = settings->cookie_jar ? co_cookies_save(keep->cookies, settings->cookie_jar) : 0;
    if (rc < 0)
        settings->not_kept(settings->arg, settings->cookie_jar, rc);
    rc = settings->hsts ? co_hsts_save(keep->hsts, settings->hsts) : 0;
    if (rc < 0)
        settings->not_kept(settings->arg, settings->hsts, rc);
    (void)co_scope_close(&grace);
}

void co_keep_close(struct co_keep *keep)
{
    if (keep->is_open)
        save(keep);
    co_cookies_free(keep->cookies);
    co_hsts_free(keep->hsts);
}
