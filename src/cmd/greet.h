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

/* The addresses by which others reach this machine, without a port. */
struct co_interfaces {
    co_address at[CO_INTERFACES_MAX];
    unsigned count;
};

/* Asks the kernel, which the sandbox does not let pass. */
void co_greet_interfaces(struct co_interfaces *ret);

/* Is it every interface's? */
bool co_greet_is_everywhere(const co_address *address);

/* "listening URL" on standard error; when the address is every interface's, also the URLs that
 * others can use, as far as they are named here. */
void co_greet_listening(
    const char *scheme, const co_address *address, const struct co_interfaces *interfaces);

#endif
