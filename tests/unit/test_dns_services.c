/* SPDX-License-Identifier: MIT */
/* Whom co_resolve asks for a name, in which order, and whether it asks again. libc's services are
 * this program's own getaddrinfo. */
#include "fibers.h"
#include "found.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

/* ---- libc ------------------------------------------------------------------------------------ */

static char asked_libc[300]; /* the name; empty: not asked */

/* Knows names that begin with "libc": 192.0.2.99. */
int getaddrinfo(const char *restrict node, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    static struct sockaddr_in in;
    static struct addrinfo info;
    (void)service, (void)hints;
    snprintf(asked_libc, sizeof asked_libc, "%s", node);
    if (strncmp(node, "libc", 4) != 0)
        return EAI_NONAME;
    in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(80)};
    in.sin_addr.s_addr = htonl(0xc0000263);
    info = (struct addrinfo){.ai_family = AF_INET, .ai_addrlen = sizeof in};
    info.ai_addr = (struct sockaddr *)&in;
    *ret = &info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    (void)info;
}

/* ---- a name server --------------------------------------------------------------------------- */

static unsigned asked_dns;

/* Knows names that begin with "dns": 192.0.2.1; says of "fail" that it cannot tell, and of "loop"
 * that it is its own alias. */
static int name_server(void *socket)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
    static const uint8_t alias[sizeof record] = {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12};
    uint8_t bytes[512];
    co_address peer;
    while (co_udp_receive(socket, bytes, sizeof bytes, &peer) > 0) {
        size_t end = 12 + strlen((char *)bytes + 12) + 5;
        bool loops = strncasecmp((char *)bytes + 13, "loop", 4) == 0;
        bool knows = loops || strncasecmp((char *)bytes + 13, "dns", 3) == 0;
        bool fails = strncasecmp((char *)bytes + 13, "fail", 4) == 0;
        uint8_t head[] = {0x81, knows ? 0x80 : fails ? 0x82 : 0x83, 0, 1, 0, knows, 0, 0, 0, 0};
        memcpy(bytes + 2, head, sizeof head);
        memcpy(bytes + end, loops ? alias : record, sizeof record);
        asked_dns++;
        co_udp_send(socket, bytes, end + (knows ? sizeof record : 0), &peer);
    }
    return 0;
}

/* ---- look-ups -------------------------------------------------------------------------------- */

static char hosts_file[64], resolv_conf[64], nsswitch[64];

static void file_write(char path[64], const char *text)
{
    if (!*path) {
        snprintf(path, 64, "/tmp/coronet-services-XXXXXX");
        close(mkstemp(path));
    }
    FILE *file = fopen(path, "w");
    if (CHECK(file != NULL)) {
        fputs(text, file);
        fclose(file);
    }
}

static void files_remove(void)
{
    char *const all[] = {hosts_file, resolv_conf, nsswitch};
    for (size_t i = 0; i < CO_LENGTH(all); i++) {
        unlink(all[i]);
        *all[i] = '\0';
    }
}

static const char *resolve(const char *host, bool no_cache)
{
    static co_address found[CO_RESOLVE_MAX];
    const struct co_resolve_options options = {
        AF_INET, hosts_file, resolv_conf, nsswitch, no_cache};
    *asked_libc = '\0';
    return found_text(found, co_resolve(host, 80, &options, found));
}

static const struct {
    const char *services, *host, *answer;
    const char *asked_libc;
} cases[] = {
    {"files dns", "dns.example", "192.0.2.1:80", ""},
    {"files dns", "libc.example", "CO_ENAME", ""},
    {"files dns", "dns-too", "127.0.0.5:80", ""},
    {"dns files", "dns-too", "192.0.2.1:80", ""},
    {"dns", "hosts-only", "CO_ENAME", ""},
    {"dns files", "hosts-only", "127.0.0.6:80", ""},
    {"dns [NOTFOUND=return] files", "hosts-only", "CO_ENAME", ""},
    {"dns [!UNAVAIL=return] files", "fail-here", "127.0.0.7:80", ""},
    {"dns [UNAVAIL=return] files", "fail-here", "CO_ENAMESERVER", ""},
    {"dns [!UNAVAIL=return] files", "loop-here", "127.0.0.9:80", ""},
    {"dns [UNAVAIL=return] files", "loop-here", "CO_ENAMESERVER", ""},
    {"files dns mymachines", "dns.example", "192.0.2.1:80", ""},
    {"files dns mymachines", "libc", "192.0.2.99:80", "libc"},
    {"files dns mymachines", "libc.example", "192.0.2.99:80", "libc.example."},
    {"files dns mymachines", "nowhere", "CO_ENAME", "nowhere"},
    {"files dns mymachines", "fail.example", "CO_ENAMESERVER", "fail.example."},
    {"files dns [NOTFOUND=return] mymachines", "libc", "CO_ENAME", ""},
    {"files dns [!UNAVAIL=return] mymachines", "libc", "CO_ENAME", ""},
    {"files mymachines dns", "libc.example", "192.0.2.99:80", "libc.example"},
    {"files [SUCCESS=merge] dns", "dns.example", "CO_ENAME", "dns.example"},
    {"files", "dns.example", "CO_ENAME", ""},
};

