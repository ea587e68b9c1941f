/* SPDX-License-Identifier: MIT */
/* A served folder with accounts: who there is, and how they ask. */
#ifndef CO_TEST_ACCOUNTS_RIG_H
#define CO_TEST_ACCOUNTS_RIG_H

#include "files_rig.h"

#include "tree/quota.h"

#define ANN    "Authorization: Basic YW5uOnNlY3JldA==\r\n"     /* ann:secret, may do everything */
#define BOB    "Authorization: Basic Ym9iOnNlY3JldA==\r\n"     /* bob:secret, in the folder "bob" */
#define DROP   "Authorization: Basic ZHJvcDpzZWNyZXQ=\r\n"     /* drop:secret, may only add */
#define READER "Authorization: Basic cmVhZGVyOnNlY3JldA==\r\n" /* reader:secret */

#define MARKUP "Authorization: Basic PGk+OnNlY3JldA==\r\n" /* <i>:secret, as ann */

static struct {
    unsigned asked, left;  /* calls of the authenticator, and of what takes its answers back */
    uint64_t rate;         /* of all */
    int result;            /* instead of an answer, unless 0 */
    struct co_quota quota; /* bob's */
    char home[32];         /* bob's */
} accounts;

static inline bool is(co_text text, const char *other)
{
    return co_text_equal(text, co_text_of(other));
}

static inline int account_of(
    void *arg, const char *peer, co_text name, co_text password, struct co_account *ret)
{
    (void)arg, (void)peer;
    accounts.asked++;
    if (accounts.result)
        return accounts.result;
    if (!is(password, "secret"))
        return -EACCES;
    *ret = (struct co_account){.rights = CO_MAY_ALL, .rate = accounts.rate, .held = &accounts};
    if (is(name, "bob")) {
        ret->home = accounts.home;
        ret->quota = &accounts.quota;
    } else if (is(name, "drop")) {
        ret->rights = CO_MAY_ADD;
    } else if (is(name, "reader")) {
        ret->rights = 0;
    } else if (!is(name, "ann") && !is(name, "<i>")) {
        return -EACCES;
    }
    return 0;
}

static inline void account_left(void *arg, struct co_account *account)
{
    (void)arg;
    assert_ptr_equal(account->held, &accounts);
    accounts.left++;
}

/* Serves the folder at "/" with accounts and what else is asked for. */
static inline void serve_accounts(struct co_http_files_options options)
{
    options.authenticate = account_of;
    options.leave = account_left;
    serve_at("/", &options);
}

static inline int accounts_setup(void **state)
{
    memset(&accounts, 0, sizeof accounts);
    accounts.quota.bytes_max = 100;
    pthread_mutex_init(&accounts.quota.edits, NULL);
    strcpy(accounts.home, "bob");
    site_setup(state);
    serve_accounts((struct co_http_files_options){0});
    return 0;
}

/* Asks with a body of that text and more field lines; the status. */
static inline int ask_with(
    const char *method, const char *target, const char *fields, const char *body)
{
    static char request[1u << 16];
    snprintf(request, sizeof request,
        "%s %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n%s", method, target, fields,
        strlen(body), body);
    talk(request);
    if (strncmp(site.got, "HTTP/1.1 ", 9) != 0)
        fail_msg("no response: %s", site.got);
    return atoi(site.got + 9);
}

/* What a file of the folder holds now; NULL when there is none. */
static inline const char *content(const char *name)
{
    static char bytes[4096];
    int fd = openat(site.fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t n = read(fd, bytes, sizeof bytes - 1);
    close(fd);
    assert_true(n >= 0);
    bytes[n] = '\0';
    return bytes;
}

static inline bool exists(const char *name)
{
    return faccessat(site.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

#define assert_content(name, text)                                                                 \
 do {                                                                                              \
  const char *content_now = content(name);                                                         \
  assert_non_null(content_now);                                                                    \
  assert_string_equal(content_now, (text));                                                        \
 } while (0)

/* What browsers send: PART is a file of a form, which ends with "--XX--". */
#define FORM "Content-Type: multipart/form-data; boundary=XX\r\n"
#define PART(name, text)                                                                           \
 "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" name "\"\r\n\r\n" text "\r\n"

#define ACCOUNTS_TEST(name) cmocka_unit_test_setup_teardown(name, accounts_setup, site_teardown)

#endif
