/* SPDX-License-Identifier: MIT */
/* The options of `coronet serve`. docs/man/coronet-serve.1 explains each at length. */
#include "cmd/serve.h"

#define AT(member)  offsetof(struct co_serve_command, member)
#define HOUR_MS     3600000
#define YEAR_MS     (366LL * 24 * HOUR_MS)
#define WORKERS_MAX 256

#define GROUP(heading)                                                                             \
 {                                                                                                 \
  CO_OPTION_GROUP, .name = heading                                                                 \
 }
#define FLAG(option, member, text)                                                                 \
 {                                                                                                 \
  CO_OPTION_FLAG, .name = option, .help = text, .at = AT(member)                                   \
 }
#define TEXT(type, option, called, member, text)                                                   \
 {                                                                                                 \
  type, .name = option, .value = called, .help = text, .at = AT(member)                            \
 }
#define NUMBER(type, option, called, member, from, to, text)                                       \
 {                                                                                                 \
  type, .name = option, .value = called, .help = text, .at = AT(member), .min = from, .max = to    \
 }

const struct co_option co_serve_options_table[] = {
    GROUP("Where"),
    TEXT(CO_OPTION_LIST, "http", "ADDR", http,
        "[HOST:]PORT, *:PORT, unix:PATH or fd:N; repeatable (localhost:8000)"),
    TEXT(CO_OPTION_LIST, "https", "ADDR", https, "the same for HTTPS; repeatable"),
    TEXT(CO_OPTION_LIST, "ftp", "ADDR", ftp, "the same for FTP; repeatable (localhost:2121)"),
    TEXT(CO_OPTION_LIST, "ftps", "ADDR", ftps, "the same for implicit FTPS; repeatable"),
    NUMBER(CO_OPTION_NUMBER, "workers", "N", workers, 1, WORKERS_MAX, "threads (one per core)"),
    TEXT(CO_OPTION_TEXT, "run-as", "USER", run_as, "as root: become this user (nobody)"),
    FLAG("no-http2", no_http2, "HTTP/1 alone"),
    FLAG("no-sandbox", no_sandbox, "do without Landlock and seccomp, and with core dumps"),

    GROUP("TLS"),
    {CO_OPTION_LIST, .name = "cert", .value = "FILE", .is_file = true, .at = AT(cert),
        .help = "a certificate (PEM) with those above it; repeatable, chosen by name"},
    {CO_OPTION_LIST, .name = "key", .value = "FILE", .is_file = true, .at = AT(key),
        .help = "its private key (PEM); one for each --cert"},
    {CO_OPTION_TEXT, .name = "client-ca", .value = "FILE", .is_file = true, .at = AT(client_ca),
        .help = "clients show certificates of these authorities (PEM)"},
    {CO_OPTION_TEXT, .name = "client-crl", .value = "FILE", .is_file = true, .at = AT(client_crl),
        .help = "whom these authorities have revoked: CRLs (PEM)"},
    TEXT(CO_OPTION_CHOICE, "client-certificate", "require|optional", client_certificate,
        "whether they must (require)"),
    FLAG("strict-sni", strict_sni, "refuse who asks for a name that no certificate is for"),
    FLAG("self-signed", self_signed, "make a certificate, and keep it"),
    FLAG("require-tls", require_tls, "no password, and nothing over FTP, without encryption"),
    TEXT(CO_OPTION_CHOICE, "tls-reuse", "require|prefer|off", tls_reuse,
        "FTP's data connections resume the session of their client (prefer)"),
    FLAG("redirect-https", redirect_https, "send whoever comes by http to https"),
    NUMBER(CO_OPTION_SECONDS, "hsts", "SECONDS", hsts, 0, YEAR_MS * 2,
        "browsers shall come by https alone for so long (0)"),

    GROUP("Who may do what"),
    TEXT(CO_OPTION_LIST, "user", "NAME:PASSWORD", user,
        "a user; repeatable; other users of this machine can see it"),
    {CO_OPTION_TEXT, .name = "users", .value = "FILE", .is_file = true, .at = AT(users),
        .help = "users of a file, which coronet passwd makes"},
    FLAG("no-anonymous", no_anonymous, "whoever is no user may not even read"),
    FLAG("write", write, "users may upload, rename, remove, make folders"),
    FLAG("anonymous-write", anonymous_write, "everybody may"),
    NUMBER(CO_OPTION_BYTES, "max-upload", "BYTES", max_upload, 0, 0,
        "of a file that is uploaded; 0: any number (0)"),
    FLAG("no-sync", no_sync, "do not wait for the disk before an upload is called complete"),
    NUMBER(CO_OPTION_SECONDS, "login-delay", "SECONDS", login_delay, 0, HOUR_MS,
        "before a wrong password is answered (1)"),

    GROUP("FTP"),
    TEXT(CO_OPTION_TEXT, "passive-ports", "LOW-HIGH", passive_ports,
        "for data connections (any free port)"),
    TEXT(CO_OPTION_LIST, "public-address", "[CIDR=]ADDR", public_address,
        "what PASV names to others, or to a network; repeatable"),
    TEXT(CO_OPTION_CHOICE, "active", "on|off", active, "connect to clients that ask for it (on)"),

    GROUP("Pages"),
    TEXT(CO_OPTION_TEXT, "index", "NAME", index, "page of a folder (index.html)"),
    FLAG("no-listing", no_listing, "folders without that page do not exist"),
    FLAG("archive", archive, "folders as .tar, .tar.gz or .zip, made while they are sent"),
    FLAG("hidden", hidden, "show names that begin with a dot"),
    TEXT(CO_OPTION_TEXT, "spa", "FILE", spa, "this page, below DIR, for whatever does not exist"),
    TEXT(CO_OPTION_LIST, "header", "'NAME: VALUE'", headers, "in every response; repeatable"),
    FLAG("cors", cors, "pages of other sites may read everything"),
    NUMBER(CO_OPTION_SECONDS, "cache", "SECONDS", cache, 0, YEAR_MS,
        "browsers may keep files this long without asking (0)"),

    GROUP("Limits"),
    NUMBER(CO_OPTION_NUMBER, "max-connections", "N", max_connections, 1, 10000000,
        "connections at once (10000)"),
    NUMBER(CO_OPTION_NUMBER, "max-per-address", "N", max_per_address, 0, 10000000,
        "of one IPv4 address or IPv6 /64; 0: no limit (0)"),
    NUMBER(CO_OPTION_BYTES, "limit-rate", "BYTES", limit_rate, 0, 0,
        "bytes a second of each connection, each way; 0: no limit (0)"),
    NUMBER(CO_OPTION_SECONDS, "idle-timeout", "SECONDS", idle_timeout, 1, 24 * HOUR_MS,
        "between two requests of a connection (60), or commands of FTP (300)"),
    NUMBER(CO_OPTION_SECONDS, "header-timeout", "SECONDS", header_timeout, 1, HOUR_MS,
        "for a request's whole head (30), or FTP's login, or a command (60)"),
    NUMBER(CO_OPTION_BYTES, "min-rate", "BYTES", min_rate, 0, 0,
        "bytes a second that a peer must keep up; 0: any (240)"),
    TEXT(CO_OPTION_LIST, "allow", "CIDR", allow, "who may connect; repeatable (everybody)"),
    TEXT(CO_OPTION_LIST, "deny", "CIDR", deny, "who may not; the most specific rule wins"),

    GROUP("Log"),
    {CO_OPTION_TEXT, .name = "log", .value = "FILE", .is_file = true, .at = AT(log),
        .help = "a line for each request; - is standard output; or none (-)"},
    TEXT(CO_OPTION_CHOICE, "log-format", "combined|json|xferlog", log_format, "(combined)"),

    {.name = NULL},
};

void co_serve_defaults(void *settings)
{
    struct co_serve_command *serve = settings;
    serve->max_connections = 10000;
    serve->min_rate = 240;
    serve->login_delay = 1000;
}
