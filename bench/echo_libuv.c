/* SPDX-License-Identifier: MIT */
/* The same echo server on libuv: tries to write at once, allocates only when that falls short. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static char room[65536]; /* one loop, one read at a time */

static void closed(uv_handle_t *handle)
{
    free(handle);
}

static void allocated(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)handle, (void)suggested;
    *ret = uv_buf_init(room, sizeof room);
}

struct pending {
    uv_write_t request;
    char bytes[];
};

static void written(uv_write_t *request, int status)
{
    (void)status;
    free(request);
}

static void received(uv_stream_t *peer, ssize_t size, const uv_buf_t *buffer)
{
    if (size < 0) {
        uv_close((uv_handle_t *)peer, closed);
        return;
    }
    uv_buf_t out = uv_buf_init(buffer->base, (unsigned)size);
    int sent = uv_try_write(peer, &out, 1);
    if (sent == size || size == 0)
        return;
    size_t done = sent > 0 ? (size_t)sent : 0, left = (size_t)size - done;
    struct pending *pending = malloc(sizeof *pending + left);
    if (!pending)
        abort();
    memcpy(pending->bytes, buffer->base + done, left);
    out = uv_buf_init(pending->bytes, (unsigned)left);
    uv_write(&pending->request, peer, &out, 1, written);
}

static void connected(uv_stream_t *listener, int status)
{
    uv_tcp_t *peer = malloc(sizeof *peer);
    if (status < 0 || !peer)
        abort();
    uv_tcp_init(listener->loop, peer);
    if (uv_accept(listener, (uv_stream_t *)peer) == 0) {
        uv_tcp_nodelay(peer, 1);
        uv_read_start((uv_stream_t *)peer, allocated, received);
    } else {
        uv_close((uv_handle_t *)peer, closed);
    }
}

int main(void)
{
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    struct sockaddr_in address;
    int size = sizeof address;
    uv_tcp_init(loop, &listener);
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0);
    if (uv_listen((uv_stream_t *)&listener, 1024, connected) < 0)
        return 1;
    uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
