/* SPDX-License-Identifier: MIT */
/* How this machine looks names up: resolv.conf(5) and the hosts line of nsswitch.conf(5). Pure. */
#ifndef CO_DNS_RESOLVCONF_H
#define CO_DNS_RESOLVCONF_H

#include "base/base.h"
#include "coronet/net.h"
#include "dns/name.h"

#define CO_DNS_SERVERS_MAX  3  /* what resolv.conf(5) promises (MAXNS) */
#define CO_DNS_SEARCH_MAX   6  /* what resolv.conf(5) promised before glibc 2.26 (MAXDNSRCH) */
#define CO_DNS_NDOTS_MAX    15 /* the ceilings of resolv.conf(5) */
#define CO_DNS_TIMEOUT_MAX  30 /* seconds */
#define CO_DNS_ATTEMPTS_MAX 5

struct co_resolv_conf {
    co_address servers[CO_DNS_SERVERS_MAX];
    unsigned server_count;
    char search[CO_DNS_SEARCH_MAX][CO_NAME_MAX + 1];
    unsigned search_count;
    unsigned ndots;     /* 0: a name without dots is tried as it stands first */
    unsigned timeout_s; /* for each try */
    unsigned attempts;  /* rounds over all servers */
    bool rotate;        /* begin with any server, not always with the first */
};

/*
 * Reads resolv.conf. What is missing gets the manual page's defaults (an empty file: the server at
 * 127.0.0.1), what makes no sense is passed over. Beyond that page a server may have a port:
 * "127.0.0.1:5353", "[::1]:5353".
 */
void co_resolv_conf_read(co_text file, struct co_resolv_conf *ret);

/* Who answers after the hosts file, by the hosts line of nsswitch.conf. */
enum co_name_service {
    CO_NAMES_DNS,    /* dns, or there is no such line */
    CO_NAMES_SYSTEM, /* services that only libc knows come before dns (mdns, resolve, ldap, ...) */
    CO_NAMES_NONE,   /* files alone */
};

enum co_name_service co_nsswitch_read(co_text file);

#endif
