/* SPDX-License-Identifier: MIT */
/* Fetches all at once, each into a file named like the end of its URL: download_all URL... */
#include <coronet.h>

static co_http_client *http;

static int download(void *url)
{
    const char *name = strrchr(url, '/') + 1;
    int64_t n = co_http_download(http, url, *name ? name : "index.html");
    if (n < 0)
        return printf("%s: %s\n", (char *)url, co_explain((int)n)), (int)n;
    return printf("%s: %lld bytes\n", (char *)url, (long long)n), 0;
}

static int all(void *urls)
{
    int rc = co_http_client_new(&http, NULL);
    co_group downloads;
    co_group_open(&downloads, &(struct co_group_options){.children_max = 20, .keep_going = true});
    for (char **url = urls; rc == 0 && *++url;)
        co_go(&downloads, download, *url);
    int failed = co_group_close(&downloads);
    return co_http_client_free(http), rc < 0 ? rc : failed;
}

int main(int argc, char **argv) { return argc > 1 ? co_main(all, argv) : 2; }
