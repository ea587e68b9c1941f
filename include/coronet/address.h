/* SPDX-License-Identifier: MIT */
/* The type of a socket address; what can be done with one is in coronet/net.h. */
#ifndef CORONET_ADDRESS_H
#define CORONET_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

/* A socket address of any family we speak: IPv4, IPv6, Unix. */
typedef struct co_address {
    uint32_t size; /* bytes of the address in use; 0: none */
    union {
        struct sockaddr any;
        uint64_t align_;
        uint8_t bytes[112];
    } as;
} co_address;

#define CO_ADDRESS_TEXT_MAX 128 /* bytes of an address as text, with its NUL */

#endif
