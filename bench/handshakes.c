/* SPDX-License-Identifier: MIT */
/* Load for an HTTPS server: handshakes PORT CONNECTIONS SECONDS full|resumed. Each connection
 * shakes hands by TLS 1.3 (X25519, AES-128-GCM), asks for a file of 1 KiB, reads to the end and
 * comes again, for so long. Resumed ones begin by the latest ticket. Prints
 * how many there were, how long it took and the CPU time of this program, both in seconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define SILENCE_MS      10000
#define FILE_BYTES      1024

static const char request[] =
    "GET /1k.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct place {
    SSL *ssl;
    bool must_resume;
    size_t got;
    int fd;
    unsigned events; /* waited for */
    bool asked;
};

static struct sockaddr_in address = {.sin_family = AF_INET};
static SSL_CTX *context;
static SSL_SESSION *session; /* the latest; NULL: none, or not wanted */
static bool resumed;
static int epoll;

static void fail(const char *what)
{
    fprintf(stderr, "handshakes: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int keep_ticket(SSL *ssl, SSL_SESSION *fresh)
{
    (void)ssl;
    if (!resumed)
        return 0;
    SSL_SESSION_free(session);
    session = fresh;
    return 1;
}

/* Looking at the chain costs more than all the rest, and is not what is measured. */
static int believe(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

static void set_up(void)
{
    char groups[] = "X25519"; /* the macro below is not const-correct */
    context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(context, groups) != 1)
        fail("cannot set up TLS");
    SSL_CTX_set_cert_verify_callback(context, believe, NULL);
    SSL_CTX_set_session_cache_mode(
        context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, keep_ticket);
}

static void wait_for(struct place *place, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = place};
    if (place->events == events)
        return;
    epoll_ctl(epoll, place->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, place->fd, &event);
    place->events = events;
}

static void begin(struct place *place)
{
    static const int on = 1;
    place->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    place->ssl = SSL_new(context);
    if (place->fd < 0 || !place->ssl)
        fail("cannot begin");
    setsockopt(place->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(place->fd, (const struct sockaddr *)&address, sizeof address) < 0 &&
        errno != EINPROGRESS)
        fail("connect");
    SSL_set_fd(place->ssl, place->fd);
    SSL_set_connect_state(place->ssl);
    /* OpenSSL uses each object of a session once; not all servers send a new ticket. */
    SSL_SESSION *once = session ? SSL_SESSION_dup(session) : NULL;
    SSL_set_session(place->ssl, once);
    SSL_SESSION_free(once);
    place->must_resume = once;
    place->got = 0;
    place->asked = false;
    place->events = 0;
    wait_for(place, EPOLLOUT);
}

static void end(struct place *place)
{
    SSL_set_shutdown(place->ssl, SSL_SENT_SHUTDOWN); /* else its session counts as broken */
    SSL_free(place->ssl);
    close(place->fd);
}

/* To the end of the answer. True when it is there. */
static bool go_on(struct place *place)
{
    static char bytes[1 << 14];
    int n;
    if (!place->asked) {
        n = SSL_connect(place->ssl);
        if (n == 1)
            n = SSL_write(place->ssl, request, sizeof request - 1);
        if (n > 0 && place->must_resume && !SSL_session_reused(place->ssl))
            fail("a ticket was not taken");
        place->asked = n > 0;
        if (n > 0)
            wait_for(place, EPOLLIN);
    }
    while (place->asked && (n = SSL_read(place->ssl, bytes, sizeof bytes)) > 0)
        place->got += (size_t)n;
    switch (SSL_get_error(place->ssl, n)) {
    case SSL_ERROR_WANT_READ: wait_for(place, EPOLLIN); return false;
    case SSL_ERROR_WANT_WRITE: wait_for(place, EPOLLOUT); return false;
    }
    if (place->got <= FILE_BYTES)
        fail("a connection broke");
    return true;
}

int main(int argc, char **argv)
{
    static struct place places[CONNECTIONS_MAX];
    struct epoll_event events[64];
    if (argc != 5)
        return 2;
    int count = atoi(argv[2]);
    resumed = strcmp(argv[4], "resumed") == 0;
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    epoll = epoll_create1(0);
    if (count < 1 || count > CONNECTIONS_MAX || epoll < 0)
        return 2;
    set_up();
    begin(&places[0]); /* the others after it, so that all can be resumed but one */
    double start = seconds(CLOCK_MONOTONIC), until = start + atof(argv[3]), now = start;
    long done = 0;
    int begun = 1;
    for (int open = 1; open > 0; now = seconds(CLOCK_MONOTONIC)) {
        int ready = epoll_wait(epoll, events, 64, SILENCE_MS);
        if (ready <= 0)
            fail("nothing came for 10 s");
        for (int i = 0; i < ready; i++) {
            struct place *place = events[i].data.ptr;
            if (!go_on(place))
                continue;
            end(place);
            done++;
            open--;
            if (now >= until)
                continue;
            begin(place);
            for (open++; begun < count; begun++, open++)
                begin(&places[begun]);
        }
    }
    printf("%ld %.6f %.6f\n", done, now - start, seconds(CLOCK_PROCESS_CPUTIME_ID));
    return 0;
}
