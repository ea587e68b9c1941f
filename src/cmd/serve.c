/* SPDX-License-Identifier: MIT */
#include "cmd/serve.h"

#include "app/serve.h"
#include "cmd/exit.h"
#include "cmd/greet.h"
#include "cmd/message.h"
#include "cmd/notify.h"
#include "cmd/privilege.h"
#include "cmd/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const default_places[] = {"localhost:8000", NULL};

struct server {
    const struct co_serve_command *command;
    const char *directory;
    int notify_fd;       /* the service manager's socket, or -1 */
    int directory_fd;    /* O_PATH: to ask what we may, as whoever we are */
    struct co_user user; /* whom we become; with an empty name: we stay who we are */
    co_access *access;
    struct co_sink *log;    /* of requests; NULL: none */
    struct co_sink *events; /* standard output under --json; may be `log` */
    enum co_log_format log_format;
    struct co_serve_settings settings;
    co_group group;
    bool is_open;     /* everything is open, privileges are gone */
    bool for_people;  /* standard error is a terminal */
    int stop_signals; /* how many have come */
    int exit_code;    /* when known before the end; else 0 */
};

/* ---- events ------------------------------------------------------------------------------- */

static void event_write(struct server *server, const char *name, const char *key, const char *value)
{
    if (!server->events)
        return;
    co_log_event(co_sink_begin(server->events), name, key, value);
    co_sink_end(server->events);
}

/* Called by every shard. */
static void on_request(void *arg, const struct co_http_event *event)
{
    struct server *server = arg;
    co_log_request(co_sink_begin(server->log), server->log_format, event);
    co_sink_end(server->log);
}

static void on_listening(void *arg, const co_address *address)
{
    struct server *server = arg;
    char url[CO_GREET_URL_MAX];
    bool quiet = server->command->common.quiet;
    if (address) {
        event_write(server, "listening", "url", co_greet_url(address, url));
        if (!quiet)
            co_greet_listening(address, server->for_people);
        return;
    }
    event_write(server, "ready", NULL, NULL);
    co_notify(server->notify_fd, "READY=1");
    if (server->command->common.verbose)
        co_say("%u workers on %s", server->settings.workers, co_backend_name());
    if (!quiet)
        co_say("ready");
    if (!quiet && server->for_people)
        co_say("serving %s; Ctrl-C stops", server->directory);
}

static void on_warning(void *arg, const char *text)
{
    const struct server *server = arg;
    if (!server->command->common.quiet)
        co_error("%s", text);
}

/* ---- privileges --------------------------------------------------------------------------- */

/* Said at the start rather than by a 403 for each request. */
static int check_readable(struct server *server)
{
    int mode = server->command->no_listing ? X_OK : R_OK | X_OK;
    if (faccessat(server->directory_fd, ".", mode, 0) == 0)
        return 0;
    server->exit_code = CO_EXIT_FILE;
    if (!server->user.name[0])
        return co_fail(-errno, "cannot read %s: %s", server->directory, co_explain(-errno));
    return co_fail(-errno,
        "the user %s may not read %s; name one who may (--run-as USER) or permit it (chmod o+rx)",
        server->user.name, server->directory);
}

/* Only their owner may connect to Unix sockets: that is whoever we become. */
static int give_sockets(const struct server *server)
{
    static const char prefix[] = "unix:";
    const struct co_option_list *places = &server->command->http;
    for (size_t i = 0; i < places->count; i++) {
        const char *path = places->at[i] + sizeof prefix - 1;
        if (strncmp(places->at[i], prefix, sizeof prefix - 1) != 0 || path[0] == '@')
            continue;
        int rc = co_privileges_give_socket(&server->user, path);
        if (rc < 0)
            return co_fail(
                rc, "cannot give the socket %s to %s: %s", path, server->user.name, co_explain(rc));
    }
    return 0;
}

static int change_user(const struct server *server)
{
    int rc = give_sockets(server);
    if (rc < 0)
        return rc;
    rc = co_privileges_drop(&server->user);
    if (rc < 0)
        return co_fail(rc, "cannot become %s: %s", server->user.name, co_explain(rc));
    if (server->command->common.verbose)
        co_say("running as %s", server->user.name);
    return 0;
}

/* Everything is open. */
static int on_opened(void *arg)
{
    struct server *server = arg;
    server->is_open = true;
    int rc = server->user.name[0] ? change_user(server) : 0;
    return rc < 0 ? rc : check_readable(server);
}

