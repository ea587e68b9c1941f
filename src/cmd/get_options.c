/* SPDX-License-Identifier: MIT */
/* The options of `coronet get`. docs/man/coronet-get.1 explains each at length. */
#include "cmd/get.h"
#include "cmd/progress.h"

#define AT(member)  offsetof(struct co_get_command, member)
#define MINUTE_MS   60000
#define RETRIES_MAX 1000

const struct co_option co_get_options_table[] = {
    {CO_OPTION_GROUP, .name = "Where to"},
    {CO_OPTION_TEXT, 'o', "output", "FILE", "name of the one file; - is standard output",
        AT(output), .is_file = true},
    {CO_OPTION_TEXT, 'P', "folder", "DIR", "where files go (the current directory)", AT(folder),
        .is_file = true},
    {CO_OPTION_FLAG, .name = "force", .help = "replace files that are there", .at = AT(force)},
    {CO_OPTION_FLAG, .name = "no-sync", .help = "do not wait for the disk", .at = AT(no_sync)},

    {CO_OPTION_GROUP, .name = "What"},
    {CO_OPTION_TEXT, 'i', "input-file", "FILE", "URLs, one a line; - is standard input", AT(list),
        .is_file = true},
    {CO_OPTION_FLAG, 'c', "continue",
        .help = "go on with what an earlier run has left of the same version", .at = AT(resume)},
    {CO_OPTION_FLAG, .name = "compressed",
        .help = "ask for gzip, deflate, br or zstd, and decode it", .at = AT(compressed)},
    {CO_OPTION_LIST, .name = "header", .value = "'NAME: VALUE'",
        .help = "in the request; repeatable; not told to other servers", .at = AT(headers)},
    {CO_OPTION_TEXT, .name = "user", .value = "NAME:PASSWORD",
        .help = "who you are; other users of this machine can see it", .at = AT(user)},
    {CO_OPTION_TEXT, .name = "user-agent", .value = "TEXT", .help = "who asks (coronet)",
        .at = AT(user_agent)},
    {CO_OPTION_FLAG, .name = "cookies", .help = "take and tell cookies, for this run",
        .at = AT(cookies)},
    {CO_OPTION_TEXT, .name = "cookie-jar", .value = "FILE", .is_file = true,
        .help = "cookies of earlier runs and for later ones", .at = AT(cookie_jar)},
    {CO_OPTION_NUMBER, .name = "max-redirects", .value = "N",
        .help = "followed in a row; 0: none (20)", .at = AT(max_redirects), .max = 1000},
    {CO_OPTION_FLAG, .name = "http1", .help = "HTTP/1.1 only, also where HTTP/2 could be had",
        .at = AT(http1)},
    {CO_OPTION_FLAG, .name = "http2", .help = "HTTP/2 to http:// too, whose server must know it",
        .at = AT(http2)},

    {CO_OPTION_GROUP, .name = "TLS"},
    {CO_OPTION_TEXT, .name = "cacert", .value = "FILE", .is_file = true,
        .help = "authorities to trust (PEM) instead of the system's", .at = AT(cacert)},
    {CO_OPTION_TEXT, .name = "cert", .value = "FILE", .is_file = true,
        .help = "a certificate (PEM) that shows who you are", .at = AT(cert)},
    {CO_OPTION_TEXT, .name = "key", .value = "FILE", .is_file = true,
        .help = "its key (PEM), unless it stands in the same file", .at = AT(key)},
    {CO_OPTION_LIST, .name = "pin", .value = "sha256//BASE64",
        .help = "the server's key must be this one, too; repeatable", .at = AT(pins)},
    {CO_OPTION_CHOICE, .name = "tls-min", .value = "1.2|1.3",
        .help = "the oldest version that is spoken (1.2)", .at = AT(tls_min)},
    {CO_OPTION_FLAG, .name = "insecure", .help = "believe any server; said so each time",
        .at = AT(insecure)},

    {CO_OPTION_GROUP, .name = "Way"},
    {CO_OPTION_TEXT, .name = "proxy", .value = "URL",
        .help = "http, https, socks5 or socks5h; \"\": none; else as the environment says",
        .at = AT(proxy)},
    {CO_OPTION_TEXT, .name = "noproxy", .value = "LIST",
        .help = "hosts, domains and networks without a proxy, instead of $no_proxy",
        .at = AT(no_proxy)},
    {CO_OPTION_TEXT, .name = "proxy-cacert", .value = "FILE", .is_file = true,
        .help = "authorities to trust (PEM) for an https:// proxy", .at = AT(proxy_cacert)},
    {CO_OPTION_LIST, .name = "resolve", .value = "HOST:PORT:ADDRESS",
        .help = "the address of a host, instead of a look-up; repeatable", .at = AT(answers)},

    {CO_OPTION_GROUP, .name = "Limits"},
    {CO_OPTION_NUMBER, .name = "jobs", .value = "N", .help = "files at once (4)", .at = AT(jobs),
        .min = 1, .max = CO_PROGRESS_ROWS},
    {CO_OPTION_NUMBER, .name = "retries", .value = "N",
        .help = "of each file, after failures that may pass (3)", .at = AT(retries),
        .max = RETRIES_MAX},
    {CO_OPTION_SECONDS, .name = "timeout", .value = "SECONDS",
        .help = "for a response to begin (60)", .at = AT(timeout), .min = 1},
    {CO_OPTION_SECONDS, .name = "connect-timeout", .value = "SECONDS",
        .help = "for a connection (30)", .at = AT(connect_timeout), .min = 1},
    {CO_OPTION_SECONDS, .name = "max-time", .value = "SECONDS", .help = "for all; 0: any (0)",
        .at = AT(max_time)},
    {CO_OPTION_BYTES, .name = "limit-rate", .value = "BYTES",
        .help = "bytes a second of each connection; 0: no limit (0)", .at = AT(limit_rate)},
    {CO_OPTION_BYTES, .name = "max-size", .value = "BYTES",
        .help = "of a file; larger ones are refused; 0: any (0)", .at = AT(max_size)},

    CO_COMMON_OPTIONS,
};

void co_get_defaults(void *settings)
{
    struct co_get_command *command = settings;
    command->jobs = 4;
    command->retries = 3;
    command->timeout = MINUTE_MS;
    command->connect_timeout = MINUTE_MS / 2;
    command->max_redirects = 20;
}
