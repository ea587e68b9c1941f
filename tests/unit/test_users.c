/* SPDX-License-Identifier: MIT */
/* The users file: what is read from it, what is refused, and how a line of it is changed. */
#include "auth/users.h"
#include "test.h"

#include <errno.h>

#define TEXT_MAX 65536
#define HASH     "$y$j9T$salt$hash"

static struct co_users *parse(const char *text)
{
    struct co_users *users = NULL;
    struct co_buf message = CO_BUF(TEXT_MAX);
    int rc = co_users_parse(&users, co_text_of(text), &message);
    if (rc < 0)
        fail_msg("%.*s", (int)message.size, message.at);
    return users;
}

static void expect_user(const struct co_user *user, const char *home, unsigned rights)
{
    assert_non_null(user);
    assert_string_equal(user->home, home);
    assert_int_equal(user->rights, rights);
}

static void reads_what_is_named_and_defaults_for_the_rest(void **state)
{
    (void)state;
    struct co_users *users = parse("# a comment\n\n"
                                   "alice:" HASH ":home=a/b rights=read,list,add,change "
                                   "quota=10G rate=1M\n"
                                   "drop:$6$rounds=1000$salt$hash:rights=add\r\n"
                                   "  bob.b_c@d-1:*:\n"
                                   "nobody:!" HASH ":rights=list\n"
                                   "last:$2b$05$abc");
    assert_int_equal(co_users_count(users), 5);
    const struct co_user *alice = co_users_find(users, CO_TEXT("alice"));
    expect_user(alice, "a/b", CO_MAY_ALL);
    assert_string_equal(alice->hash, HASH);
    assert_int_equal(alice->quota, 10LL << 30);
    assert_int_equal(alice->rate, 1 << 20);
    assert_ptr_equal(co_users_of(alice), users);
    assert_ptr_equal(co_users_at(users, 0), alice);
    expect_user(co_users_find(users, CO_TEXT("drop")), "", CO_MAY_ADD);
    expect_user(co_users_find(users, CO_TEXT("bob.b_c@d-1")), "", CO_MAY_ALL);
    expect_user(co_users_find(users, CO_TEXT("nobody")), "", CO_MAY_LIST);
    expect_user(co_users_find(users, CO_TEXT("last")), "", CO_MAY_ALL);
    assert_null(co_users_find(users, CO_TEXT("Alice")));
    assert_null(co_users_find(users, CO_TEXT("")));
    co_users_free(users);
}

static void refuses_with_the_lines_number(void **state)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"a b:" HASH ":", "line 1: no user's name"},
        {"\n:" HASH ":", "line 2: no user's name"},
        {".a:" HASH ":", "line 1: no user's name"},
        {"-a:" HASH ":", "line 1: no user's name"},
        {"a/b:" HASH ":", "line 1: no user's name"},
        {"alice", "line 1: the hash"},
        {"alice:", "line 1: the hash"},
        {"alice:secret:", "line 1: the hash"},
        {"alice:$1$salt$hash:", "line 1: the hash"},
        {"alice:$y$j9T$a b$c:", "line 1: the hash"},
        {"a:" HASH ":\na:" HASH ":", "line 2: a user of this name"},
        {"a:" HASH ":home=/etc", "line 1: home"},
        {"a:" HASH ":home=a/../b", "line 1: home"},
        {"a:" HASH ":home=..", "line 1: home"},
        {"a:" HASH ":home=%2e%2e", "line 1: home"},
        {"a:" HASH ":home=a//b", "line 1: home"},
        {"a:" HASH ":home=a/", "line 1: home"},
        {"a:" HASH ":home=a%00", "line 1: home"},
        {"a:" HASH ":home=a%2", "line 1: home"},
        {"a:" HASH ":home=a%", "line 1: home"},
        {"a:" HASH ":home=%g0", "line 1: home"},
        {"a:" HASH ":rights=", "line 1: rights"},
        {"a:" HASH ":rights=read,write", "line 1: rights"},
        {"a:" HASH ":rights=none", "line 1: rights"}, /* that is the hash "*" */
        {"a:" HASH ":rights=READ", "line 1: rights"},
        {"a:" HASH ":rights", "line 1: rights"},
        {"a:" HASH ":quota=-1", "line 1: quota"},
        {"a:" HASH ":quota=", "line 1: quota"},
        {"a:" HASH ":quota=1.5G", "line 1: quota"},
        {"a:" HASH ":quota=G", "line 1: quota"},
        {"a:" HASH ":quota=9999999999T", "line 1: quota"},
        {"a:" HASH ":quota=9223372036854775808", "line 1: quota"},
        {"a:" HASH ":rate=1k", "line 1: rate"},
        {"a:" HASH ":shell=/bin/sh", "line 1: only"},
        {"a:" HASH ":" HASH ":", "line 1: only"},
    };
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(wrong); i++) {
        struct co_users *users = NULL;
        struct co_buf message = CO_BUF(TEXT_MAX);
        assert_int_equal(co_users_parse(&users, co_text_of(wrong[i].text), &message), CO_EINVALID);
        assert_null(users);
        co_buf_add_char(&message, '\0');
        if (strncmp(message.at, wrong[i].message, strlen(wrong[i].message)) != 0)
            fail_msg("%s: %s", wrong[i].text, message.at);
        co_buf_free(&message);
        assert_int_equal(co_users_parse(&users, co_text_of(wrong[i].text), NULL), CO_EINVALID);
    }
}

