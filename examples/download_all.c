/* SPDX-License-Identifier: MIT */
/* Fetches all at once, each into a file named like the end of its URL: download_all URL... */
#include <coronet.h>
#include <errno.h>
static co_http_client *http;

static int download(void *url)
{
    co_http_response *response;
    int rc = co_http_fetch(&response, http, &(struct co_http_fetch){.url = url});
    if (rc < 0) return printf("%s: %s\n", (char *)url, co_explain(rc)), rc;
    int status = co_http_response_status(response);
    char bytes[16384], *name = strrchr(url, '/') + 1;
    FILE *file = status == 200 ? fopen(*name ? name : "index.html", "wb") : NULL;
    ssize_t n = 0;
    while (file && (n = co_http_response_read(response, bytes, sizeof bytes)) > 0)
        fwrite(bytes, 1, (size_t)n, file);
    printf("%s: %d, %ld bytes\n", (char *)url, status, file ? ftell(file) : 0);
    co_http_response_close(response);
    return file && fclose(file) == 0 ? (int)n : co_fail(-EIO, "not all could be fetched");
}
static int all(void *urls)
{
    int rc = co_http_client_new(&http, NULL);
    co_group downloads;
    co_group_open(&downloads, &(struct co_group_options){.children_max = 20, .keep_going = true});
    for (char **url = urls; rc == 0 && *++url;) co_go(&downloads, download, *url);
    int failed = co_group_close(&downloads);
    return co_http_client_free(http), rc < 0 ? rc : failed;
}
int main(int argc, char **argv) { return argc > 1 ? co_main(all, argv) : 2; }
