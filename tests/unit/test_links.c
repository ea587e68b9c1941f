/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/links.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The links of a page, each ended by '|', then the title; `step`: bytes that arrive at once. */
static const char *links_of(co_text page, size_t step)
{
    static char found[8192];
    struct co_links links;
    size_t size = 0;
    co_links_start(&links);
    for (size_t at = 0; at < page.size; at += step) {
        co_text input = {page.at + at, step < page.size - at ? step : page.size - at};
        for (int what; (what = co_links_next(&links, &input)) > 0;)
            size += (size_t)snprintf(found + size, sizeof found - size, "%s%.*s|",
                what == CO_LINKS_BASE ? "base:" : "", CO_TEXT_PRINT(links.href));
    }
    snprintf(found + size, sizeof found - size, "%.*s", CO_TEXT_PRINT(links.title));
    co_links_free(&links);
    return found;
}

static void check(const char *page, const char *expected)
{
    for (size_t step = 1; step <= strlen(page) + 1; step++)
        assert_string_equal(links_of(co_text_of(page), step), expected);
}

static void finds_links_however_they_are_quoted(void **state)
{
    (void)state;
    check("<a href=\"a b\">x</a> <A HREF='c'>d<a\n class=x href = e>", "a b|c|e|");
    check("<a href=f/><a href><a href=\"\"><a name=href>", "f/||");
    check("<a data-href='no' href='yes' href='twice'>", "yes|");
    check("<link href='no'><area href='no'><abbr href='no'></a href='no'>", "");
    check("<a href=x", "");
    check("< a href=x><a/href=y>", "y|");
    check("<a href='\n\t a\tb \r\n'><a href='&#32;\f'>", "a\tb||"); /* HTML 2.4.1 */
}

static void finds_the_first_base_html_4_2_3(void **state)
{
    (void)state;
    check("<a href=x><BASE target=_top><base href='/a&amp;b/'><base href=no><a href=y>",
        "x|base:/a&b/|y|");
}

static void undoes_character_references(void **state)
{
    (void)state;
    check("<a href='a&amp;b&lt;&gt;&quot;&#39;&#x2F;&apos;'>", "a&b<>\"'/'|");
    check(
        "<a href='&nbsp;&;&#;&#x;&#300;&#xg;&#0;& &amp'>", "&nbsp;&;&#;&#x;&#300;&#xg;&#0;& &amp|");
}

static void passes_over_what_is_no_markup(void **state)
{
    (void)state;
    check("<!-- <a href=x> --><a href=y>", "y|");
    check("<!--><a href=y><!---><a href=z>", "y|z|");
    check("<!-- --!><a href=y><!-- - -- -> <a href=x>", "y|");
    check("<script>'<a href=x></scripts>'</script ><a href=y>", "y|");
    check("<style><a href=x></style><a href=y>", "y|");
    check("<!doctype html><?xml?><!-x><a href=y>", "y|");
    check("<b title='<a href=x>'><a href=y>", "y|");
}

static void keeps_the_title(void **state)
{
    (void)state;
    check("<html><title>Index of /a</title><a href=x><title>no</title>", "x|Index of /ano");
}

static void passes_over_links_that_are_too_long_c17(void **state)
{
    (void)state;
    size_t size = 3 * CO_LINKS_HREF_MAX;
    char *page = malloc(size + 64);
    assert_non_null(page);
    memset(page, 'x', size);
    memcpy(page, "<a href='", 9);
    strcpy(page + size, "'><a href=y>");
    assert_string_equal(links_of(co_text_of(page), size), "y|");
    free(page);
}

/* Two megabytes of each: anything quadratic would take hours. */
static void takes_linear_time_c17(void **state)
{
    (void)state;
    static const char *const units[] = {"<", "<!--", "<a ", "<a href=", "&", "<a href='&",
        "</title", "<script></scrip", "<!-", "<a href=\"x\" ", "<div>", "--!"};
    size_t size = 2U << 20;
    char *page = malloc(size);
    assert_non_null(page);
    for (size_t i = 0; i < CO_LENGTH(units); i++) {
        size_t unit = strlen(units[i]);
        for (size_t at = 0; at < size; at++)
            page[at] = units[i][at % unit];
        clock_t before = clock();
        links_of((co_text){page, size}, size);
        assert_true(clock() - before < 10 * CLOCKS_PER_SEC);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_links_however_they_are_quoted),
        cmocka_unit_test(finds_the_first_base_html_4_2_3),
        cmocka_unit_test(undoes_character_references),
        cmocka_unit_test(passes_over_what_is_no_markup),
        cmocka_unit_test(keeps_the_title),
        cmocka_unit_test(passes_over_links_that_are_too_long_c17),
        cmocka_unit_test(takes_linear_time_c17),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
