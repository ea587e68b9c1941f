/* SPDX-License-Identifier: MIT */
#include "transfer/ftp_pool.h"

#include "coronet/fiber.h"
#include "coronet/sync.h"
#include "dial/pool.h"
#include "dial/proxies.h"
#include "ftp/client.h"

#include <errno.h>
#include <stdlib.h>

#define IDLE_MAX 32
#define SURE_NS                                                                                    \
 (2 * CO_SECOND) /* idle for longer, the server is asked whether it is still there                 \
                  */
#define LIMIT_NS (60 * CO_SECOND) /* a limit is believed */
#define USER_MAX 65536

struct co_ftp_pool {
    const struct co_http_client_options *options;
    bool active;
    bool one_by_one; /* a server did not bear more commands at once */
    struct co_link idle;
    unsigned idle_count;
    struct co_link busy;
};

struct idle {
    struct co_link link;
    struct co_pool_place *place;
    co_ftp_client *client;
    int64_t since;
};

/* The connections to one place that are in use, and who waits for one of them. */
struct busy {
    struct co_link link;
    struct co_pool_place *place;
    unsigned users;   /* and fibers that want to be; at 0 it goes */
    unsigned count;   /* that are in use or about to be */
    unsigned limit;   /* of them, as the server has it; 0: not known */
    int64_t again_ns; /* from then on one more is tried: it may have been somebody else's fault */
    bool let_in;      /* somebody has been */
    co_event changed;
};

/* ---- idle ones ------------------------------------------------------------------------------ */

/* The proxy that leads there; NULL: none. */
static const char *way_to(const struct co_ftp_pool *pool, const struct co_ftp_place *place)
{
    return co_proxies_choose(
        &pool->options->proxies, CO_TEXT("ftp"), co_buf_text(&place->host), place->port);
}

/* No user or password holds a line's end. */
static int key_of(const struct co_ftp_pool *pool, const struct co_ftp_place *place,
    struct co_pool_place *ret, struct co_buf *login)
{
    const char *proxy = way_to(pool, place);
    co_buf_add_text(login, co_buf_text(&place->user));
    co_buf_add_char(login, '\n');
    co_buf_add_text(login, co_buf_text(&place->password));
    co_buf_add_char(login, '\n');
    co_buf_add_text(login, co_buf_text(&place->account));
    *ret = (struct co_pool_place){
        .secure = place->security == CO_FTP_IMPLICIT,
        .upgrades = place->security == CO_FTP_EXPLICIT,
        .host = co_buf_text(&place->host),
        .port = place->port,
        .speaks = place->ascii,
        .user = co_buf_text(login),
        .tls = pool->options->tls,
        .proxy = co_text_of(proxy),
        .proxy_tls = proxy ? pool->options->proxy_tls : NULL,
    };
    return login->error;
}

static co_ftp_client *unlink_idle(struct co_ftp_pool *pool, struct idle *idle)
{
    co_ftp_client *client = idle->client;
    co_list_remove(&idle->link);
    pool->idle_count--;
    free(idle->place);
    free(idle);
    return client;
}

static void end(co_ftp_client *client)
{
    if (client->failed || co_status() < 0)
        co_ftp_abort(client);
    else
        co_ftp_quit(client);
}

/* The latest, which its server has the least reason to have ended. */
static struct idle *find_idle(struct co_ftp_pool *pool, const struct co_pool_place *key)
{
    for (struct co_link *at = pool->idle.prev; at != &pool->idle; at = at->prev) {
        struct idle *idle = CO_CONTAINER(at, struct idle, link);
        if (co_pool_place_equal(idle->place, key))
            return idle;
    }
    return NULL;
}

static co_ftp_client *take_idle(struct co_ftp_pool *pool, const struct co_pool_place *key)
{
    for (;;) {
        struct idle *idle = find_idle(pool, key);
        if (!idle)
            return NULL;
        bool sure = co_now_ns() - idle->since < SURE_NS;
        co_ftp_client *client = unlink_idle(pool, idle);
        if (sure || co_ftp_command(client, "NOOP") >= 0)
            return client;
        end(client);
    }
}

