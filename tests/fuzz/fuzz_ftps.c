/* SPDX-License-Identifier: MIT */
/*
 * FTP over TLS behind a handshake that is one: the input is what the client says, where it cuts its
 * records, what it puts between them, and what it does on data connections.
 *
 * The first byte: TLS from the first byte or by AUTH (1), TLS 1.2 or 1.3 (2), logged in with data
 * protected or not (4). Then commands, and among them, behind a NUL: a byte below 8, what the next
 * data connections do (enum deed); 8, the record ends here; 9 and a count, so many bytes behind it
 * past TLS; 10, a pause; 11, the farewell.
 */
#include "ftp_conversation.h"

#include "../unit/remembered.h"
#include "tls/layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum deed { RESUMED, ANEW, IN_CLEAR, PART_OF_A_HELLO, SILENCE, CUT, SPOILT, GONE_AT_ONCE };
enum word { CUTS_RECORD = 8, PAST_TLS, PAUSE, FAREWELL };

static co_tls *client;
static enum deed deed; /* of the next data connection */
static uint8_t first;

/* ---- data ----------------------------------------------------------------------------------- */

static void say_past_tls(co_stream *stream, const void *bytes, size_t size)
{
    const struct co_tls_layer *layer = stream->layer;
    const struct iovec piece = {(void *)(uintptr_t)bytes, size};
    if (layer && size > 0)
        layer->under->send(stream, &piece, 1);
}

/* Behind the server's handshake; data that is not protected comes all the same. */
static void move_over_tls(co_stream *data, enum deed how)
{
    remembered.offer = how != ANEW;
    if (co_tls_connect(data, client, "localhost") < 0)
        return;
    co_write(data, "sent\r\n", 6);
    if (how == SPOILT)
        say_past_tls(data,
            "\x17\x03\x03\x00\x05"
            "12345",
            10);
    if (how == CUT)
        return;
    co_shutdown_write(data);
    drink(data);
}

static int move(co_stream *data)
{
    co_scope scope;
    co_sleep(1);
    co_scope_open(&scope, 40000);
    switch (deed) {
    case IN_CLEAR: co_write(data, "sent\r\n", 6); break;
    case PART_OF_A_HELLO: co_write(data, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11); break;
    case SILENCE: co_sleep(2000); break;
    case GONE_AT_ONCE: break;
    case RESUMED:
    case ANEW:
    case CUT:
    case SPOILT: move_over_tls(data, deed); break;
    }
    if (deed == IN_CLEAR || deed == PART_OF_A_HELLO) {
        co_shutdown_write(data);
        drink(data);
    }
    co_scope_close(&scope);
    return 0;
}

/* ---- control -------------------------------------------------------------------------------- */

/* Comes as far as a session over TLS. */
static int greet(struct run *run)
{
    char line[512];
    int rc = 0;
    if (!run->implicit) {
        co_write(run->control, "AUTH TLS\r\n", 10);
        for (int i = 0; i < 2; i++)
            co_read_line(run->control, line, sizeof line);
    }
    remembered.offer = false;
    rc = co_tls_connect(run->control, client, "localhost");
    if (rc < 0)
        abort(); /* nothing of the input has come to the server yet */
    return rc;
}

/* What stands behind a NUL. Returns how much of it that was. */
static size_t obey(struct run *run, const uint8_t *at, size_t left)
{
    size_t count = left > 1 ? at[1] : 0;
    if (*at < CUTS_RECORD)
        deed = (enum deed) * at;
    if (*at == PAUSE)
        co_sleep(700);
    if (*at == FAREWELL)
        co_shutdown_write(run->control);
    if (*at != PAST_TLS || left < 2)
        return 1;
    count = count < left - 2 ? count : left - 2;
    say_past_tls(run->control, at + 2, count);
    return 2 + count;
}

static int send_input(void *arg)
{
    static const char login[] = "USER a\r\nPASS x\r\nTYPE I\r\nPBSZ 0\r\nPROT P\r\n";
    struct run *run = arg;
    const uint8_t *at = run->data, *end = at + run->size;
    if (first & 4)
        co_write(run->control, login, sizeof login - 1);
    while (at < end) {
        const uint8_t *word = memchr(at, 0, (size_t)(end - at));
        co_write(run->control, at, (size_t)((word ? word : end) - at));
        at = word ? word + 1 : end;
        if (at < end)
            at += obey(run, at, (size_t)(end - at));
    }
    co_sleep(1000);
    co_shutdown_write(run->control);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    if (size < 2 || size > INPUT_MAX)
        return 0;
    first = data[0];
    deed = RESUMED;
    forget_all();
    if (co_tls_client(&client, &(struct co_tls_options){.insecure = true}) < 0)
        abort();
    remember_by(client, first & 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
    run = (struct run){
        .data = data + 1,
        .size = size - 1,
        .implicit = first & 1,
        .greet = greet,
        .send = send_input,
        .move = move,
    };
    run_conversation(&run);
    co_tls_free(client);
    forget_all();
    return 0;
}
