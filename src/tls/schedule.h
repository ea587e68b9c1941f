/* SPDX-License-Identifier: MIT */
/* The key schedule of TLS 1.3, and OpenSSL's library with it. */
#ifndef CO_TLS_SCHEDULE_H
#define CO_TLS_SCHEDULE_H

#include <openssl/core_dispatch.h>

/* A provider of the one derivation that the schedule consists of; nothing else is in it. */
extern OSSL_provider_init_fn co_schedule_provider;

#define CO_SCHEDULE_PROVIDER "coronet"

#endif
