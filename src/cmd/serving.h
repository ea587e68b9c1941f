/* SPDX-License-Identifier: MIT */
/* `coronet serve` at work: what its set-up leaves to its run, in the monitor and in its workers. */
#ifndef CO_CMD_SERVING_H
#define CO_CMD_SERVING_H

#include "app/accounts.h"
#include "app/certificates.h"
#include "app/log.h"
#include "app/serve.h"
#include "cmd/greet.h"
#include "cmd/key_log.h"
#include "cmd/monitor.h"
#include "cmd/privilege.h"
#include "cmd/sandbox.h"
#include "cmd/serve.h"
#include "cmd/sink.h"

struct co_serving {
    struct co_serve_command *command;
    const char *directory;
    int notify_fd;           /* the service manager's socket, or -1 */
    int directory_fd;        /* O_PATH: to ask what we may, as whoever we are */
    struct co_identity user; /* whom we become; with an empty name: we stay who we are */
    struct co_sandbox sandbox;
    struct co_doors doors;
    struct co_keeper *keeper;
    pid_t monitor;
    struct co_kept_file kept[3 + 3 * CO_CERTIFICATES_MAX]; /* the log; what TLS reads */
    struct co_watch watch;                                 /* that */
    struct co_certificates certificates;
    char *ocsp_paths[CO_CERTIFICATES_MAX];
    struct co_key_log key_log;
    struct co_self_signed *self_signed; /* one of them; NULL: it is not */
    struct co_vault vault;
    co_access *access;
    struct co_accounts *accounts; /* made when it runs; NULL: there are none */
    struct co_sink *log;          /* of requests; NULL: none */
    struct co_sink *events;       /* standard output under --json; may be `log` */
    enum co_log_format log_format;
    struct co_serve_settings settings;
    struct co_interfaces interfaces; /* told to people; without them: none */
    co_group group;
    bool again;       /* there was a worker before this one */
    bool is_open;     /* everything is open, privileges are gone */
    bool for_people;  /* standard error is a terminal */
    bool is_told;     /* what went wrong has been said */
    int stop_signals; /* how many have come */
    int exit_code;    /* when known before the end; else 0 */
};

/* Everything up to the first socket: options checked, directory and logs opened, the user chosen,
 * settings filled in. 0, or an exit code, having said why. */
int co_serving_set_up(struct co_serving *server);

/* Of the set-up: which certificates there are, one of them made if need be. 0, or an exit code,
 * having said why. */
int co_serving_certificates(struct co_serving *server);
void co_serving_certificates_free(struct co_serving *server);
/* At the start, inside a fiber: reads them. 0 or negative, with detail and the exit code. */
int co_serving_certificates_read(struct co_serving *server);
/* The same when it runs: what cannot be used is said, and nothing changes. asked: somebody knows
 * that it is done. */
void co_serving_certificates_reload(struct co_serving *server, bool asked);

/* Told of each request, or for xferlog of each file that goes over HTTP, and of what is done over
 * FTP, by every shard: a line in the log. */
void co_serving_on_request(void *arg, const struct co_http_event *event);
void co_serving_on_transfer(void *arg, const struct co_http_transfer *transfer);
void co_serving_on_ftp(void *arg, const struct co_ftp_event *event);
/* Told of addresses, and that everything is open. */
void co_serving_on_listening(void *arg, const char *scheme, const co_address *address);
int co_serving_on_opened(void *arg);
int co_serving_on_started(void *arg);

#endif
