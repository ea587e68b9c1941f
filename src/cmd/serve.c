/* SPDX-License-Identifier: MIT */
#include "cmd/exit.h"
#include "cmd/message.h"
#include "cmd/notify.h"
#include "cmd/serving.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 512 /* bytes */

/* ---- events ------------------------------------------------------------------------------- */

static void event_write(
    struct co_serving *server, const char *name, const char *key, const char *value)
{
    if (!server->events)
        return;
    co_log_event(co_sink_begin(server->events), name, key, value);
    co_sink_end(server->events);
}

/* Called by every shard. */
void co_serving_on_request(void *arg, const struct co_http_event *event)
{
    struct co_serving *server = arg;
    co_log_request(co_sink_begin(server->log), server->log_format, event);
    co_sink_end(server->log);
}

void co_serving_on_transfer(void *arg, const struct co_http_transfer *transfer)
{
    struct co_serving *server = arg;
    co_log_transfer(co_sink_begin(server->log), transfer);
    co_sink_end(server->log);
}

void co_serving_on_listening(void *arg, const char *scheme, const co_address *address)
{
    struct co_serving *server = arg;
    char url[CO_GREET_URL_MAX];
    bool quiet = server->command->common.quiet;
    if (!address)
        co_keeper_ready(server->keeper);
    if (server->again)
        return;
    if (address) {
        event_write(server, "listening", "url", co_greet_url(scheme, address, url));
        if (!quiet)
            co_greet_listening(scheme, address, &server->interfaces);
        return;
    }
    event_write(server, "ready", NULL, NULL);
    if (server->command->common.verbose)
        co_say("%u workers on %s", server->settings.workers, co_backend_name());
    if (!quiet)
        co_say("ready");
    if (!quiet && server->for_people)
        co_say("serving %s; Ctrl-C stops", server->directory);
}

/* Whoever runs the server must know, for the user can do nothing about it. */
static void warn_of_home(const struct co_serving *server, const struct co_ftp_event *event)
{
    if (event->kind == CO_FTP_LOGIN_FAILED && event->path.size && !server->command->common.quiet)
        co_error("the folder %.*s of user %.*s cannot be opened: %s", CO_TEXT_PRINT(event->path),
            CO_TEXT_PRINT(event->user), co_explain(event->error));
}

void co_serving_on_ftp(void *arg, const struct co_ftp_event *event)
{
    struct co_serving *server = arg;
    warn_of_home(server, event);
    if (!server->log)
        return;
    co_log_ftp(co_sink_begin(server->log), server->log_format, event);
    co_sink_end(server->log);
}

static void on_warning(void *arg, const char *text)
{
    const struct co_serving *server = arg;
    if (!server->command->common.quiet)
        co_error("%s", text);
}

/* ---- privileges --------------------------------------------------------------------------- */

/* Said at the start rather than by a 403 for each request. */
static int check_readable(struct co_serving *server)
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

static int change_user(const struct co_serving *server)
{
    int rc = co_privileges_drop(&server->user);
    if (rc == 0)
        rc = co_monitor_bind(server->monitor);
    if (rc < 0)
        return co_fail(rc, "cannot become %s: %s", server->user.name, co_explain(rc));
    if (server->command->common.verbose)
        co_say("running as %s", server->user.name);
    return 0;
}

/* ---- the sandbox -------------------------------------------------------------------------- */

/* Sanitizers at work read files of /proc and trace threads. */
#ifdef CO_SANITIZED
# define HAS_SANDBOX false
#else
# define HAS_SANDBOX true
#endif

static void say_granted(const struct co_serving *server)
{
    const struct co_sandbox *sandbox = &server->sandbox;
    if (sandbox->files)
        co_say(
            "sandbox: no files but those of %s (Landlock %d)", server->directory, sandbox->files);
    else
        co_say("sandbox: this kernel has no Landlock that would do: only permissions guard files");
    if (sandbox->ports)
        co_say("sandbox: no other TCP ports than FTP needs");
    if (sandbox->signals)
        co_say("sandbox: no signals to other processes");
    co_say(sandbox->calls ? "sandbox: only the system calls of a server (seccomp)"
                          : "sandbox: this kernel has no filter of system calls (seccomp)");
}

static int enter_sandbox(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    const struct co_ftp_options *ftp = &server->settings.ftp_options;
    const struct co_serve_settings *settings = &server->settings;
    bool has_ftp = (settings->ftp && *settings->ftp) || (settings->ftps && *settings->ftps);
    const struct co_sandbox_options options = {
        .directory_fd = server->directory_fd,
        .writes = command->write || command->anonymous_write,
        .listens = has_ftp,
        .passive_low = ftp->passive_low,
        .passive_high = ftp->passive_high,
    };
    if (command->no_sandbox || !HAS_SANDBOX) {
        if (command->common.verbose)
            co_say("sandbox: none");
        return 0;
    }
    int rc = co_sandbox_enter(&options, &server->sandbox);
    if (rc < 0)
        return co_fail(rc, "the sandbox failed (--no-sandbox does without): %s", co_explain(rc));
    if (command->common.verbose)
        say_granted(server);
    return 0;
}

