/* SPDX-License-Identifier: MIT */
/*
 * What is asked before a transfer, in one packet: none of it depends on another's reply.
 *
 * EPSV comes first: whoever opens a firewall to the ports that replies name looks for them at a
 * packet's start, and the others' replies may share it.
 *
 * Few servers lose what comes behind the first command of a packet. What is not answered in time is
 * taken for lost, and the connection goes on one by one. Which reply was missing cannot be told, so
 * nothing of what was said then is believed.
 */
#include "codec/ftp_list.h"
#include "ftp/client.h"

#include <errno.h>

#define LOST_MS      5000 /* behind a reply, for the next one */
#define COMMANDS_MAX 4

struct batch {
    struct {
        const char *verb, *argument;
        void (*take)(co_ftp_client *client, struct co_ftp_ahead *ahead);
    } items[COMMANDS_MAX];
    unsigned count;
};

/* ---- saying and hearing ---------------------------------------------------------------------- */

static int say_all(co_ftp_client *client, const struct batch *batch)
{
    int rc = 0;
    co_cork(client->control);
    for (unsigned i = 0; rc == 0 && i < batch->count; i++)
        rc = co_ftp_client_say(client, batch->items[i].verb, batch->items[i].argument);
    int sent = co_uncork(client->control);
    return rc == 0 && sent < 0 ? co_ftp_client_break(client, sent, NULL) : rc;
}

/* Its code; 0: it is lost; negative. */
static int hear_next(co_ftp_client *client, bool first)
{
    const uint8_t *bytes;
    co_scope scope;
    if (first)
        return co_ftp_client_hear_final(client);
    co_scope_open(&scope, co_ftp_client_patience(client, LOST_MS));
    ssize_t n = co_peek(client->control, 1, &bytes);
    bool late = co_scope_close(&scope) == CO_EDEADLINE && n == CO_EDEADLINE;
    return late && co_status() == 0 ? 0 : co_ftp_client_hear_final(client);
}

/* Whatever is still to come comes before 257, which answers PWD alone. */
static int find_step(co_ftp_client *client)
{
    int code = co_ftp_client_say(client, "PWD", NULL);
    while (code >= 0 && client->awaited > 0) {
        code = co_ftp_client_hear_final(client);
        if (code == 257)
            client->awaited = 0;
    }
    if (code < 0 || code == 257)
        return code < 0 ? code : 0;
    return co_ftp_client_break(client, CO_EFTP, "it is out of step");
}

/* 0; 1 when replies were lost; negative. */
static int ask_all(co_ftp_client *client, const struct batch *batch, struct co_ftp_ahead *ahead)
{
    int code = say_all(client, batch);
    for (unsigned i = 0; code >= 0 && i < batch->count; i++) {
        code = hear_next(client, i == 0);
        if (code == 0) {
            code = find_step(client);
            return code < 0 ? code : 1;
        }
        if (code > 0)
            batch->items[i].take(client, ahead);
    }
    return code < 0 ? code : 0;
}

/* ---- what it says ---------------------------------------------------------------------------- */

static void take_door(co_ftp_client *client, struct co_ftp_ahead *ahead)
{
    co_ftp_door_take(client, &ahead->door);
}

static void take_type(co_ftp_client *client, struct co_ftp_ahead *ahead)
{
    if (client->code == 200) /* else it is asked once more, alone */
        client->type = ahead->type;
}

/* That there is no SIZE is believed once it was said alone. */
static void take_size(co_ftp_client *client, struct co_ftp_ahead *ahead)
{
    ahead->is_sized = client->code != 500 && client->code != 502;
    ahead->has_size = client->code == 213 &&
                      co_text_number(co_ftp_client_answer(client), INT64_MAX, &ahead->size) == 0;
}

void co_ftp_time_take(co_ftp_client *client, struct co_ftp_ahead *ahead)
{
    ahead->is_dated = true;
    ahead->has_time = client->code == 213 &&
                      co_ftp_time_parse(co_ftp_client_answer(client), &ahead->time_ns) == 0;
}

static void add(struct batch *batch, const char *verb, const char *argument,
    void (*take)(co_ftp_client *client, struct co_ftp_ahead *ahead))
{
    batch->items[batch->count].verb = verb;
    batch->items[batch->count].argument = argument;
    batch->items[batch->count++].take = take;
}

int co_ftp_client_ask_ahead(co_ftp_client *client, struct co_ftp_ahead *ahead)
{
    const char type[] = {ahead->type, '\0'};
    struct batch batch = {.count = 0};
    if (ahead->wants_door && !client->options.active && !client->no_extended)
        add(&batch, "EPSV", NULL, take_door);
    if (client->type != ahead->type)
        add(&batch, "TYPE", type, take_type);
    if (ahead->size_of && !client->size_unknown)
        add(&batch, "SIZE", ahead->size_of, take_size);
    if (ahead->time_of)
        add(&batch, "MDTM", ahead->time_of, co_ftp_time_take);
    if (client->options.one_by_one || batch.count < 2)
        return 0;
    client->options.one_by_one = true; /* also for who is told of its end in the midst of it */
    int rc = ask_all(client, &batch, ahead);
    if (rc == 1) {
        client->type = 0;
        *ahead = (struct co_ftp_ahead){.type = ahead->type};
        return 0;
    }
    client->options.one_by_one = rc < 0;
    return rc;
}
