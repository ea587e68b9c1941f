/* SPDX-License-Identifier: MIT */
/*
 * `coronet serve` as two functions: opening the addresses, then serving a directory at them over
 * HTTP, HTTPS, FTP and FTPS on as many shards as asked for. One process may open, and others serve.
 *
 * What else may need privileges (the directory) is opened first, by the calling thread alone; then
 * `opened` is called, which may give the privileges up; only then do other threads start and is a
 * byte from outside read. `started` is called when they all have.
 */
#ifndef CO_APP_SERVE_H
#define CO_APP_SERVE_H

#include "coronet/ftp.h"
#include "coronet/http.h"
#include "net/doors.h"

#define CO_APP_HOST_MAX 255 /* bytes */

struct co_serve_settings {
    const char *directory;
    /* Addresses, NULL-terminated; "localhost" is both loopbacks. NULL: none. */
    const char *const *http, *const *https, *const *ftp, *const *ftps;
    int family;          /* AF_INET or AF_INET6 only; 0: both */
    unsigned workers;    /* shards; 0: 1 */
    co_tls *tls;         /* for https and ftps, and for ftp where clients ask for it */
    bool redirect_https; /* whoever comes by http is sent to the first of https */
    struct co_http_options options;
    struct co_http_files_options files;
    struct co_ftp_options ftp_options;
    co_access *access; /* asked by every listener; NULL: everybody may */
    /* Everything is open. A negative result ends the call with it. May be NULL. */
    int (*opened)(void *arg);
    /* The runtimes of all shards are there: by the last one's thread. May be NULL; as above. */
    int (*started)(void *arg);
    /* Told each address, in the order asked for, once all listen; then once with NULL: ready. */
    void (*listening)(void *arg, const char *scheme, const co_address *address);
    void *arg;
};

/* The host that "[HOST:]PORT" names, "*" for every interface; false when it names none. */
bool co_app_host(const char *where, char ret_host[CO_APP_HOST_MAX + 1]);

/* May "Name: value" be one of options.headers? 0; -EINVAL when it is no field; -EEXIST when it is
 * one that the server itself sets. */
int co_app_header_check(const char *line);

/* May the rule be one of ftp_options.public_addresses? 0 or -EINVAL. */
int co_app_public_address_check(const char *rule);

/* Opens every address for every shard. Suspends for a name. doors: for co_doors_close, whatever is
 * returned. 0 or as co_listen, with detail. */
int co_app_open(const struct co_serve_settings *settings, struct co_doors *doors);

/* Serves until drained (0) or cancelled. Suspends. Whatever it returns before `opened` was called
 * concerns the directory and has detail. doors: borrowed; the sockets in it are taken. */
int co_app_serve(const struct co_serve_settings *settings, struct co_doors *doors);

#endif
