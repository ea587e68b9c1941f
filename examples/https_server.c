/* SPDX-License-Identifier: MIT */
/* HTTPS with a certificate and its key: https_server WHERE CERTIFICATE KEY */
#include <coronet.h>
static co_text content(const char *path, char *room, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(room, 1, size, file) : 0;
    return file ? (void)fclose(file), (co_text){room, n} : (co_text){0};
}

static int hello(co_http_request *request, void *arg) { return co_http_text(request, 200, arg); }

static int server(void *arg)
{
    static char chain[65536], key[65536];
    char **argv = arg;
    struct co_tls_certificate own = {
        .chain = content(argv[2], chain, 65536), .key = content(argv[3], key, 65536)};
    co_http_server *http = NULL;
    co_tls *tls;
    struct co_tls_options options = {.certificates = &own, .certificate_count = 1};
    int rc = co_tls_server(&tls, &options);
    if (rc == 0 && (rc = co_http_server_new(&http, NULL)) == 0) {
        co_http_route(http, "GET /hello", hello, "Hello, secret World!\n");
        rc = co_https_serve(http, tls, argv[1], NULL);
    }
    return co_http_server_free(http), co_tls_free(tls), rc;
}

int main(int argc, char **argv) { return argc == 4 ? co_main(server, argv) : 2; }
