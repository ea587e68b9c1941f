/* SPDX-License-Identifier: MIT */
/* A URL into a file, in one call: co_download_run with the settings that a program mostly wants. */
#include "transfer/download.h"

#include <errno.h>
#include <stdlib.h>

/* Where the path's last name begins. */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int open_folder(struct co_tree **ret, const char *path, const char *name)
{
    const struct co_tree_options whole = {.hidden = true, .rights = CO_MAY_ALL};
    char *folder = name == path ? strdup(".") : strndup(path, (size_t)(name - path));
    int rc = folder ? co_tree_open(ret, folder, &whole) : -ENOMEM;
    free(folder);
    return rc;
}

static void note_bytes(void *arg, const struct co_download_progress *progress)
{
    *(int64_t *)arg = (int64_t)progress->bytes;
}

int64_t co_http_download(co_http_client *client, const char *url, const char *path)
{
    int64_t bytes = 0;
    struct co_tree *folder = NULL;
    const char *name = name_of(path);
    int rc = *name ? open_folder(&folder, path, name) : -EISDIR;
    if (rc < 0)
        return co_fail(rc, "cannot write %s: %s", path, co_explain(rc));
    struct co_download download = {
        .client = client,
        .what = {.url = url},
        .tree = folder,
        .path = co_text_of(name),
        .replace = true,
        .resume = true,
        .modified = CO_DOWNLOAD_NO_TIME,
        .progress = note_bytes,
        .arg = &bytes,
    };
    rc = co_download_run(&download);
    co_tree_free(folder);
    return rc < 0 ? rc : bytes;
}
