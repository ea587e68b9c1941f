/* SPDX-License-Identifier: MIT */
/* Prints the links of a page (of its first MiB) that lead nowhere: link_checker URL */
#include <coronet.h>
static co_http_client *http; static char page[(1 << 20) + 1], one[2048];
static int check(void *url)
{
    co_http_response *it = NULL;
    const struct co_http_fetch head = {.url = url, .method = "HEAD"};
    if (co_http_fetch(&it, http, &head) < 0 || co_http_response_status(it) >= 400) puts(url);
    return co_http_response_close(it), 0;
}
static int check_links(void *url)
{
    co_http_response *it = NULL;
    co_group links;
    int rc = co_http_get(&it, url);
    for (size_t size = 0; rc >= 0; size += (size_t)rc)
        if ((rc = (int)co_http_response_read(it, page + size, (1 << 20) - size)) <= 0) break;
    if (rc < 0 || (rc = co_http_client_new(&http, NULL)) < 0) return co_http_response_close(it), rc;
    const char *base = co_http_response_url(it), *slash = strrchr(base + 8, '/'), *at = page;
    co_group_open(&links, &(struct co_group_options){.children_max = 20});
    while ((at = strstr(at, "href=\"")) && *(at += 6)) {
        int n = (int)strcspn(at, "\"#"), full = at[strcspn(at, ":/?#\"")] == ':', root = *at == '/';
        const char *end = full ? base : root || !slash ? base + 8 + strcspn(base + 8, "/") : slash;
        snprintf(one, 2048, "%.*s%s%.*s", (int)(end - base), base, &"/"[full || root], n, at);
        if (full ? strncmp(at, "http", 4) == 0 : n > 0) co_go_copy(&links, check, &one);
    }
    return rc = co_group_close(&links), co_http_response_close(it), co_http_client_free(http), rc;
}
int main(int argc, char **argv) { return argc > 1 ? co_main(check_links, argv[1]) : 2; }
