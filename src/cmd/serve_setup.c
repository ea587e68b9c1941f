/* SPDX-License-Identifier: MIT */
/* What `coronet serve` does before it serves, with the words for whatever is wrong. */
#include "cmd/exit.h"
#include "cmd/message.h"
#include "cmd/serving.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const default_http[] = {"localhost:8000", NULL};
static const char *const default_ftp[] = {"localhost:2121", NULL};

/* Root becomes somebody else in any case; others can only stay who they are. */
static int choose_user(struct co_serving *server)
{
    const char *name = server->command->run_as;
    if (!name && geteuid() != 0)
        return 0;
    struct co_identity *user = &server->user;
    int rc = co_identity_find(name ? name : "nobody", user);
    if (rc < 0) {
        co_error("--run-as: no user \"%s\"", name ? name : "nobody");
        return CO_EXIT_USAGE;
    }
    if (geteuid() != 0 && user->uid != geteuid()) {
        co_error("--run-as %s: only root can become another user", name);
        return CO_EXIT_USAGE;
    }
    if (geteuid() != 0)
        user->name[0] = '\0';
    return 0;
}

/* Before any thread starts, so that none of them takes a signal the usual way. */
static void set_signals(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    co_monitor_block_signals();
    sigaction(SIGPIPE, &ignore, NULL); /* a log's reader that went away is an error of write */
    sigaction(SIGXFSZ, &ignore, NULL); /* and so is a file that may not grow (setrlimit(2)) */
}

static int add_rules(co_access *access, const struct co_option_list *rules, bool allow)
{
    for (size_t i = 0; i < rules->count; i++)
        if (co_access_rule(access, rules->at[i], allow) < 0) {
            co_error("--%s: \"%s\" is no network, such as 192.168.0.0/16 or 2001:db8::/32",
                allow ? "allow" : "deny", rules->at[i]);
            return CO_EXIT_USAGE;
        }
    return 0;
}

static int make_access(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    if (co_access_new(&server->access, (unsigned)command->max_connections,
            (unsigned)command->max_per_address) < 0) {
        co_error("no memory");
        return CO_EXIT_OTHER;
    }
    int code = add_rules(server->access, &command->allow, true);
    return code ? code : add_rules(server->access, &command->deny, false);
}

/* "50000-50100", or one port alone. */
static bool parse_ports(const char *text, unsigned *ret_low, unsigned *ret_high)
{
    uint64_t low, high;
    co_text whole = co_text_of(text);
    ssize_t dash = co_text_find(whole, '-');
    co_text first = {whole.at, dash < 0 ? whole.size : (size_t)dash};
    co_text last = dash < 0 ? first : co_text_after(whole, first.size + 1);
    if (co_text_number(first, 65535, &low) < 0 || co_text_number(last, 65535, &high) < 0)
        return false;
    *ret_low = (unsigned)low;
    *ret_high = (unsigned)high;
    return low >= 1 && low <= high;
}

static int check_options(const struct co_serve_command *command)
{
    for (size_t i = 0; i < command->headers.count; i++) {
        int rc = co_app_header_check(command->headers.at[i]);
        if (rc < 0) {
            co_error("--header: \"%s\" is %s", command->headers.at[i],
                rc == -EEXIST ? "a field that the server itself sets" : "not \"Name: value\"");
            return CO_EXIT_USAGE;
        }
    }
    unsigned low, high;
    if (command->passive_ports && !parse_ports(command->passive_ports, &low, &high)) {
        co_error("--passive-ports: \"%s\" is no range of ports, such as 50000-50100",
            command->passive_ports);
        return CO_EXIT_USAGE;
    }
    for (size_t i = 0; i < command->public_address.count; i++)
        if (co_app_public_address_check(command->public_address.at[i]) < 0) {
            co_error("--public-address: \"%s\" is neither an IPv4 address nor NETWORK=ADDRESS",
                command->public_address.at[i]);
            return CO_EXIT_USAGE;
        }
    if (command->common.ipv4 && command->common.ipv6) {
        co_error("-4 and -6 exclude each other");
        return CO_EXIT_USAGE;
    }
    if (command->write && !command->anonymous_write && !command->user.count && !command->users) {
        co_error("--write is for users: --users FILE or --user NAME:PASSWORD says who they are, "
                 "--anonymous-write lets everybody");
        return CO_EXIT_USAGE;
    }
    return 0;
}

/* Other servers take a port in the place of our directory. */
static const char *hint_of(const char *directory)
{
    uint64_t port;
    bool is_port = co_text_number(co_text_of(directory), UINT16_MAX, &port) == 0;
    return is_port ? " (to serve at that port: --http PORT)" : "";
}