/* Root becomes somebody else in any case; others can only stay who they are. */
static int choose_user(struct server *server)
{
    const char *name = server->command->run_as;
    if (!name && geteuid() != 0)
        return 0;
    struct co_user *user = &server->user;
    int rc = co_user_find(name ? name : "nobody", user);
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

/* ---- signals ------------------------------------------------------------------------------ */

static const int heard[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, 0};

/* Before any thread starts, so that none of them takes a signal the usual way. */
static void signals_block(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;
    sigemptyset(&set);
    for (const int *signal = heard; *signal; signal++)
        sigaddset(&set, *signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGPIPE, &ignore, NULL); /* a log's reader that went away is an error of write */
}

/* The first asks for an end in good order, the second for one at once. */
static void stop(struct server *server, int signal)
{
    if (server->stop_signals++ > 0) {
        server->exit_code = CO_EXIT_SIGNAL + signal;
        co_group_cancel(&server->group);
        return;
    }
    event_write(server, "stopping", NULL, NULL);
    co_notify(server->notify_fd, "STOPPING=1");
    if (server->for_people && !server->command->common.quiet)
        co_say("stopping once the requests at work are done; Ctrl-C again stops now");
    co_group_drain(&server->group);
}

static int obey_signals(void *arg)
{
    struct server *server = arg;
    int signal;
    while ((signal = co_signal_wait(heard)) > 0) {
        if (signal == SIGUSR1)
            co_dump(STDERR_FILENO);
        else if (signal == SIGHUP && server->log)
            co_sink_reopen(server->log);
        else if (signal != SIGHUP)
            stop(server, signal);
    }
    return signal;
}

/* ---- running ------------------------------------------------------------------------------ */

static int exit_code(const struct server *server, int rc)
{
    if (server->exit_code)
        return server->exit_code;
    if (rc >= 0)
        return CO_EXIT_DONE;
    if (rc == CO_EADDRESS || (rc == CO_ETOOBIG && !server->is_open))
        return CO_EXIT_USAGE;
    return server->is_open ? CO_EXIT_OTHER : CO_EXIT_NETWORK;
}

static int serve(void *arg)
{
    struct server *server = arg;
    return co_app_serve(&server->settings);
}

static int serve_until_told(void *arg)
{
    struct server *server = arg;
    const struct co_go_options background = {.name = "signals", .background = true};
    co_group_open(&server->group, NULL);
    co_go(&server->group, serve, server);
    co_go_with(&server->group, &background, obey_signals, server);
    int rc = co_group_close(&server->group);
    server->exit_code = exit_code(server, rc);
    if (rc < 0 && server->stop_signals < 2)
        co_error("%s", co_explain(rc));
    return rc;
}

static int run(struct server *server)
{
    const struct co_run_options options = {
        .backend = server->command->common.backend,
        .report_overflow = true,
        .warn = on_warning,
        .warn_arg = server,
    };
    int rc = co_run(serve_until_told, server, &options);
    if (rc < 0 && server->exit_code == CO_EXIT_DONE) { /* it did not even begin */
        if (rc == -ENOSYS || rc == -EINVAL)
            co_error("the backend asked for by %s is not to be had here",
                options.backend ? "--backend" : "CORONET_BACKEND");
        else
            co_error("%s", co_explain(rc));
        return CO_EXIT_OTHER;
    }
    event_write(server, "stopped", NULL, NULL);
    return server->exit_code;
}

/* ---- setting up --------------------------------------------------------------------------- */

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

static int make_access(struct server *server)
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
    if (command->common.ipv4 && command->common.ipv6) {
        co_error("-4 and -6 exclude each other");
        return CO_EXIT_USAGE;
    }
    return 0;
}

static int open_directory(struct server *server)
{
    const struct co_option_list *arguments = &server->command->common.arguments;
    server->directory = arguments->count ? arguments->at[0] : ".";
    server->directory_fd = open(server->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (server->directory_fd >= 0)
        return 0;
    co_error("cannot serve %s: %s", server->directory, co_explain(-errno));
    return CO_EXIT_FILE;
}

static int open_sink(struct server *server, const char *path, struct co_sink **ret)
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
static int open_logs(struct server *server)
{
    const struct co_serve_command *command = server->command;
    bool json = command->common.json;
    const char *path = command->log ? command->log : command->common.quiet && !json ? "none" : "-";
    const char *format = command->log_format ? command->log_format : json ? "json" : "combined";
    int code = 0;
    server->log_format = strcmp(format, "json") == 0 ? CO_LOG_JSON : CO_LOG_COMBINED;
    if (strcmp(path, "none") != 0)
        code = open_sink(server, path, &server->log);
    if (code == 0 && json && strcmp(path, "-") == 0)
        server->events = server->log;
    else if (code == 0 && json)
        code = open_sink(server, "-", &server->events);
    return code;
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

static void fill_settings(struct server *server)
{
    const struct co_serve_command *command = server->command;
    server->settings = (struct co_serve_settings){
        .directory = server->directory,
        .http = command->http.count ? command->http.at : default_places,
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
                .headers = command->headers.at,
                .event = server->log ? on_request : NULL,
                .arg = server,
            },
        .files =
            {
                .index = command->index,
                .no_listing = command->no_listing,
                .hidden = command->hidden,
                .spa = command->spa,
                .cache_seconds = command->cache / 1000,
                .cors = command->cors ? "*" : NULL,
            },
        .access = server->access,
        .opened = on_opened,
        .listening = on_listening,
        .arg = server,
    };
}

static int set_up(struct server *server)
{
    int rc = co_privileges_forgo();
    if (rc < 0) {
        co_error("cannot give up new privileges: %s", co_explain(rc));
        return CO_EXIT_OTHER;
    }
    signals_block();
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
    return code;
}

int co_serve_run(void *settings)
{
    struct server server = {.command = settings,
        .directory_fd = -1,
        .notify_fd = co_notify_open(),
        .for_people = isatty(STDERR_FILENO)};
    int code = set_up(&server);
    if (code == 0) {
        fill_settings(&server);
        code = run(&server);
    }
    if (server.events != server.log)
        co_sink_close(server.events);
    co_sink_close(server.log);
    co_access_free(server.access);
    if (server.directory_fd >= 0)
        close(server.directory_fd);
    if (server.notify_fd >= 0)
        close(server.notify_fd);
    return code;
}
