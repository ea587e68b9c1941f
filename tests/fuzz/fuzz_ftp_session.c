/* SPDX-License-Identifier: MIT */
/*
 * A session obeys whatever comes, replies in replies, and leaves nothing behind: commands as input,
 * on the virtual backend, with a folder of its own. A client connects to each port that the server
 * tells of, sends a little there and reads; a byte of the input chooses where it is cut in two.
 * Behind AUTH TLS the input is what comes instead of a handshake, or as one.
 */
#include "ftp_conversation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int move(co_stream *data)
{
    co_write(data, "sent\r\n", 6);
    co_shutdown_write(data);
    drink(data);
    return 0;
}

static int send_input(void *arg)
{
    static const char login[] = "USER a\r\nPASS x\r\n";
    struct run *run = arg;
    co_write(run->control, login, sizeof login - 1);
    co_write(run->control, run->data, run->first);
    co_sleep(50);
    co_write(run->control, run->data + run->first, run->size - run->first);
    co_sleep(1000);
    co_shutdown_write(run->control);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    if (size < 2 || size > INPUT_MAX)
        return 0;
    run = (struct run){
        .data = data + 1,
        .size = size - 1,
        .first = 1 + (size_t)data[0] * 16 % (size - 1),
        .send = send_input,
        .move = move,
    };
    run_conversation(&run);
    return 0;
}
