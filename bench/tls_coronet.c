/* SPDX-License-Identifier: MIT */
/* An HTTPS server for bench/instructions: tls_coronet CERTIFICATE KEY. It answers from memory,
 * since valgrind does not know the calls by which files are served. Prints its port. */
#include "coronet.h"

static char body[1024 + 1];

static co_text content(const char *path, char *room, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(room, 1, size, file) : 0;
    return file ? (void)fclose(file), (co_text){room, n} : (co_text){0};
}

static int answer(co_http_request *request, void *arg)
{
    (void)arg;
    return co_http_text(request, 200, body);
}

static void listening(void *arg, const co_address *address)
{
    (void)arg;
    printf("%u\n", co_address_port(address));
    fflush(stdout);
}

static int server(void *arg)
{
    static char chain[65536], key[65536];
    char **argv = arg;
    const struct co_tls_certificate own = {
        .chain = content(argv[1], chain, sizeof chain), .key = content(argv[2], key, sizeof key)};
    const struct co_tls_options options = {.certificates = &own, .certificate_count = 1};
    co_http_server *http = NULL;
    co_tls *tls;
    int rc = co_tls_server(&tls, &options);
    if (rc < 0 || (rc = co_http_server_new(&http, NULL)) < 0)
        return rc;
    co_http_route(http, "GET /1k.bin", answer, NULL);
    rc = co_https_serve(
        http, tls, "127.0.0.1:0", &(struct co_serve_options){.listening = listening});
    co_http_server_free(http);
    co_tls_free(tls);
    return rc;
}

int main(int argc, char **argv)
{
    memset(body, 'x', sizeof body - 1);
    return argc == 3 ? co_main(server, argv) : 2;
}