static void try_services(void)
{
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        char line[128];
        snprintf(line, sizeof line, "hosts: %s\n", cases[i].services);
        file_write(nsswitch, line);
        if (!CHECK_STRING(resolve(cases[i].host, true), cases[i].answer) ||
            !CHECK_STRING(asked_libc, cases[i].asked_libc))
            fprintf(stderr, "%s by %s\n", cases[i].host, cases[i].services);
    }
}

/* With other servers, what the first ones said does not count. */
static void try_cache(const char *same_server)
{
    file_write(nsswitch, "hosts: files dns\n");
    asked_dns = 0;
    CHECK_STRING(resolve("dns.example", false), "192.0.2.1:80");
    CHECK_STRING(resolve("dns.example", false), "192.0.2.1:80");
    CHECK_INT(asked_dns, 1);
    CHECK_STRING(resolve("dns.example", true), "192.0.2.1:80");
    CHECK_INT(asked_dns, 2);
    char text[256];
    snprintf(text, sizeof text, "%s%s", same_server, same_server);
    file_write(resolv_conf, text);
    CHECK_STRING(resolve("dns.example", false), "192.0.2.1:80");
    CHECK_INT(asked_dns, 3);
    file_write(hosts_file, "127.0.0.8 dns.example\n");
    CHECK_STRING(resolve("dns.example", false), "127.0.0.8:80");
}

static void try_words(const char *server)
{
    (void)server;
    file_write(nsswitch, "hosts: dns\n");
    CHECK_STRING(resolve("loop.example", false), "CO_ENAMESERVER");
    CHECK_STRING(co_explain(CO_ENAMESERVER),
        "cannot find the host \"loop.example\": its name server's answer is malformed, or has too "
        "many aliases");
    CHECK_STRING(resolve("fail.example", false), "CO_ENAMESERVER");
    CHECK_STRING(co_explain(CO_ENAMESERVER),
        "cannot find the host \"fail.example\": no name server answered usefully (is the network "
        "up?)");
}

static int with_name_server(void (*run)(const char *server))
{
    struct co_go_options background = {.name = "name server", .background = true};
    char where[CO_ADDRESS_TEXT_MAX], text[CO_ADDRESS_TEXT_MAX + 16];
    co_socket *socket;
    co_group group;
    REQUIRE(co_udp_bind(&socket, "127.0.0.1:0") == 0);
    snprintf(text, sizeof text, "nameserver %s\n", co_address_text(co_udp_address(socket), where));
    file_write(resolv_conf, text);
    file_write(hosts_file, "127.0.0.5 dns-too\n127.0.0.6 hosts-only\n127.0.0.7 fail-here\n"
                           "127.0.0.9 loop-here\n");
    co_group_open(&group, NULL);
    co_go_with(&group, &background, name_server, socket);
    co_sleep(0);
    run(text);
    int rc = co_group_close(&group);
    co_udp_close(socket);
    files_remove();
    return rc;
}

static void services(const char *server)
{
    (void)server;
    try_services();
}

FIBER_TEST(asks_the_services_in_their_order_and_by_their_rules)
{
    return with_name_server(services);
}

FIBER_TEST(keeps_replies_until_servers_or_hosts_change)
{
    return with_name_server(try_cache);
}

FIBER_TEST(an_answer_of_no_use_is_told_from_none)
{
    return with_name_server(try_words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_the_services_in_their_order_and_by_their_rules),
        cmocka_unit_test(keeps_replies_until_servers_or_hosts_change),
        cmocka_unit_test(an_answer_of_no_use_is_told_from_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