static void keep(struct co_ftp_pool *pool, const struct co_pool_place *key, co_ftp_client *client)
{
    struct co_pool_place *copied = co_pool_place_copy(key);
    struct idle *idle = copied ? malloc(sizeof *idle) : NULL;
    if (!idle) {
        free(copied);
        end(client);
        return;
    }
    *idle = (struct idle){.place = copied, .client = client, .since = co_now_ns()};
    co_list_append(&pool->idle, &idle->link);
    if (++pool->idle_count > IDLE_MAX)
        end(unlink_idle(pool, CO_CONTAINER(pool->idle.next, struct idle, link)));
}

/* ---- those in use --------------------------------------------------------------------------- */

static struct busy *find_busy(struct co_ftp_pool *pool, const struct co_pool_place *key)
{
    for (struct co_link *at = pool->busy.next; at != &pool->busy; at = at->next) {
        struct busy *busy = CO_CONTAINER(at, struct busy, link);
        if (co_pool_place_equal(busy->place, key))
            return busy;
    }
    return NULL;
}

/* NULL when memory is out. */
static struct busy *join(struct co_ftp_pool *pool, const struct co_pool_place *key)
{
    struct busy *busy = find_busy(pool, key);
    if (!busy) {
        struct co_pool_place *copied = co_pool_place_copy(key);
        busy = copied ? calloc(1, sizeof *busy) : NULL;
        if (!busy) {
            free(copied);
            return NULL;
        }
        busy->place = copied;
        co_list_append(&pool->busy, &busy->link);
    }
    busy->users++;
    return busy;
}

static void leave(struct busy *busy)
{
    if (--busy->users > 0)
        return;
    co_list_remove(&busy->link);
    free(busy->place);
    free(busy);
}

/* One fewer is in use. */
static void count_down(struct busy *busy)
{
    busy->count--;
    co_event_set(&busy->changed);
}

/* Whose it was cannot be said, as memory is out: nobody waits for it. */
static void forget_limits(struct co_ftp_pool *pool)
{
    for (struct co_link *at = pool->busy.next; at != &pool->busy; at = at->next) {
        struct busy *busy = CO_CONTAINER(at, struct busy, link);
        busy->limit = 0;
        co_event_set(&busy->changed);
    }
}

static bool has_room(struct busy *busy)
{
    if (busy->limit == 0 || busy->count < busy->limit)
        return true;
    if (co_now_ns() < busy->again_ns)
        return false;
    busy->limit = busy->count + 1;
    busy->again_ns = co_now_ns() + LIMIT_NS;
    return true;
}

static int wait_for_room(struct busy *busy)
{
    int rc = 0;
    while (rc == 0 && !has_room(busy)) {
        co_event_clear(&busy->changed);
        rc = co_event_wait(&busy->changed);
    }
    return rc;
}

void co_ftp_pool_give(
    struct co_ftp_pool *pool, const struct co_ftp_place *place, co_ftp_client *client)
{
    struct co_buf login = CO_BUF(USER_MAX);
    struct co_pool_place key;
    int rc = key_of(pool, place, &key, &login);
    struct busy *busy = rc == 0 ? find_busy(pool, &key) : NULL;
    pool->one_by_one |= client->options.one_by_one && co_status() == 0;
    if (client->failed || co_status() < 0 || rc < 0)
        end(client);
    else
        keep(pool, &key, client);
    if (busy) {
        count_down(busy);
        leave(busy);
    } else {
        forget_limits(pool);
    }
    co_buf_free(&login);
}

/* ---- new ones ------------------------------------------------------------------------------- */

