/* SPDX-License-Identifier: MIT */
/* How `coronet serve` says where it is to be found. */
#ifndef CO_CMD_GREET_H
#define CO_CMD_GREET_H

#include "coronet/net.h"

#include <stdbool.h>

#define CO_GREET_URL_MAX (CO_ADDRESS_TEXT_MAX + 16)

/* "http://127.0.0.1:8000/", or "unix:/run/x" as it is. Returns ret_url. */
char *co_greet_url(const char *scheme, const co_address *address, char ret_url[CO_GREET_URL_MAX]);

#define CO_INTERFACES_MAX 32 /* more than people would read */

/* The addresses, with this port, by which others reach this machine; how many. */
unsigned co_greet_interfaces(unsigned port, co_address *ret, unsigned room);

/* Is it every interface's? */
bool co_greet_is_everywhere(const co_address *address);

/* "listening URL" on standard error; for people, when the address is every interface's, also the
 * URLs that others can use. */
void co_greet_listening(const char *scheme, const co_address *address, bool for_people);

#endif
