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
    CO_EXIT_SIGNAL = 128, /* plus the signal's number */
};

#endif
