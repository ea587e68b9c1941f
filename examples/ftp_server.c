/* SPDX-License-Identifier: MIT */
/* A folder over FTP, with one user who may write: ftp_server [WHERE [DIRECTORY]] */
#include <coronet.h>

#include <errno.h>

static bool is(co_text given, const char *wanted)
{
    return given.size == strlen(wanted) && memcmp(given.at, wanted, given.size) == 0;
}

static int who(void *arg, const char *peer, co_text name, co_text password, struct co_account *ret)
{
    (void)arg, (void)peer;
    if (!is(name, "ann") || !is(password, "secret"))
        return -EACCES;
    ret->rights = CO_MAY_ALL;
    return 0;
}

static int server(void *arg)
{
    char **argv = arg;
    const struct co_ftp_options options = {.authenticate = who};
    return co_ftp_serve_folder(argv[1] ? argv[1] : "localhost:2121",
        argv[1] && argv[2] ? argv[2] : ".", &options);
}

int main(int argc, char **argv) { return (void)argc, co_main(server, argv); }
