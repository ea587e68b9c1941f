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

/* The beginning of such a command's settings. */
struct co_transfer_command {
    struct co_common common;
    struct co_option_list headers, pins, answers;
    const char *user, *bearer, *netrc_file, *cookie_jar, *user_agent;
    const char *cacert, *crl, *cert, *key, *tls_min, *hsts, *proxy, *no_proxy, *proxy_cacert;
    bool digest, netrc, cookies, http1, http2, insecure, active;
    int64_t max_redirects, jobs, retries, timeout, connect_timeout, max_time, limit_rate;
};

#define CO_TRANSFER_WHY_MAX 384 /* bytes */

/* Their options, and that of those who try again; the latter stands under "Limits". */
extern const struct co_option co_transfer_asking[], co_transfer_retrying[];

void co_transfer_defaults(struct co_transfer_command *command);

/* A command at work. */
struct co_transfer {
    const struct co_transfer_command *command;
    bool is_silent;      /* no progress is shown */
    const char *kind;    /* what the files are called by, in JSON: "url", "path" */
    const char *goes_on; /* what goes on with what a failure leaves of a file: "-c" */
    struct co_progress progress;
    struct co_transfer_trust trust;
    char *user;                       /* NAME:PASSWORD; NULL: not told */
    struct co_buf netrc;              /* the file's text */
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

/* Decides whom to trust and who asks. 0 or an exit code, having said why; close it in any case. */
int co_transfer_open(struct co_transfer *transfer, const struct co_transfer_command *command);
void co_transfer_close(struct co_transfer *transfer);

/* Says something of a URL, whose user and password nobody shall see, or of a path. */
__attribute__((format(printf, 2, 3))) void co_transfer_say(
    const char *what, const char *format, ...);

/* Does what somebody has typed begin as such a URL does? What does not may be a file. */
bool co_transfer_is_url(const char *typed);

/* What somebody has typed as a URL, of a kind that there is, to be freed. 0 or an exit code, having
 * said why. */
int co_transfer_url(const char *typed, char **ret);

/* How the clients are to be, and what is kept of them. The transfer must outlive it. */
void co_transfer_means(struct co_transfer *transfer, struct co_means_settings *ret_means);

/* The place elsewhere, and who asks there. */
void co_transfer_remote(
    const struct co_transfer *transfer, const char *url, struct co_remote_options *ret_remote);

/* Does the work in a runtime, ended by signals and --max-time. files: how many are shown as the
 * total; 0: as many as have begun. Returns the exit code, having said what failed. */
int co_transfer_run(struct co_transfer *transfer, size_t files, co_task *work, void *arg);

/* Says that something is wrong with one of many things, and counts it as failed. */
void co_transfer_failed(struct co_transfer *transfer, const char *what, int rc,
    const struct co_transfer_result *result);

/* A line of JSON, where they are wanted; otherwise nothing. */
void co_transfer_report(const struct co_transfer *transfer, const char *event, const char *what);

/* Says what is wrong with how it was called. CO_EXIT_USAGE. */
int co_transfer_usage(const char *text);

#endif
