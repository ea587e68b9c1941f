/* SPDX-License-Identifier: MIT */
/*
 * What the commands share that ask servers for something: whom to trust, how long to wait, what is
 * told to people while files come and go, and the exit code of many.
 */
#ifndef CO_CMD_TRANSFER_H
#define CO_CMD_TRANSFER_H

#include "app/get.h"
#include "cmd/exit.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/transfer_trust.h"
#include "coronet/http_client.h"

/* The beginning of such a command's settings. */
struct co_transfer_command {
    struct co_common common;
    struct co_option_list headers, pins, answers;
    const char *user, *user_agent;
    const char *cacert, *cert, *key, *tls_min, *proxy, *no_proxy, *proxy_cacert;
    bool insecure, active;
    int64_t jobs, retries, timeout, connect_timeout, max_time, limit_rate;
};

#define CO_TRANSFER_RETRIES_MAX 1000
#define CO_TRANSFER_WHY_MAX     384 /* bytes */
#define CO_TRANSFER_AT(member)  offsetof(struct co_transfer_command, member)

/* Rows of their option tables. */
#define CO_TRANSFER_WHO                                                                            \
 {CO_OPTION_LIST, .name = "header", .value = "'NAME: VALUE'",                                      \
     .help = "in the request; repeatable; not told to other servers",                              \
     .at = CO_TRANSFER_AT(headers)},                                                               \
     {CO_OPTION_TEXT, .name = "user", .value = "NAME:PASSWORD",                                    \
         .help = "who you are; other users of this machine can see it",                            \
         .at = CO_TRANSFER_AT(user)},                                                              \
 {                                                                                                 \
  CO_OPTION_TEXT, .name = "user-agent", .value = "TEXT", .help = "who asks (coronet)",             \
                  .at = CO_TRANSFER_AT(user_agent)                                                 \
 }
#define CO_TRANSFER_TLS                                                                            \
 {CO_OPTION_GROUP, .name = "TLS"},                                                                 \
     {CO_OPTION_TEXT, .name = "cacert", .value = "FILE", .is_file = true,                          \
         .help = "authorities to trust (PEM) instead of the system's",                             \
         .at = CO_TRANSFER_AT(cacert)},                                                            \
     {CO_OPTION_TEXT, .name = "cert", .value = "FILE", .is_file = true,                            \
         .help = "a certificate (PEM) that shows who you are", .at = CO_TRANSFER_AT(cert)},        \
     {CO_OPTION_TEXT, .name = "key", .value = "FILE", .is_file = true,                             \
         .help = "its key (PEM), unless it stands in the same file", .at = CO_TRANSFER_AT(key)},   \
     {CO_OPTION_LIST, .name = "pin", .value = "sha256//BASE64",                                    \
         .help = "the server's key must be this one, too; repeatable",                             \
         .at = CO_TRANSFER_AT(pins)},                                                              \
     {CO_OPTION_CHOICE, .name = "tls-min", .value = "1.2|1.3",                                     \
         .help = "the oldest version that is spoken (1.2)", .at = CO_TRANSFER_AT(tls_min)},        \
 {                                                                                                 \
  CO_OPTION_FLAG, .name = "insecure", .help = "believe any server; said so each time",             \
                  .at = CO_TRANSFER_AT(insecure)                                                   \
 }
#define CO_TRANSFER_WAY                                                                            \
 {CO_OPTION_GROUP, .name = "Way"},                                                                 \
     {CO_OPTION_TEXT, .name = "proxy", .value = "URL",                                             \
         .help = "http, https, socks5 or socks5h; \"\": none; else as the environment says",       \
         .at = CO_TRANSFER_AT(proxy)},                                                             \
     {CO_OPTION_TEXT, .name = "noproxy", .value = "LIST",                                          \
         .help = "hosts, domains and networks without a proxy, instead of $no_proxy",              \
         .at = CO_TRANSFER_AT(no_proxy)},                                                          \
     {CO_OPTION_TEXT, .name = "proxy-cacert", .value = "FILE", .is_file = true,                    \
         .help = "authorities to trust (PEM) for an https:// proxy",                               \
         .at = CO_TRANSFER_AT(proxy_cacert)},                                                      \
     {CO_OPTION_FLAG, .name = "active", .help = "FTP: the server makes the data connections",      \
         .at = CO_TRANSFER_AT(active)},                                                            \
 {                                                                                                 \
  CO_OPTION_LIST, .name = "resolve", .value = "HOST:PORT:ADDRESS",                                 \
                  .help = "the address of a host, instead of a look-up; repeatable",               \
                  .at = CO_TRANSFER_AT(answers)                                                    \
 }
