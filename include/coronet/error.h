/* SPDX-License-Identifier: MIT */
/*
 * Errors: results are >= 0 when good and negative when not.
 *
 * -errno stands for the system's errors, -5000 and below for ours, all from the table below. errno
 * itself is never part of this API. Detail (which operation, which peer, what to do) stays with the
 * fiber in which the error arose, or with the thread where none runs; co_explain gives the whole
 * sentence.
 */
#ifndef CORONET_ERROR_H
#define CORONET_ERROR_H

#include "coronet/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, code, sentence). Ranges: 5000 runtime, 5100 net, 5200 names, 5300 http, 5400 ftp, 5500
 * tls, 5600 transfers. */
#define CO_ERRORS(X)                                                                               \
 X(CO_ECANCELED, -5000, "cancelled: the enclosing scope or group was cancelled")                   \
 X(CO_EDEADLINE, -5001, "deadline passed: the enclosing scope's time is over")                     \
 X(CO_EDRAIN, -5002, "draining: no new work is taken on")                                          \
 X(CO_EEOF, -5003, "the peer closed the connection before all data had arrived")                   \
 X(CO_EPROTO, -5004, "the peer broke the protocol")                                                \
 X(CO_ETOOBIG, -5005, "larger than the limit")                                                     \
 X(CO_EDEADLOCK, -5006, "deadlock: every fiber waits for another, nothing can ever run")           \
 X(CO_ECLOSED, -5007, "closed: the channel or object no longer takes part")                        \
 X(CO_EINVALID, -5008, "invalid argument or malformed text")                                       \
 X(CO_EADDRESS, -5100, "not an address: expected [HOST:]PORT, [IPV6]:PORT, unix:PATH or fd:N")     \
 X(CO_EREFUSED, -5101, "refused by the access rules")                                              \
 X(CO_ETOOSLOW, -5102, "the peer has stalled, or is slower than the minimum rate")                 \
 X(CO_ENAME, -5200, "the name does not exist (check the spelling)")                                \
 X(CO_ENODATA, -5201, "the name has no address of the kind asked for")                             \
 X(CO_ENAMESERVER, -5202, "no name server answered usefully (is the network up?)")                 \
 X(CO_EPROXY, -5203, "the proxy refuses to lead there")                                            \
 X(CO_EPROXYLOGIN, -5204, "the proxy wants a user and a password, or other ones")                  \
 X(CO_EHTTP, -5300, "malformed HTTP message")                                                      \
 X(CO_EREPLIED, -5301, "the response has already been sent")                                       \
 X(CO_EOUTSIDE, -5302, "the path leads outside the tree")                                          \
 X(CO_ESTATUS, -5303, "the server said no: its response is no success")                            \
 X(CO_EFTP, -5400, "malformed FTP reply, or one out of turn")                                      \
 X(CO_ELOGIN, -5401, "the login was refused (check the user and the password)")                    \
 X(CO_ECHANGED, -5402, "what lies here is not the beginning of the file there")                    \
 X(CO_ETLS, -5500, "TLS failed: the peer refused or broke the protocol")                           \
 X(CO_ECERTIFICATE, -5501, "the peer's certificate does not prove who it should be")               \
 X(CO_ETRUNCATED, -5502,                                                                           \
     "the peer ended the connection without TLS's farewell: data may be missing")                  \
 X(CO_ECHECKSUM, -5600, "the file is not the one that its checksum was given for")

enum co_error {
#define CO_ERROR_ENUM(name, code, sentence) name = code,
    CO_ERRORS(CO_ERROR_ENUM)
#undef CO_ERROR_ENUM
        CO_ERROR_LAST_ = 0
};

/*
 * co_explain - a sentence for an error code, with the current fiber's detail of that code if any.
 *
 * Does not suspend; any thread. Where no fiber runs it is the thread's detail, and after co_run
 * that of its result; a job of co_block has that of its thread, and the fiber does not get it.
 * code: a negative result of this library; 0 and positive codes explain as "success".
 * Returns: never NULL; the text is valid until the fiber's next failing call or its end, or the
 * thread's where no fiber runs. Example: "cannot connect to localhost:8888: connection refused (is
 * the server running?)".
 */
CO_API const char *co_explain(int code);

/*
 * co_error_name - the symbolic name of an error code.
 *
 * Does not suspend; any thread.
 * code: a negative result of this library.
 * Returns: "CO_EDEADLINE", "ECONNREFUSED" and the like; "unknown" when there is none; static.
 */
CO_API const char *co_error_name(int code);

/*
 * co_fail - record why the current call fails, for co_explain.
 *
 * Does not suspend; any thread.
 * code: the negative result about to be returned. format: printf format of the detail, the whole
 * sentence that co_explain shall return; at most 255 bytes of it are kept.
 * Returns: code, so that "return co_fail(-EINVAL, ...)" reads well.
 */
CO_API int co_fail(int code, const char *format, ...) CO_FORMAT(2, 3);

#ifdef __cplusplus
}
#endif
#endif
