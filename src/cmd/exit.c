/* SPDX-License-Identifier: MIT */
#include "cmd/exit.h"

#include "coronet/error.h"

#include <errno.h>

/* The system's errors are the network's or the disk's. */
static enum co_exit exit_of_errno(int code)
{
    switch (code) {
    case EADDRNOTAVAIL:
    case ECONNABORTED:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETRESET:
    case ENETUNREACH:
    case EPIPE:
    case ETIMEDOUT: return CO_EXIT_NETWORK;
    case ENOMEM: return CO_EXIT_OTHER;
    default: return CO_EXIT_FILE;
    }
}

enum co_exit co_exit_of(int rc, int status)
{
    switch (rc) {
    case CO_EINVALID:
    case CO_EADDRESS: return CO_EXIT_USAGE;
    case CO_ENAME:
    case CO_ENODATA:
    case CO_ENAMESERVER:
    case CO_EDEADLINE:
    case CO_ETOOSLOW: return CO_EXIT_NETWORK;
    case CO_ETLS:
    case CO_ECERTIFICATE: return CO_EXIT_TLS;
    case CO_EFTP:
    case CO_EHTTP:
    case CO_EPROTO: return CO_EXIT_PROTOCOL;
    case CO_EPROXY: return CO_EXIT_REFUSED;
    case CO_ELOGIN:
    case CO_EPROXYLOGIN: return CO_EXIT_LOGIN;
    case CO_ESTATUS: return status == 401 || status == 407 ? CO_EXIT_LOGIN : CO_EXIT_REFUSED;
    case CO_ECHANGED:
    case CO_EEOF:
    case CO_ETRUNCATED: return CO_EXIT_PARTIAL;
    case CO_ECHECKSUM:
    case CO_ETOOBIG:
    case CO_EOUTSIDE: return CO_EXIT_POLICY;
    default: break;
    }
    return rc >= 0 ? CO_EXIT_DONE : rc > -4096 ? exit_of_errno(-rc) : CO_EXIT_OTHER;
}