#define CO_TRANSFER_JOBS                                                                           \
 {                                                                                                 \
  CO_OPTION_NUMBER, .name = "jobs", .value = "N", .help = "files at once (4)",                     \
                    .at = CO_TRANSFER_AT(jobs), .min = 1, .max = CO_PROGRESS_ROWS                  \
 }
#define CO_TRANSFER_RETRIES                                                                        \
 {                                                                                                 \
  CO_OPTION_NUMBER, .name = "retries", .value = "N",                                               \
                    .help = "of each file, after failures that may pass (3)",                      \
                    .at = CO_TRANSFER_AT(retries), .max = CO_TRANSFER_RETRIES_MAX                  \
 }
#define CO_TRANSFER_LIMITS                                                                         \
 {CO_OPTION_SECONDS, .name = "timeout", .value = "SECONDS",                                        \
     .help = "for a response to begin (60)", .at = CO_TRANSFER_AT(timeout), .min = 1},             \
     {CO_OPTION_SECONDS, .name = "connect-timeout", .value = "SECONDS",                            \
         .help = "for a connection (30)", .at = CO_TRANSFER_AT(connect_timeout), .min = 1},        \
     {CO_OPTION_SECONDS, .name = "max-time", .value = "SECONDS", .help = "for all; 0: any (0)",    \
         .at = CO_TRANSFER_AT(max_time)},                                                          \
 {                                                                                                 \
  CO_OPTION_BYTES, .name = "limit-rate", .value = "BYTES",                                         \
                   .help = "bytes a second of each connection; 0: no limit (0)",                   \
                   .at = CO_TRANSFER_AT(limit_rate)                                                \
 }

void co_transfer_defaults(struct co_transfer_command *command);

/* A command at work. */
struct co_transfer {
    const struct co_transfer_command *command;
    bool is_silent;   /* no progress is shown */
    const char *kind; /* what the files are called by, in JSON: "url", "path" */
    struct co_progress progress;
    struct co_transfer_trust trust;
    struct co_transfer_events events; /* for whoever does the work */
    size_t count, failed;             /* files that have ended */
    bool kept_badly;                  /* a file for later runs could not be written */
    enum co_exit code;                /* of the first failure */
    int signal;                       /* that ended it; 0: none */
    co_task *work;
    void *arg;
    /* Why all of it failed; outside of its fiber nobody can tell any more. */
    char why[CO_TRANSFER_WHY_MAX];
};

/* Decides whom to trust. 0 or an exit code, having said why; close it in any case. */
int co_transfer_open(struct co_transfer *transfer, const struct co_transfer_command *command);
void co_transfer_close(struct co_transfer *transfer);

/* Says something of a URL, whose user and password nobody shall see, or of a path. */
__attribute__((format(printf, 2, 3))) void co_transfer_say(
    const char *what, const char *format, ...);

/* How the client is to be. */
void co_transfer_client(
    const struct co_transfer *transfer, struct co_http_client_options *ret_options);

/* Does the work in a runtime, ended by signals and --max-time. files: how many are shown as the
 * total; 0: as many as have begun. Returns the exit code, having said what failed. */
int co_transfer_run(struct co_transfer *transfer, size_t files, co_task *work, void *arg);

/* Says that something is wrong with one of many things, and counts it as failed. */
void co_transfer_failed(struct co_transfer *transfer, const char *what, int rc, int status);

/* A line of JSON, where they are wanted; otherwise nothing. */
void co_transfer_report(const struct co_transfer *transfer, const char *event, const char *what);

/* Says what is wrong with how it was called. CO_EXIT_USAGE. */
int co_transfer_usage(const char *text);

#endif