/* After the sandbox was entered: its threads must be inside. */
static int start_logs(const struct co_serving *server)
{
    int rc = server->log ? co_sink_start(server->log) : 0;
    if (rc == 0 && server->events && server->events != server->log)
        rc = co_sink_start(server->events);
    return rc;
}

/* Everything is open. */
int co_serving_on_opened(void *arg)
{
    struct co_serving *server = arg;
    server->is_open = true;
    int rc = server->user.name[0] ? change_user(server) : 0;
    if (rc == 0)
        rc = check_readable(server);
    if (server->for_people)
        co_greet_interfaces(&server->interfaces);
    if (rc == 0)
        rc = enter_sandbox(server);
    return rc < 0 ? rc : start_logs(server);
}

int co_serving_on_started(void *arg)
{
    const struct co_serving *server = arg;
    return co_sandbox_seal(&server->sandbox);
}

/* ---- signals ------------------------------------------------------------------------------ */

/* The first asks for an end in good order, the second for one at once. */
static void stop(struct co_serving *server)
{
    if (server->stop_signals++ > 0) {
        co_group_cancel(&server->group);
        return;
    }
    event_write(server, "stopping", NULL, NULL);
    if (server->for_people && !server->command->common.quiet)
        co_say("stopping once the requests at work are done; Ctrl-C again stops now");
    co_group_drain(&server->group);
}

static void reload(struct co_serving *server)
{
    struct co_buf message = CO_BUF(MESSAGE_MAX);
    if (server->log)
        co_sink_reopen(server->log);
    if (server->accounts && co_accounts_reload(server->accounts, &message) < 0 && message.size)
        co_error("%.*s; the users stay as they were", CO_TEXT_PRINT(co_buf_text(&message)));
    co_buf_free(&message);
    co_serving_certificates_reload(server, true);
}

static int obey_monitor(void *arg)
{
    struct co_serving *server = arg;
    const int signals[] = {CO_WORKER_STOP, CO_WORKER_RELOAD, CO_WORKER_DUMP, CO_WORKER_CHANGED, 0};
    int signal;
    while ((signal = co_signal_wait(signals)) > 0) {
        if (signal == CO_WORKER_DUMP)
            co_dump(STDERR_FILENO);
        else if (signal == CO_WORKER_RELOAD)
            reload(server);
        else if (signal == CO_WORKER_CHANGED)
            co_serving_certificates_reload(server, false);
        else
            stop(server);
    }
    return signal;
}

/* ---- running ------------------------------------------------------------------------------ */

/* A worker's: before everything is open only options and folders can be wrong. */
static int exit_code(const struct co_serving *server, int rc)
{
    if (server->exit_code)
        return server->exit_code;
    if (rc >= 0)
        return CO_EXIT_DONE;
    if (server->is_open)
        return CO_EXIT_OTHER;
    return rc == CO_ETOOBIG ? CO_EXIT_USAGE : CO_EXIT_FILE;
}

/* Who can log in. */
static int accounts_open(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    struct co_ftp_options *ftp = &server->settings.ftp_options;
    struct co_http_files_options *files = &server->settings.files;
    struct co_buf message = CO_BUF(MESSAGE_MAX);
    const struct co_accounts_options options = {
        .directory = server->directory,
        .list = co_keeper_list,
        .check = co_keeper_check,
        .arg = server->keeper,
        .write = command->write || command->anonymous_write,
        .login_delay_ms = command->login_delay,
    };
    if (!command->user.count && !command->users)
        return 0;
    int rc = co_accounts_new(&server->accounts, &options, &message);
    if (rc < 0)
        server->exit_code = rc == -EEXIST && !command->users ? CO_EXIT_USAGE : CO_EXIT_FILE;
    server->is_told = rc < 0;
    if (message.size)
        co_error("%.*s", CO_TEXT_PRINT(co_buf_text(&message)));
    co_buf_free(&message);
    ftp->authenticate = files->authenticate = co_accounts_authenticate;
    ftp->leave = files->leave = co_accounts_leave;
    ftp->authenticate_arg = files->authenticate_arg = server->accounts;
    return rc;
}

static int serve(void *arg)
{
    struct co_serving *server = arg;
    int rc = accounts_open(server);
    if (rc == 0)
        rc = co_serving_certificates_read(server);
    if (rc == 0)
        rc = co_app_serve(&server->settings, &server->doors);
    co_accounts_free(server->accounts);
    server->accounts = NULL;
    co_tls_free(server->certificates.tls);
    server->certificates.tls = NULL;
    return rc;
}

