/* SPDX-License-Identifier: MIT */
/* A folder's entries, line by line as they come. A list that ends too early fails instead: whoever
 * deletes what is not in it relies on that. */
#include "ftp/client.h"

#include <errno.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 16384 /* facts, and a name of 4 KiB */
#define PIECE_BYTES    4096
#define PATH_MAX_BYTES 16384

struct co_ftp_list {
    co_ftp_client *client;
    co_ftp_transfer *transfer; /* NULL: it is over */
    struct co_ftp_listing_reader reader;
    struct co_buf line;
    size_t at, end; /* of what is left of the piece */
    bool visited;   /* it is known to be a folder */
    bool found;     /* an entry */
    int result;     /* once it is over */
    int refused; /* by this code MLSD was, and lines may show that it need not have been; 0: no */
    struct co_buf refusal; /* that reply */
    char piece[PIECE_BYTES];
};

/* ---- asking ---------------------------------------------------------------------------------- */

/* Has the server this fact, and does it tell it unasked? */
static bool find_fact(const co_ftp_client *client, co_text name, bool *ret_told)
{
    co_text rest = co_buf_text(&client->features);
    while (rest.size > 0) {
        ssize_t semicolon = co_text_find(rest, ';');
        co_text fact = {rest.at, semicolon < 0 ? rest.size : (size_t)semicolon};
        rest = co_text_after(rest, fact.size + 1);
        *ret_told = fact.size > 0 && fact.at[fact.size - 1] == '*';
        fact.size -= *ret_told;
        if (co_text_equal_nocase(fact, name))
            return true;
    }
    return false;
}

/* RFC 3659 7.9: asks for the facts that we read, if they are not all told anyway. */
static int choose_facts(co_ftp_client *client)
{
    static const char *const wanted[] = {"type", "size", "modify", "perm", "unique", "UNIX.mode"};
    char room[128];
    struct co_buf chosen = {.at = room, .room = sizeof room, .size_max = sizeof room};
    bool missing = false;
    co_buf_add_string(&chosen, "MLST ");
    for (size_t i = 0; i < CO_LENGTH(wanted); i++) {
        bool told;
        if (!find_fact(client, co_text_of(wanted[i]), &told))
            continue;
        missing |= !told;
        co_buf_addf(&chosen, "%s;", wanted[i]);
    }
    co_buf_add_char(&chosen, '\0');
    client->facts_set = true;
    int code = missing ? co_ftp_client_ask(client, "OPTS", room) : 0;
    return code < 0 ? code : 0; /* a refusal leaves fewer facts */
}

/* Others refuse by the same codes for want of a right. */
static bool is_said_to_be_empty(const co_ftp_client *client)
{
    const co_text words[] = {
        CO_TEXT("No files found"), CO_TEXT("No members found"), CO_TEXT("No data sets found")};
    co_text said = co_ftp_reply_gist(co_buf_text(&client->reply));
    said.size -= said.size > 0 && said.at[said.size - 1] == '.';
    bool empty = false;
    for (size_t i = 0; i < CO_LENGTH(words); i++)
        empty |= co_text_equal_nocase(said, words[i]);
    return empty && (client->code == 450 || client->code == 550) && !client->failed;
}

/* RFC 3659 7.2.1: 501 and 550 are of the folder. But there are servers that have announced MLSD and
 * refuse it so whatever it is of, and list all the same. */
static int take_refusal(co_ftp_list *list)
{
    co_ftp_client *client = list->client;
    int code = client->code;
    client->no_facts = code == 500 || code == 502 || code == 504;
    bool is_doubtful = (code == 501 || code == 550) && !is_said_to_be_empty(client);
    if (is_doubtful && !client->facts_work) {
        list->refused = code;
        co_buf_add_text(&list->refusal, co_buf_text(&client->reply));
    }
    return list->refusal.error ? list->refusal.error : CO_ESTATUS;
}

static int open_facts(co_ftp_list *list, const char *path, struct co_ftp_data_way *way)
{
    co_ftp_client *client = list->client;
    int rc = client->facts_set ? 0 : choose_facts(client);
    *way = (struct co_ftp_data_way){.verb = "MLSD", .argument = path};
    if (rc == 0)
        rc = co_ftp_data_way_open(client, way);
    client->facts_work |= rc == 0;
    return rc == CO_ESTATUS && !client->failed ? take_refusal(list) : rc;
}

/* It was of the folder: what was said to MLSD is the last word. */
static int repeat_refusal(co_ftp_list *list)
{
    co_ftp_client *client = list->client;
    co_buf_clear(&client->reply);
    co_buf_add_text(&client->reply, co_buf_text(&list->refusal));
    client->code = list->refused;
    return co_ftp_client_fail(client, CO_ESTATUS, NULL);
}

/* Lines for people are text (RFC 959 4.1.3). They are asked for from within the folder: some
 * servers list the current one whatever is asked for, and to many one that is not there is an empty
 * one. Where it cannot be visited a hyphen would begin the options of `ls`. */
