/* SPDX-License-Identifier: MIT */
/* Field lines (without a request line) through all that negotiation asks of them. */
#include "codec/negotiate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795316575 /* 22 November 2026 */

static struct co_http1_request request;

static const struct co_validators cases[] = {
    {{"\"65fd-18c9a0b2\"", 15}, 784111777, true},
    {{NULL, 0}, 784111777, true},
    {{NULL, 0}, -1, true},
    {{NULL, 0}, -1, false},
};

static void check_preconditions(void)
{
    static const enum co_http_method methods[] = {CO_HTTP_GET, CO_HTTP_PUT, CO_HTTP_OPTIONS};
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        for (size_t j = 0; j < CO_LENGTH(methods); j++) {
            request.method = methods[j];
            int rc = co_precondition(&request, &cases[i], NOW);
            assert(rc == 200 || rc == 412 || (rc == 304 && methods[j] == CO_HTTP_GET));
            assert(rc == 200 || methods[j] != CO_HTTP_OPTIONS);
        }
        /* Without validators only an absent field allows the range. */
        bool honoured = co_if_range(request.if_range, &cases[i], NOW, NOW);
        assert(!honoured || !request.if_range.at || i < 2);
    }
}

static void check_codings(void)
{
    for (unsigned available = 0; available < 16; available++) {
        enum co_coding coding = co_coding_choose(&request, available);
        assert(coding == CO_CODING_IDENTITY || (coding & available));
        assert(co_coding_name(coding) && co_coding_suffix(coding));
    }
}

static void check_accept(void)
{
    const co_text json = CO_TEXT("application/json"), html = CO_TEXT("text/html");
    bool forth = co_accept_prefers(&request, json, html);
    assert(!forth || !co_accept_prefers(&request, html, json));
    assert(!co_accept_prefers(&request, json, json));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const co_text line = CO_TEXT("GET / HTTP/1.1\r\nHost: a\r\n");
    size_t scanned = 0, whole = line.size + size;
    char *head = malloc(whole);
    if (!head)
        return 0;
    memcpy(head, line.at, line.size);
    if (size)
        memcpy(head + line.size, data, size);
    if (co_http1_request_parse((co_text){head, whole}, &scanned, &request) > 0) {
        check_preconditions();
        check_codings();
        check_accept();
    }
    free(head);
    return 0;
}
