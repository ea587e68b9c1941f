/* SPDX-License-Identifier: MIT */
/* An address that reads is written as text that reads as the same address; whatever is taken apart
 * keeps to its limits. The first byte says which port is the default. */
#include "net/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 512

static void check_where(const char *text)
{
    struct co_where where;
    if (co_where_parse(text, &where) < 0)
        return;
    assert(where.port <= 65535 && memchr(where.host, '\0', sizeof where.host));
    assert(where.kind != CO_WHERE_HOST || where.host[0]);
    assert((where.kind == CO_WHERE_FD) == (where.fd >= 0));
    assert(where.kind != CO_WHERE_UNIX || where.path == text + 5);
}

static void check_address(const char *text, int default_port)
{
    co_address address, again;
    char shown[CO_ADDRESS_TEXT_MAX], shown_again[CO_ADDRESS_TEXT_MAX];
    if (co_address_parse(text, default_port, &address) < 0)
        return;
    assert(address.size > 0 && address.size <= sizeof address.as);
    assert(strlen(co_address_text(&address, shown)) < sizeof shown);
    assert(co_address_parse(shown, -1, &again) == 0);
    assert(strcmp(co_address_text(&again, shown_again), shown) == 0);
    assert(co_address_port(&again) == co_address_port(&address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX + 1];
    if (size == 0 || size > TEXT_MAX)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    check_where(text);
    check_address(text, data[0] - 1);
    return 0;
}
