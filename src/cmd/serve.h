/* SPDX-License-Identifier: MIT */
/* `coronet serve`: a directory over HTTP, HTTPS, FTP and FTPS. */
#ifndef CO_CMD_SERVE_H
#define CO_CMD_SERVE_H

#include "cmd/options.h"

struct co_serve_command {
    struct co_common common;
    struct co_option_list http, https, ftp, ftps, cert, key, headers, allow, deny, user,
        public_address;
    const char *index, *spa, *log, *log_format, *run_as, *tls_reuse;
    const char *users, *passive_ports, *active, *client_ca, *client_certificate, *client_crl;
    bool self_signed, strict_sni, redirect_https, no_http2, no_sandbox, no_listing, archive, cors,
        hidden, no_anonymous, write, anonymous_write;
    bool no_sync, require_tls;
    int64_t cache, max_connections, max_per_address, limit_rate;
    int64_t idle_timeout, header_timeout; /* 0: not given; each protocol has its own */
    int64_t hsts, min_rate, workers, login_delay, max_upload;
};

extern const struct co_option co_serve_options_table[];
void co_serve_defaults(void *settings);
int co_serve_run(void *settings);

#define CO_SERVE_COMMAND                                                                           \
 {                                                                                                 \
  .name = "serve", .summary = "serve a directory over HTTP, HTTPS, FTP and FTPS",                  \
  .usage = "[DIR] [OPTION...]",                                                                    \
  .examples = "  coronet serve                        the current directory, on this machine\n"    \
              "  coronet serve --http '*:8000' www    www, to the whole network\n"                 \
              "  coronet serve --http 8080 --spa index.html --cache 1h dist\n"                     \
              "  coronet serve --https 8443 --self-signed  encrypted, at once\n"                   \
              "  coronet serve --ftp '*:2121' --user ann:secret --write  an upload server\n"       \
              "  coronet serve --log access.log --log-format json --allow 192.168.0.0/16\n",       \
  .options = (const struct co_option *const[]){co_serve_options_table, co_common_options, NULL},   \
  .settings_bytes = sizeof(struct co_serve_command), .arguments_max = 1,                           \
  .defaults = co_serve_defaults, .run = co_serve_run                                               \
 }

#endif
