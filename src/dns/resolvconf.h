/* SPDX-License-Identifier: MIT */
/* How this machine looks names up: resolv.conf(5) and the hosts line of nsswitch.conf(5). Pure. */
#ifndef CO_DNS_RESOLVCONF_H
#define CO_DNS_RESOLVCONF_H

#include "base/base.h"
#include "coronet/net.h"
#include "dns/name.h"

#define CO_DNS_SERVERS_MAX   3  /* what resolv.conf(5) promises (MAXNS) */
#define CO_DNS_SEARCH_MAX    6  /* what resolv.conf(5) promised before glibc 2.26 (MAXDNSRCH) */
#define CO_DNS_NDOTS_MAX     15 /* the ceilings of resolv.conf(5) */
#define CO_DNS_TIMEOUT_MAX   30 /* seconds */
#define CO_DNS_ATTEMPTS_MAX  5
#define CO_NAME_SERVICES_MAX 8 /* more are libc's to ask */

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

/* Who is asked for a name, in the order of the hosts line of nsswitch.conf. */
enum co_name_service {
    CO_NAMES_FILES,
    CO_NAMES_DNS,
    CO_NAMES_SYSTEM, /* one that only libc knows (mdns, resolve, ldap, ...): libc is asked, for all
                      */
};

enum co_name_status { /* what a service may say; bits */
    CO_NAMES_SUCCESS = 1,
    CO_NAMES_NOTFOUND = 2,
    CO_NAMES_UNAVAIL = 4,
    CO_NAMES_TRYAGAIN = 8,
};

struct co_name_services {
    unsigned count;
    struct co_name_step {
        uint8_t service; /* enum co_name_service */
        uint8_t ends;    /* statuses after which nobody else is asked */
    } at[CO_NAME_SERVICES_MAX];
};

/* Without a hosts line: files, then dns. A file that asks for more than the first success (merge)
 * is libc's to follow. */
void co_nsswitch_read(co_text file, struct co_name_services *ret);

#endif
