/* SPDX-License-Identifier: MIT */
/* Exit codes, the same for every command and for good. */
#ifndef CO_CMD_EXIT_H
#define CO_CMD_EXIT_H

enum co_exit {
    CO_EXIT_DONE = 0,
    CO_EXIT_OTHER = 1,
    CO_EXIT_USAGE = 2,
    CO_EXIT_FILE = 3,     /* a local file or folder */
    CO_EXIT_NETWORK = 4,  /* name, listen, connect, reset, stall */
    CO_EXIT_TLS = 5,      /* TLS or a certificate */
    CO_EXIT_LOGIN = 6,    /* authentication */
    CO_EXIT_PROTOCOL = 7, /* broken by the peer */
    CO_EXIT_REFUSED = 8,  /* the server said no */
    CO_EXIT_PARTIAL = 9,  /* some of many failed, or something came short */
    CO_EXIT_TIME_LIMIT = 10,
    CO_EXIT_POLICY = 11,  /* refused by ourselves: size, unsafe name */
    CO_EXIT_SIGNAL = 128, /* plus the signal's number */
};

/* What a transfer's result exits with. status: the HTTP status behind CO_ESTATUS, else 0. */
enum co_exit co_exit_of(int rc, int status);

#endif
