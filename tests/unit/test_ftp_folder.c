/* SPDX-License-Identifier: MIT */
/* co_ftp_serve_folder, by what a program of others has: the public headers. */
#include "within.h"

#include <coronet.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHERE "127.0.0.1:2121" /* of a world of our own */
#define PORT  2121

static struct {
    char path[64];
    int fd; /* names below are relative to it */
    co_group group;
    char told[64]; /* of the last transfer: its command, path, bytes */
} folder;

static void put_file(const char *name, const char *text)
{
    int fd = openat(folder.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int setup(void **state)
{
    (void)state;
    memset(&folder, 0, sizeof folder);
    snprintf(folder.path, sizeof folder.path, "/tmp/coronet-folder-XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put_file("file", "inside");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlinkat(folder.fd, "file", 0);
    unlinkat(folder.fd, "new", 0);
    close(folder.fd);
    return rmdir(folder.path);
}

static unsigned descriptors(void)
{
    unsigned count = 0;
    DIR *all = opendir("/proc/self/fd");
    assert_non_null(all);
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

static void hear(void *arg, const struct co_ftp_event *event)
{
    assert_ptr_equal(arg, &folder);
    if (event->kind == CO_FTP_DOWNLOADED || event->kind == CO_FTP_UPLOADED)
        snprintf(folder.told, sizeof folder.told, "%.*s %.*s %.*s %u", CO_TEXT_PRINT(event->user),
            CO_TEXT_PRINT(event->command), CO_TEXT_PRINT(event->path), (unsigned)event->bytes);
}

static int who(void *arg, const char *peer, co_text name, co_text password, struct co_account *ret)
{
    (void)arg, (void)peer;
    if (name.size != 3 || memcmp(name.at, "ann", 3) != 0 || password.size != 6 ||
        memcmp(password.at, "secret", 6) != 0)
        return -EACCES;
    ret->rights = CO_MAY_ALL;
    return 0;
}

static int serve(void *options)
{
    return co_ftp_serve_folder(WHERE, folder.path, options);
}

static void start(struct co_ftp_options *options)
{
    co_group_open(&folder.group, NULL);
    co_go(&folder.group, serve, options);
}

static void stop(void)
{
    co_group_drain(&folder.group);
    assert_int_equal(co_group_close(&folder.group), 0);
}

static co_ftp_client *enter(const char *user, const char *password)
{
    const struct co_ftp_client_options options = {.user = user, .password = password};
    co_ftp_client *client = NULL;
    assert_int_equal(co_ftp_connect(&client, "127.0.0.1", PORT, &options), 0);
    return client;
}

static void assert_is_fetched(co_ftp_client *client, const char *content)
{
    char bytes[64] = "";
    co_ftp_transfer *transfer;
    assert_int_equal(co_ftp_download_open(&transfer, client, "file", 0), 0);
    size_t size = 0;
    ssize_t n;
    while ((n = co_ftp_transfer_read(transfer, bytes + size, sizeof bytes - 1 - size)) > 0)
        size += (size_t)n;
    assert_int_equal(n, 0);
    assert_int_equal(co_ftp_transfer_finish(transfer), 0);
    assert_string_equal(bytes, content);
}

static int send_file(co_ftp_client *client, const char *name, const char *content)
{
    co_ftp_transfer *transfer;
    int rc = co_ftp_upload_open(&transfer, client, name, CO_FTP_REPLACE, 0);
    if (rc < 0)
        return rc;
    rc = co_ftp_transfer_write(transfer, content, strlen(content));
    int end = co_ftp_transfer_finish(transfer);
    return rc < 0 ? rc : end;
}

static void without_options_everybody_may_read_and_nobody_write(void **state)
{
    (void)state;
    unsigned before = descriptors();
    start(NULL);
    co_ftp_client *client = enter(NULL, NULL);
    assert_is_fetched(client, "inside");
    assert_true(send_file(client, "new", "x") < 0);
    assert_int_equal(faccessat(folder.fd, "new", F_OK, 0), -1);
    assert_true(co_ftp_delete(client, "file") < 0);
    co_ftp_quit(client);
    stop();
    assert_int_equal(descriptors(), before);
}

static void options_hold_and_what_is_done_is_told(void **state)
{
    (void)state;
    struct co_ftp_options options = {
        .no_anonymous = true, .authenticate = who, .event = hear, .arg = &folder};
    co_ftp_client *client = NULL;
    start(&options);
    assert_true(co_ftp_connect(&client, "127.0.0.1", PORT, NULL) < 0);
    client = enter("ann", "secret");
    assert_int_equal(send_file(client, "new", "four"), 0);
    assert_string_equal(folder.told, "ann STOR /new 4");
    assert_is_fetched(client, "inside");
    assert_string_equal(folder.told, "ann RETR /file 6");
    assert_int_equal(co_ftp_delete(client, "new"), 0);
    co_ftp_quit(client);
    stop();
}

static void a_client_who_stays_does_not_hold_up_the_end(void **state)
{
    (void)state;
    start(NULL);
    co_ftp_client *client = enter(NULL, NULL);
    stop();
    assert_true(co_ftp_delete(client, "file") < 0);
    co_ftp_abort(client);
}

static void what_cannot_be_served_is_told_and_leaves_nothing(void **state)
{
    (void)state;
    char path[80];
    unsigned before = descriptors();
    snprintf(path, sizeof path, "%s/none", folder.path);
    assert_int_equal(co_ftp_serve_folder(WHERE, path, NULL), -ENOENT);
    snprintf(path, sizeof path, "%s/file", folder.path);
    assert_int_equal(co_ftp_serve_folder(WHERE, path, NULL), -ENOTDIR);
    const struct co_ftp_options senseless = {.passive_low = 2000, .passive_high = 1000};
    assert_int_equal(co_ftp_serve_folder(WHERE, folder.path, &senseless), -EINVAL);
    assert_true(co_ftp_serve_folder("127.0.0.1:port", folder.path, NULL) < 0);
    start(NULL);
    co_ftp_client *client = enter(NULL, NULL);
    assert_int_equal(co_ftp_serve_folder(WHERE, folder.path, NULL), -EADDRINUSE);
    assert_is_fetched(client, "inside");
    co_ftp_quit(client);
    stop();
    assert_int_equal(descriptors(), before);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(without_options_everybody_may_read_and_nobody_write),
        FOLDER_TEST(options_hold_and_what_is_done_is_told),
        FOLDER_TEST(a_client_who_stays_does_not_hold_up_the_end),
        FOLDER_TEST(what_cannot_be_served_is_told_and_leaves_nothing),
    };
    return run_within("virtual", tests);
}