static char *repeated(const char *before, char c, size_t count, const char *after)
{
    size_t first = strlen(before), last = strlen(after);
    char *text = malloc(first + count + last + 1);
    memcpy(text, before, first);
    memset(text + first, c, count);
    memcpy(text + first + count, after, last + 1);
    return text;
}

static void keeps_to_its_sizes(void **state)
{
    static const struct {
        const char *before, *after;
        size_t most;
    } parts[] = {
        {"", ":" HASH ":", CO_USER_NAME_MAX},
        {"a:" HASH ":home=", "", CO_USER_HOME_MAX},
        {"a:$y$", ":", 383 - 3},
    };
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(parts); i++)
        for (size_t over = 0; over < 2; over++) {
            struct co_users *users;
            char *text = repeated(parts[i].before, 'x', parts[i].most + over, parts[i].after);
            int rc = co_users_parse(&users, co_text_of(text), NULL);
            assert_int_equal(rc, over ? CO_EINVALID : 0);
            if (rc == 0)
                co_users_free(users);
            free(text);
        }
}

static void takes_a_file_of_the_most_users_and_none_larger(void **state)
{
    struct co_buf text = CO_BUF(CO_USERS_BYTES_MAX + 1);
    struct co_users *users;
    (void)state;
    for (unsigned i = 0; i < CO_USERS_MAX; i++)
        co_buf_addf(&text, "user%u:" HASH ":home=u/%u\n", i, i);
    assert_int_equal(co_users_parse(&users, co_buf_text(&text), NULL), 0);
    assert_int_equal(co_users_count(users), CO_USERS_MAX);
    assert_string_equal(co_users_find(users, CO_TEXT("user99999"))->home, "u/99999");
    co_users_free(users);
    co_buf_add_string(&text, "more:" HASH ":\n");
    assert_int_equal(co_users_parse(&users, co_buf_text(&text), NULL), CO_EINVALID);
    memset(co_buf_reserve(&text, CO_USERS_BYTES_MAX + 1 - text.size), '\n',
        CO_USERS_BYTES_MAX + 1 - text.size);
    co_text large = {text.at, CO_USERS_BYTES_MAX + 1};
    assert_int_equal(co_users_parse(&users, large, NULL), CO_EINVALID);
    co_buf_free(&text);
}

