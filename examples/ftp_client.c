/* SPDX-License-Identifier: MIT */
/* Lists a folder and fetches a file: ftp_client HOST PORT USER PASSWORD [FILE] */
#include <coronet.h>

static int client(void *arg)
{
    char **argv = arg, bytes[4096];
    co_ftp_client *ftp;
    co_ftp_list *list = NULL;
    co_ftp_transfer *file;
    struct co_ftp_entry entry;
    struct co_ftp_client_options who = {.user = argv[3], .password = argv[4]};
    int rc = co_ftp_connect(&ftp, argv[1], (unsigned)atoi(argv[2]), &who);
    if (rc < 0)
        return rc;
    if ((rc = co_ftp_list_open(&list, ftp, NULL)) == 0)
        while ((rc = co_ftp_list_next(list, &entry)) > 0)
            printf("%.*s\n", CO_TEXT_PRINT(entry.name));
    co_ftp_list_close(list);
    if (rc == 0 && argv[5] && (rc = co_ftp_download_open(&file, ftp, argv[5], 0)) == 0) {
        for (ssize_t n; (n = co_ftp_transfer_read(file, bytes, sizeof bytes)) > 0;)
            fwrite(bytes, 1, (size_t)n, stdout);
        rc = co_ftp_transfer_finish(file); /* only this says that all of it has come */
    }
    return co_ftp_quit(ftp), rc;
}

int main(int argc, char **argv) { return argc >= 5 ? co_main(client, argv) : 2; }
