/* SPDX-License-Identifier: MIT */
/* Base64: RFC 4648's own examples, and what is none. */
#include "test.h"

#include "codec/base64.h"

static void decodes_the_examples_of_rfc4648_10(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"}, {"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"},
        {"+/+/", "\xfb\xff\xbf"}};
    for (size_t i = 0; i < CO_LENGTH(pairs); i++) {
        struct co_buf out = CO_BUF(16);
        assert_int_equal(co_base64_decode(co_text_of(pairs[i][0]), &out), 0);
        assert_text(co_buf_text(&out), pairs[i][1]);
        co_buf_free(&out);
    }
}

static void refuses_junk_and_leaves_the_buffer_m07(void **state)
{
    (void)state;
    static const char *const texts[] = {"Z", "Zg", "Zg=", "Zg===", "=",
        "====", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\xff\xff\xff\xff", "Zm 9", "Zm-_",
        "Zm\n9"};
    for (size_t i = 0; i < CO_LENGTH(texts); i++) {
        struct co_buf out = CO_BUF(16);
        co_buf_add_string(&out, "before");
        assert_int_equal(co_base64_decode(co_text_of(texts[i]), &out), CO_EINVALID);
        assert_text(co_buf_text(&out), "before");
        co_buf_free(&out);
    }
}

static void keeps_to_the_buffers_ceiling(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(5);
    assert_int_equal(co_base64_decode(CO_TEXT("Zm9vYmFy"), &out), CO_ETOOBIG);
    assert_int_equal(out.size, 0);
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_the_examples_of_rfc4648_10),
        cmocka_unit_test(refuses_junk_and_leaves_the_buffer_m07),
        cmocka_unit_test(keeps_to_the_buffers_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