static int open_directory(struct co_serving *server)
{
    const struct co_option_list *arguments = &server->command->common.arguments;
    server->directory = arguments->count ? arguments->at[0] : ".";
    server->directory_fd = open(server->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (server->directory_fd >= 0)
        return 0;
    co_error(
        "cannot serve %s: %s%s", server->directory, co_explain(-errno), hint_of(server->directory));
    return CO_EXIT_FILE;
}

static int open_sink(struct co_serving *server, const char *path, struct co_sink **ret)
{
    int rc = co_sink_open(ret, path, server->user.name[0] ? &server->user : NULL);
    if (rc == 0)
        return 0;
    co_error("cannot open the log %s: %s", path,
        rc == -ELOOP    ? "it is a symbolic link, which a log must not be"
        : rc == -EMLINK ? "the file has another name, which a log must not have"
        : rc == -ENXIO  ? "nobody reads from it"
                        : co_explain(rc));
    return CO_EXIT_FILE;
}

/* Under --json standard output is the events'; requests are among them unless --log says where. */
static int open_logs(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    bool json = command->common.json;
    const char *path = command->log ? command->log : command->common.quiet && !json ? "none" : "-";
    const char *format = command->log_format ? command->log_format : json ? "json" : "combined";
    int code = 0;
    server->log_format = strcmp(format, "json") == 0      ? CO_LOG_JSON
                         : strcmp(format, "xferlog") == 0 ? CO_LOG_XFERLOG
                                                          : CO_LOG_COMBINED;
    if (strcmp(path, "none") != 0)
        code = open_sink(server, path, &server->log);
    if (code == 0 && json && strcmp(path, "-") == 0)
        server->events = server->log;
    else if (code == 0 && json)
        code = open_sink(server, "-", &server->events);
    return code;
}

/* ---- what the monitor keeps ---------------------------------------------------------------- */

static int check_given(const struct co_serve_command *command)
{
    for (size_t i = 0; i < command->user.count; i++)
        if (!co_secret_is_good(command->user.at[i])) {
            co_error("--user wants NAME:PASSWORD, the name of letters, digits and ._@-");
            return CO_EXIT_USAGE;
        }
    if (command->user.count && !command->common.quiet)
        co_say("--user: other users of this machine can see the password; --users FILE hides it");
    return 0;
}

static void warn_of_secret(const struct co_serving *server, const char *path)
{
    char *folder = realpath(server->directory, NULL), *file = path ? realpath(path, NULL) : NULL;
    size_t size = folder && strcmp(folder, "/") != 0 ? strlen(folder) : 0;
    bool is_inside = folder && file && strncmp(file, folder, size) == 0 && file[size] == '/';
    if (is_inside && (server->command->hidden || !strstr(file + size, "/.")))
        co_say("%s lies in the folder that is served: whoever may read there can get it", path);
    free(folder);
    free(file);
}

/* Hashes and keys are asked for by those who look for them. */
static void warn_of_secrets(const struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    if (command->common.quiet)
        return;
    warn_of_secret(server, command->users);
    for (size_t i = 0; i < command->key.count; i++)
        warn_of_secret(server, command->key.at[i]);
}

static int path_open(void *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* never wait for a FIFO */
    return fd < 0 ? -errno : fd;
}

_Static_assert(
    CO_WATCH_MAX >= 3 * CO_CERTIFICATES_MAX + 2, "chains, keys, responses; authorities, CRLs");

static void keep(
    struct co_watch *watch, struct co_certificate_file *file, struct co_kept_file *kept)
{
    co_watch_add(watch, file->path);
    *kept = (struct co_kept_file){.open = path_open, .arg = (void *)(uintptr_t)file->path};
    file->reopen = co_keeper_open;
    file->reopen_arg = kept;
}

/* What the sandbox would keep us from. The log is opened by whoever we become: others may write to
 * its folder; certificates by who we are: keys need not be readable for that user. */
static int make_keeper(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    struct co_kept_file *kept = server->kept;
    struct co_watch *watch = &server->watch;
    struct co_keeper_options options = {
        .files = kept, .doors = &server->doors, .vault = &server->vault};
    server->vault = (struct co_vault){command->users, command->user.at, command->common.quiet};
    if (!command->no_sandbox && command->log && strcmp(command->log, "-") != 0 && server->log) {
        *kept = (struct co_kept_file){.open = co_sink_file, .arg = server->log};
        if (server->user.name[0])
            kept->user = &server->user;
        co_sink_reopen_by(server->log, co_keeper_open, kept++);
    }
    for (unsigned i = 0; i < server->certificates.count; i++) {
        keep(watch, &server->certificates.files[i].chain, kept++);
        keep(watch, &server->certificates.files[i].key, kept++);
        if (server->certificates.files[i].ocsp.path)
            keep(watch, &server->certificates.files[i].ocsp, kept++);
    }
    if (server->certificates.authorities.path)
        keep(watch, &server->certificates.authorities, kept++);
    if (server->certificates.crls.path)
        keep(watch, &server->certificates.crls, kept++);
    options.count = (size_t)(kept - server->kept);
    if (co_keeper_new(&server->keeper, &options) == 0)
        return 0;
    co_error("no memory");
    return CO_EXIT_OTHER;
}

/* Connections are descriptors: as many as the system lets us have. */
static void raise_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static unsigned processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static enum co_ftp_reuse tls_reuse(const char *word)
{
    return !word || strcmp(word, "prefer") == 0 ? CO_FTP_REUSE_PREFER
           : strcmp(word, "off") == 0           ? CO_FTP_REUSE_OFF
                                                : CO_FTP_REUSE_REQUIRE;
}

static struct co_ftp_options ftp_options(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    struct co_ftp_options options = {
        .no_anonymous = command->no_anonymous,
        .anonymous_rights = command->anonymous_write ? CO_MAY_ALL : CO_MAY_BROWSE,
        .hidden = command->hidden,
        .no_sync = command->no_sync,
        .upload_bytes_max = (uint64_t)command->max_upload,
        .no_active = command->active && strcmp(command->active, "off") == 0,
        .connect = co_keeper_connect,
        .connect_arg = server->keeper,
        .require_tls = command->require_tls,
        .tls_reuse = tls_reuse(command->tls_reuse),
        .public_addresses = command->public_address.at,
        .idle_timeout_ms = command->idle_timeout,
        .login_timeout_ms = command->header_timeout,
        .command_timeout_ms = command->header_timeout,
        .min_rate = command->min_rate ? command->min_rate : -1,
        .limit_rate = (uint64_t)command->limit_rate,
        .connections_max = (unsigned)command->max_connections,
        .event = co_serving_on_ftp,
        .arg = server,
    };
    if (command->passive_ports)
        parse_ports(command->passive_ports, &options.passive_low, &options.passive_high);
    return options;
}

static void fill_settings(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    bool nowhere = !command->http.count && !command->https.count && !command->ftp.count &&
                   !command->ftps.count;
    bool xferlog = server->log_format == CO_LOG_XFERLOG;
    server->settings = (struct co_serve_settings){
        .directory = server->directory,
        .http = nowhere ? default_http : command->http.at,
        .https = command->https.at,
        .redirect_https = command->redirect_https,
        .ftp = nowhere ? default_ftp : command->ftp.at,
        .ftps = command->ftps.at,
        .family = command->common.ipv4   ? AF_INET
                  : command->common.ipv6 ? AF_INET6
                                         : 0,
        .workers = command->workers ? (unsigned)command->workers : processors(),
        .options =
            {
                .header_timeout_ms = command->header_timeout,
                .idle_timeout_ms = command->idle_timeout,
                .min_rate = command->min_rate ? command->min_rate : -1,
                .limit_rate = (uint64_t)command->limit_rate,
                .connections_max = (unsigned)command->max_connections,
                .no_http2 = command->no_http2,
                .headers = command->headers.at,
                .hsts_seconds = command->hsts / 1000,
                .event = server->log && !xferlog ? co_serving_on_request : NULL,
                .transfer = server->log && xferlog ? co_serving_on_transfer : NULL,
                .arg = server,
            },
        .files =
            {
                .index = command->index,
                .no_listing = command->no_listing,
                .archive = command->archive,
                .hidden = command->hidden,
                .no_sync = command->no_sync,
                .upload_bytes_max = (uint64_t)command->max_upload,
                .spa = command->spa,
                .cache_seconds = command->cache / 1000,
                .cors = command->cors ? "*" : NULL,
                .no_anonymous = command->no_anonymous,
                .require_tls = command->require_tls,
                .anonymous_rights = command->anonymous_write ? CO_MAY_ALL : CO_MAY_BROWSE,
                .rights_max =
                    command->write || command->anonymous_write ? CO_MAY_ALL : CO_MAY_BROWSE,
            },
        .ftp_options = ftp_options(server),
        .access = server->access,
        .opened = co_serving_on_opened,
        .started = co_serving_on_started,
        .listening = co_serving_on_listening,
        .arg = server,
    };
}

int co_serving_set_up(struct co_serving *server)
{
    int rc = co_privileges_forgo();
    if (rc < 0) {
        co_error("cannot give up new privileges: %s", co_explain(rc));
        return CO_EXIT_OTHER;
    }
    set_signals();
    raise_limits();
    int code = check_options(server->command);
    if (code == 0)
        code = make_access(server);
    if (code == 0)
        code = open_directory(server);
    if (code == 0)
        code = choose_user(server);
    if (code == 0)
        code = open_logs(server);
    if (code == 0)
        code = check_given(server->command);
    if (code == 0)
        code = co_serving_certificates(server);
    if (code == 0)
        code = make_keeper(server);
    if (code)
        return code;
    warn_of_secrets(server);
    fill_settings(server);
    return 0;
}