static int connect_to(
    struct co_ftp_pool *pool, const struct co_ftp_place *place, co_ftp_client **ret)
{
    const struct co_http_client_options *options = pool->options;
    const struct co_ftp_client_options ftp = {
        .user = place->user.at,
        .password = place->password.at,
        .account = place->account.size > 0 ? place->account.at : NULL,
        .security = place->security,
        .tls = options->tls,
        .answers = options->answers,
        .proxy = way_to(pool, place),
        .proxy_tls = options->proxy_tls,
        .family = options->family,
        .connect_ms = options->connect_ms,
        .reply_ms = options->head_ms,
        .stall_ms = options->stall_ms,
        .limit_rate = options->limit_rate,
        .active = pool->active,
        .one_by_one = pool->one_by_one,
        .ascii = place->ascii,
        .dialogue = options->dialogue,
        .arg = options->arg,
    };
    return co_ftp_connect(ret, place->host.at, place->port, &ftp);
}

static bool is_refusal(int rc)
{
    return rc == CO_ELOGIN || rc == CO_ESTATUS || rc == CO_EEOF || rc == -ECONNRESET ||
           rc == -ECONNREFUSED;
}

/* An idle one, or a new one. A server that lets nobody more in, though one of ours is there, means
 * their number: ProFTPD says 530 then, as for a wrong password, others 421, and some, as ours,
 * hang up. */
static int enter(struct co_ftp_pool *pool, const struct co_ftp_place *place,
    const struct co_pool_place *key, struct busy *busy, co_ftp_client **ret)
{
    int refused = 0;
    for (;;) {
        int rc = wait_for_room(busy);
        if (rc < 0 || (refused && !busy->let_in))
            return rc < 0 ? rc : refused;
        busy->count++;
        *ret = take_idle(pool, key);
        rc = *ret ? 0 : connect_to(pool, place, ret);
        busy->let_in |= rc == 0;
        if (rc == 0)
            return 0;
        count_down(busy);
        bool is_alone = busy->count == 0 && !find_idle(pool, key);
        if (!is_refusal(rc) || is_alone)
            return rc;
        busy->limit = busy->count > 0 ? busy->count : 1;
        busy->again_ns = co_now_ns() + LIMIT_NS;
        refused = rc;
    }
}

int co_ftp_pool_take(struct co_ftp_pool *pool, const struct co_ftp_place *place,
    co_ftp_client **ret, int *ret_status)
{
    struct co_buf login = CO_BUF(USER_MAX);
    struct co_pool_place key;
    *ret = NULL;
    int rc = key_of(pool, place, &key, &login);
    struct busy *busy = rc == 0 ? join(pool, &key) : NULL;
    if (busy)
        rc = enter(pool, place, &key, busy, ret);
    else if (rc == 0)
        rc = -ENOMEM;
    if (busy && rc < 0)
        leave(busy);
    co_buf_free(&login);
    *ret_status = rc == CO_ESTATUS ? 503 : 0;
    return rc;
}

int co_ftp_status(const co_ftp_client *client, int rc)
{
    if (rc != CO_ESTATUS)
        return 0;
    switch (co_ftp_last_code(client)) {
    case 530:
    case 532: return 401;
    case 501:
    case 550: return 404;
    case 452:
    case 552: return 507;
    default: return co_ftp_last_code(client) < 500 ? 503 : 403;
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

int co_ftp_pool_new(
    struct co_ftp_pool **ret, const struct co_http_client_options *options, bool active)
{
    struct co_ftp_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return -ENOMEM;
    pool->options = options;
    pool->active = active;
    co_list_init(&pool->idle);
    co_list_init(&pool->busy);
    *ret = pool;
    return 0;
}

void co_ftp_pool_free(struct co_ftp_pool *pool)
{
    if (!pool)
        return;
    while (pool->idle_count > 0)
        end(unlink_idle(pool, CO_CONTAINER(pool->idle.next, struct idle, link)));
    while (pool->busy.next != &pool->busy) { /* of forgotten ones */
        struct busy *busy = CO_CONTAINER(pool->busy.next, struct busy, link);
        busy->users = 1;
        leave(busy);
    }
    free(pool);
}
