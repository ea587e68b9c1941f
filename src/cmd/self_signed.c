/* SPDX-License-Identifier: MIT */
#include "cmd/self_signed.h"

#include "app/serve.h"
#include "cmd/exit.h"
#include "cmd/greet.h"
#include "cmd/message.h"
#include "cmd/replace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define CHAIN_MODE  0644
#define HOSTS_MAX   32

/* ---- hosts -------------------------------------------------------------------------------- */

struct hosts {
    unsigned count;
    char text[HOSTS_MAX][CO_APP_HOST_MAX + 1];
    const char *at[HOSTS_MAX + 1]; /* NULL-terminated */
};

static void host_add(struct hosts *hosts, const char *host)
{
    if (hosts->count == HOSTS_MAX || *host == '\0')
        return;
    for (unsigned i = 0; i < hosts->count; i++)
        if (strcmp(hosts->at[i], host) == 0)
            return;
    char *text = hosts->text[hosts->count];
    snprintf(text, sizeof hosts->text[0], "%s", host);
    hosts->at[hosts->count++] = text;
}

/* An address without its port and brackets. */
static void address_add(struct hosts *hosts, const co_address *address)
{
    char text[CO_ADDRESS_TEXT_MAX], host[CO_APP_HOST_MAX + 1];
    if (co_app_host(co_address_text(address, text), host))
        host_add(hosts, host);
}

static void interfaces_add(struct hosts *hosts)
{
    static struct co_interfaces own;
    co_greet_interfaces(&own);
    for (unsigned i = 0; i < own.count; i++)
        address_add(hosts, &own.at[i]);
}

/* "*", 0.0.0.0 or ::, by which nobody comes. */
static bool is_everywhere(const char *place, const char *host)
{
    co_address address;
    return strcmp(host, "*") == 0 ||
           (co_address_parse(place, 0, &address) == 0 && co_greet_is_everywhere(&address));
}

static void places_add(struct hosts *hosts, const struct co_option_list *places)
{
    char host[CO_APP_HOST_MAX + 1];
    for (size_t i = 0; i < places->count; i++) {
        if (!co_app_host(places->at[i], host))
            continue;
        if (is_everywhere(places->at[i], host))
            interfaces_add(hosts);
        else
            host_add(hosts, host);
    }
}

static void hosts_fill(struct hosts *hosts, const struct co_option_list *const *places)
{
    char host[CO_APP_HOST_MAX + 1];
    host_add(hosts, "localhost");
    host_add(hosts, "127.0.0.1");
    host_add(hosts, "::1");
    if (gethostname(host, sizeof host) == 0)
        host_add(hosts, host);
    for (; *places; places++)
        places_add(hosts, *places);
}

/* ---- files -------------------------------------------------------------------------------- */

static int path_make(char *ret, const char *folder, const char *name)
{
    int size = snprintf(ret, PATH_MAX, "%s%s", folder, name);
    return size < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int folder_name(char *ret)
{
    const char *state = getenv("STATE_DIRECTORY"), *own = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state && *state)
        return path_make(ret, state, "");
    if (own && *own == '/')
        return path_make(ret, own, "/coronet");
    return home && *home ? path_make(ret, home, "/.local/state/coronet") : -ENOENT;
}

/* With those above it; what is there already stays as it is. */
static int folder_make(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, FOLDER_MODE); /* the last one tells */
        *slash = '/';
    }
    return mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST ? 0 : -errno;
}

/* None is there before the first start. */
static int file_read(const char *path, struct co_buf *ret)
{
    int rc = co_replace_read_path(path, ret);
    return rc == -ENOENT ? 0 : rc;
}

static int file_write(const char *path, const struct co_buf *text)
{
    struct co_replace file;
    int rc = co_replace_begin(&file, path);
    if (rc == 0)
        rc = co_replace_write(&file, text);
    co_replace_end(&file);
    return rc;
}

/* The key first: a certificate without its key would look like an older one's. */
static int pair_write(
    const struct co_self_signed *kept, const struct co_buf *chain, const struct co_buf *key)
{
    int rc = file_write(kept->key, key);
    if (rc == 0)
        rc = file_write(kept->chain, chain);
    if (rc == 0 && chmod(kept->chain, CHAIN_MODE) < 0) /* it is to be handed out */
        rc = -errno;
    return rc;
}

/* ---- the pair ----------------------------------------------------------------------------- */

static bool will_do(struct co_self_signed *kept, const struct co_buf *chain,
    const struct co_buf *key, const struct hosts *hosts)
{
    const struct co_tls_certificate pair = {.chain = co_buf_text(chain), .key = co_buf_text(key)};
    return co_self_signed_will_do(&pair, hosts->at, time(NULL), kept->fingerprint);
}

static int find_or_make(struct co_self_signed *kept, const struct hosts *hosts,
    struct co_buf *chain, struct co_buf *key)
{
    int rc = file_read(kept->chain, chain);
    if (rc == 0)
        rc = file_read(kept->key, key);
    if (rc < 0 || will_do(kept, chain, key, hosts))
        return rc;
    co_buf_clear(chain);
    co_buf_clear(key);
    rc = co_self_signed_make(hosts->at, time(NULL), chain, key);
    if (rc == 0)
        rc = pair_write(kept, chain, key);
    return rc < 0 || will_do(kept, chain, key, hosts) ? rc : -EINVAL;
}

int co_self_signed_find(struct co_self_signed *ret, const struct co_option_list *const *places)
{
    static struct hosts hosts;
    struct co_buf chain = CO_BUF(CO_CERTIFICATE_BYTES), key = CO_BUF(CO_CERTIFICATE_BYTES);
    hosts_fill(&hosts, places);
    int rc = folder_name(ret->folder);
    if (rc < 0) {
        co_error("--self-signed: no place to keep the certificate: set HOME or XDG_STATE_HOME");
        return CO_EXIT_FILE;
    }
    rc = folder_make(ret->folder);
    if (rc == 0)
        rc = path_make(ret->chain, ret->folder, "/self-signed.crt");
    if (rc == 0)
        rc = path_make(ret->key, ret->folder, "/self-signed.key");
    if (rc == 0)
        rc = find_or_make(ret, &hosts, &chain, &key);
    if (key.at)
        explicit_bzero(key.at, key.room);
    co_buf_free(&chain);
    co_buf_free(&key);
    if (rc == 0)
        return 0;
    co_error("--self-signed: cannot keep a certificate in %s: %s", ret->folder, co_explain(rc));
    return CO_EXIT_FILE;
}