static void adds_users_of_the_command_line_by_the_same_rules(void **state)
{
    struct co_users *users;
    struct co_user user = {.name = "alice", .hash = HASH, .home = "", .rights = CO_MAY_READ};
    (void)state;
    assert_int_equal(co_users_new(&users), 0);
    assert_int_equal(co_users_add(users, &user), 0);
    assert_int_equal(co_users_add(users, &user), -EEXIST);
    user.name = "bob";
    user.home = "../alice";
    assert_int_equal(co_users_add(users, &user), CO_EINVALID);
    user.home = "bob";
    user.rights = 16;
    assert_int_equal(co_users_add(users, &user), CO_EINVALID);
    user.rights = 0;
    assert_int_equal(co_users_add(users, &user), 0);
    assert_int_equal(co_users_count(users), 2);
    co_users_free(users);
    co_users_free(NULL);
}

static void a_table_lasts_as_long_as_somebody_holds_it(void **state)
{
    (void)state;
    struct co_users *users = parse("alice:" HASH ":\n");
    const struct co_user *alice = co_users_at(users, 0);
    co_users_hold(users);
    co_users_free(users);
    assert_string_equal(alice->name, "alice");
    co_users_free(users);
}

static const struct co_user changed = {
    .name = "bob",
    .hash = "$y$new",
    .home = "b c/100%\xc3\xa9",
    .rights = CO_MAY_READ | CO_MAY_ADD,
    .quota = 3ULL << 40,
    .rate = 1025,
};

#define CHANGED "bob:$y$new:rights=read,add home=b%20c/100%25%C3%A9 quota=3T rate=1025\n"

static void expect_edit(const char *before, const struct co_user *user, const char *after)
{
    struct co_buf out = CO_BUF(TEXT_MAX);
    co_users_edit(&out, co_text_of(before), user);
    assert_text(co_buf_text(&out), after);
    co_buf_free(&out);
}

static void edits_one_line_and_leaves_the_others(void **state)
{
    (void)state;
    expect_edit("", &changed, CHANGED);
    expect_edit("# bob:\n\nalice:*:  odd \t\r\nbob:*:\nbobby:*:", &changed,
        "# bob:\n\nalice:*:  odd \t\r\n" CHANGED "bobby:*:\n");
    expect_edit("alice:*:", &changed, "alice:*:\n" CHANGED);
    expect_edit("  bob:*:rate=1\r\n", &changed, CHANGED);
}

static void leaves_a_user_out(void **state)
{
    struct co_buf out = CO_BUF(TEXT_MAX);
    (void)state;
    co_users_edit_out(&out, CO_TEXT("#x\nbob:*:\nalice:*:\n"), CO_TEXT("bob"));
    assert_text(co_buf_text(&out), "#x\nalice:*:\n");
    co_buf_free(&out);
}

static void reads_what_it_wrote(void **state)
{
    static const uint64_t sizes[] = {0, 1, 1023, 1024, 1536, 1 << 20, 5ULL << 30, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(sizes); i++) {
        struct co_user user = changed;
        struct co_buf out = CO_BUF(TEXT_MAX);
        user.rights = (unsigned)i + 1;
        user.quota = user.rate = sizes[i];
        co_users_edit(&out, CO_TEXT("x:*:\n"), &user);
        co_buf_add_char(&out, '\0');
        struct co_users *users = parse(out.at);
        const struct co_user *read = co_users_find(users, CO_TEXT("bob"));
        expect_user(read, user.home, user.rights);
        assert_string_equal(read->hash, user.hash);
        assert_int_equal(read->quota, user.quota);
        assert_int_equal(read->rate, user.rate);
        co_users_free(users);
        co_buf_free(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_named_and_defaults_for_the_rest),
        cmocka_unit_test(refuses_with_the_lines_number),
        cmocka_unit_test(keeps_to_its_sizes),
        cmocka_unit_test(takes_a_file_of_the_most_users_and_none_larger),
        cmocka_unit_test(adds_users_of_the_command_line_by_the_same_rules),
        cmocka_unit_test(a_table_lasts_as_long_as_somebody_holds_it),
        cmocka_unit_test(edits_one_line_and_leaves_the_others),
        cmocka_unit_test(leaves_a_user_out),
        cmocka_unit_test(reads_what_it_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