static int serve_until_told(void *arg)
{
    struct co_serving *server = arg;
    const struct co_go_options background = {.name = "signals", .background = true};
    co_group_open(&server->group, NULL);
    co_go(&server->group, serve, server);
    co_go_with(&server->group, &background, obey_monitor, server);
    int rc = co_group_close(&server->group);
    server->exit_code = exit_code(server, rc);
    if (rc < 0 && server->stop_signals < 2 && !server->is_told)
        co_error("%s", co_explain(rc));
    return rc;
}

static int run(struct co_serving *server)
{
    const struct co_run_options options = {
        .backend = server->command->common.backend,
        .report_overflow = true,
        .warn = on_warning,
        .warn_arg = server,
    };
    int rc = co_run(serve_until_told, server, &options);
    if (rc < 0 && server->exit_code == CO_EXIT_DONE) { /* it did not even begin */
        co_error_of_start(rc, options.backend);
        return CO_EXIT_OTHER;
    }
    event_write(server, "stopped", NULL, NULL);
    return server->exit_code;
}

static void close_logs(struct co_serving *server)
{
    if (server->events != server->log)
        co_sink_close(server->events);
    co_sink_close(server->log);
}

/* The monitor has them, and whoever takes us over shall not. */
static void forget_passwords(const struct co_serve_command *command)
{
    for (size_t i = 0; i < command->user.count; i++) {
        char *password = strchr(command->user.at[i], ':') + 1;
        explicit_bzero(password, strlen(password));
    }
}

static int work(void *arg, bool again)
{
    struct co_serving *server = arg;
    server->again = again;
    forget_passwords(server->command);
    int code = run(server);
    close_logs(server);
    return code;
}

/* ---- the monitor's part --------------------------------------------------------------------- */

/* Only their owner may connect to Unix sockets: that is whoever we become. */
static int give_sockets(const struct co_serving *server, const struct co_option_list *places)
{
    static const char prefix[] = "unix:";
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

static int open_doors(void *arg)
{
    struct co_serving *server = arg;
    const struct co_serve_command *command = server->command;
    int rc = co_app_open(&server->settings, &server->doors);
    if (rc < 0)
        server->exit_code = rc == CO_EADDRESS || rc == CO_ETOOBIG ? CO_EXIT_USAGE : CO_EXIT_NETWORK;
    if (rc == 0 && server->user.name[0])
        rc = give_sockets(server, &command->http);
    if (rc == 0 && server->user.name[0])
        rc = give_sockets(server, &command->https);
    if (rc == 0 && server->user.name[0])
        rc = give_sockets(server, &command->ftp);
    if (rc == 0 && server->user.name[0])
        rc = give_sockets(server, &command->ftps);
    return rc;
}

/* The worker closes those that it has. */
static void shut_doors(void *arg)
{
    struct co_serving *server = arg;
    co_doors_shut(&server->doors);
}

/* Opens the addresses, and has them served. */
static int watch(struct co_serving *server)
{
    const struct co_run_options epoll = {.backend = "epoll"};
    const struct co_monitor_options options = {
        .keeper = server->keeper,
        .watch = &server->watch,
        .notify_fd = server->notify_fd,
        .hidden = !server->command->no_sandbox,
        .work = work,
        .stopping = shut_doors,
        .arg = server,
    };
    int rc = co_run(open_doors, server, &epoll);
    if (rc < 0) {
        co_error("%s", co_explain(rc));
        return server->exit_code ? server->exit_code : CO_EXIT_OTHER;
    }
    return co_monitor_run(&options);
}

static void serving_free(struct co_serving *server)
{
    co_doors_close(&server->doors);
    close_logs(server);
    co_keeper_free(server->keeper);
    co_serving_certificates_free(server);
    co_access_free(server->access);
    if (server->directory_fd >= 0)
        close(server->directory_fd);
    if (server->notify_fd >= 0)
        close(server->notify_fd);
    free(server);
}

int co_serve_run(void *settings)
{
    struct co_serving *server = malloc(sizeof *server);
    if (!server) {
        co_error("no memory");
        return CO_EXIT_OTHER;
    }
    *server = (struct co_serving){.command = settings,
        .directory_fd = -1,
        .notify_fd = co_notify_open(),
        .key_log = CO_KEY_LOG_NONE,
        .for_people = isatty(STDERR_FILENO),
        .monitor = getpid()};
    int code = co_serving_set_up(server);
    if (code == 0)
        code = watch(server);
    co_doors_shut(&server->doors);
    serving_free(server);
    return code;
}
