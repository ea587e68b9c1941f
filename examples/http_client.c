/* SPDX-License-Identifier: MIT */
/* Status, a header, the body: http_client URL */
#include <coronet.h>

static int client(void *url)
{
    co_http_response *response;
    char bytes[4096];
    ssize_t n;
    int rc = co_http_get(&response, url);
    if (rc < 0)
        return rc;
    co_text type = co_http_response_header(response, "Content-Type");
    printf("%d\n%.*s\n\n", co_http_response_status(response), (int)type.size, type.at);
    while ((n = co_http_response_read(response, bytes, sizeof bytes)) > 0)
        fwrite(bytes, 1, (size_t)n, stdout);
    co_http_response_close(response);
    return (int)n;
}

int main(int argc, char **argv)
{
    return argc > 1 ? co_main(client, argv[1]) : 2;
}
