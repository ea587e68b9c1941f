/* SPDX-License-Identifier: MIT */
/* A folder over FTP, with TLS alone: ftps_server WHERE CERTIFICATE KEY [DIRECTORY] */
#include <coronet.h>

static co_text content(const char *path, char *room, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(room, 1, size, file) : 0;
    return file ? (void)fclose(file), (co_text){room, n} : (co_text){0};
}

static int server(void *arg)
{
    static char chain[65536], key[65536];
    char **argv = arg;
    struct co_tls_certificate own = {.chain = content(argv[2], chain, 65536),
        .key = content(argv[3], key, 65536)};
    struct co_tls_options options = {.certificates = &own, .certificate_count = 1};
    co_tls *tls;
    int rc = co_tls_server(&tls, &options);
    if (rc < 0)
        return rc;
    const struct co_ftp_options ftp = {.tls = tls, .require_tls = true};
    rc = co_ftp_serve_folder(argv[1], argv[4] ? argv[4] : ".", &ftp);
    return co_tls_free(tls), rc;
}

int main(int argc, char **argv) { return argc >= 4 ? co_main(server, argv) : 2; }