static int open_lines(co_ftp_list *list, const char *path, struct co_ftp_data_way *way)
{
    co_ftp_client *client = list->client;
    struct co_buf argument = CO_BUF(PATH_MAX_BYTES);
    int rc = path ? co_ftp_client_visit(client, path) : 0;
    list->visited = rc == 0;
    if (rc > 0 && list->refused)
        return repeat_refusal(list);
    if (rc >= 0)
        rc = co_ftp_client_type(client, 'A');
    path = list->visited ? NULL : path;
    if (path && path[0] == '-')
        co_buf_add_string(&argument, "./");
    co_buf_add_string(&argument, path ? path : "");
    co_buf_add_char(&argument, '\0');
    *way = (struct co_ftp_data_way){.verb = "LIST", .argument = path ? argument.at : NULL};
    if (rc == 0)
        rc = argument.error;
    if (rc == 0)
        rc = co_ftp_data_way_open(client, way);
    co_buf_free(&argument);
    return rc;
}

static int open_way(co_ftp_list *list, const char *path, struct co_ftp_data_way *way)
{
    co_ftp_client *client = list->client;
    bool facts = client->facts && !client->no_facts;
    int rc = facts ? open_facts(list, path, way) : CO_ESTATUS;
    list->reader.facts = facts && rc == 0;
    if (rc != CO_ESTATUS || (facts && !client->no_facts && !list->refused))
        return rc;
    return open_lines(list, path, way);
}

int co_ftp_list_open(co_ftp_list **ret, co_ftp_client *client, const char *path)
{
    struct co_ftp_data_way way;
    path = path && *path ? path : NULL;
    int rc = co_ftp_client_begin(client, "list", path);
    if (rc < 0)
        return rc;
    co_ftp_list *list = calloc(1, sizeof *list);
    if (!list)
        return -ENOMEM;
    list->client = client;
    list->visited = true;
    list->reader.now = co_wall_seconds();
    list->line = CO_BUF(LINE_MAX_BYTES);
    list->refusal = CO_BUF(CO_FTP_REPLY_MAX);
    rc = open_way(list, path, &way);
    bool empty = rc == CO_ESTATUS && !list->refused && is_said_to_be_empty(client);
    if (rc == 0)
        rc = co_ftp_transfer_new(client, &way, &list->transfer);
    if (rc < 0 && !empty)
        co_ftp_list_close(list);
    else
        *ret = list;
    return empty ? 0 : rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The next line, without its end, in list->line. 1; 0 at the end; negative. */
static int read_line(co_ftp_list *list)
{
    co_buf_clear(&list->line);
    for (;;) {
        co_text rest = {list->piece + list->at, list->end - list->at};
        ssize_t feed = co_text_find(rest, '\n');
        size_t taken = feed < 0 ? rest.size : (size_t)feed;
        co_buf_add(&list->line, rest.at, taken);
        list->at += taken + (feed >= 0);
        if (list->line.error)
            return list->line.error;
        if (feed >= 0)
            return 1;
        ssize_t n = co_ftp_transfer_read(list->transfer, list->piece, sizeof list->piece);
        list->at = 0;
        list->end = n > 0 ? (size_t)n : 0;
        if (n <= 0)
            return n < 0 ? (int)n : list->line.size > 0;
    }
}

/* A server that could not read the folder may say so only where it confirms the transfer: vsftpd
 * does. */
static bool has_failed_to_open(const co_ftp_client *client)
{
    co_text said = co_ftp_reply_gist(co_buf_text(&client->reply));
    const co_text sign = CO_TEXT("failed to open directory");
    return said.size >= sign.size && memmem(said.at, said.size, sign.at, sign.size);
}

static int finish(co_ftp_list *list)
{
    const struct co_ftp_listing_reader *reader = &list->reader;
    co_ftp_transfer *transfer = list->transfer;
    list->transfer = NULL;
    int rc = co_ftp_transfer_finish(transfer);
    list->client->doing = "list";
    list->client->no_facts |= rc == 0 && list->refused && list->found;
    if (rc == 0 && list->refused && !list->found)
        rc = repeat_refusal(list);
    if (rc == 0 && !reader->some && has_failed_to_open(list->client))
        rc = co_ftp_client_fail(list->client, CO_ESTATUS, NULL);
    if (rc == 0 && reader->some_not && !reader->some)
        rc = co_ftp_client_fail(list->client, CO_EFTP, "its lines are of no kind that is known");
    return rc;
}

int co_ftp_list_next(co_ftp_list *list, struct co_ftp_entry *ret)
{
    while (list->transfer) {
        int rc = read_line(list);
        if (rc > 0 && co_ftp_listing_read(&list->reader, co_buf_text(&list->line), ret)) {
            list->found = true;
            return 1;
        }
        if (rc == CO_ETOOBIG)
            list->transfer->failed = rc;
        if (rc <= 0)
            list->result = finish(list);
    }
    return list->result;
}

bool co_ftp_list_is_whole(const co_ftp_list *list)
{
    const struct co_ftp_listing_reader *reader = &list->reader;
    if (!reader->some && !list->visited) /* there may be no such folder */
        return false;
    return !list->transfer && list->result == 0 && !reader->some_not && reader->refused == 0;
}

size_t co_ftp_list_refused(const co_ftp_list *list)
{
    return list->reader.refused;
}

void co_ftp_list_close(co_ftp_list *list)
{
    if (!list)
        return;
    co_ftp_transfer_abort(list->transfer);
    co_buf_free(&list->line);
    co_buf_free(&list->refusal);
    free(list);
}
