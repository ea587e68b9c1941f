/* SPDX-License-Identifier: MIT */
/* A route and a folder: http_server [WHERE [DIRECTORY]] */
#include <coronet.h>

static int hello(co_http_request *request, void *arg)
{
    (void)arg;
    char name[64] = "World", text[96];
    co_http_query(request, "name", name, sizeof name);
    snprintf(text, sizeof text, "Hello, %s!\n", name);
    return co_http_text(request, 200, text);
}

static int server(void *arg)
{
    char **argv = arg;
    co_http_server *http;
    int rc = co_http_server_new(&http, NULL);
    if (rc < 0)
        return rc;
    co_http_route(http, "GET /hello", hello, NULL);
    co_http_files(http, "/", argv[1] && argv[2] ? argv[2] : ".", NULL);
    rc = co_http_serve(http, argv[1] ? argv[1] : "localhost:8000", NULL);
    co_http_server_free(http);
    return rc;
}

int main(int argc, char **argv) { return (void)argc, co_main(server, argv); }
