/* SPDX-License-Identifier: MIT */
/*
 * Streams: one type for TCP, Unix sockets and memory, and for TLS over any of them (tls.h).
 *
 * Reading gives a count, 0 at the end; writing gives 0 when all went out. One fiber may read and
 * one may write at a time (another gets -EBUSY). A stream keeps its first error of each direction:
 * later calls repeat it, and co_close returns that of writing, so a simple program may write,
 * write, close. Everything that suspends here obeys the scope; what ended because of the scope may
 * be continued in another scope, nothing is lost. Only a write of which some has gone out is torn
 * for good, unless its caller was told how much: its code stays as the stream's error.
 *
 * Over TLS reading also fails with CO_ETRUNCATED, where the peer ended without a farewell, and
 * reading and writing with CO_ETLS. A stream belongs to its shard.
 */
#ifndef CORONET_STREAM_H
#define CORONET_STREAM_H

#include "coronet/fiber.h"

#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct co_stream co_stream;

/*
 * A connection's handler. Result >= 0: the stream is closed gracefully; negative: aborted;
 * CO_PARK: the fiber ends and its stack goes back, and the handler is called again on a new one
 * when input (already buffered bytes included), the end, drain or the park deadline arrives.
 */
typedef int co_handler(co_stream *stream, void *arg);

#define CO_PARK 0x7061726b /* a handler's result; no error and no count */

#define CO_PEEK_MAX 65536 /* bytes that co_peek and co_peek_until can hold in one piece */

/* ---- reading ------------------------------------------------------------------------------- */

/*
 * co_read - read what is there, at least one byte.
 *
 * Suspends until there is something.
 * ret_bytes: room for size bytes (size > 0).
 * Returns: the count; 0 at the end; CO_ECANCELED, CO_EDEADLINE, -EBUSY, -ENOMEM, -errno
 * (-ECONNRESET ...).
 */
CO_API ssize_t co_read(co_stream *stream, void *ret_bytes, size_t size);

/*
 * co_read_full - read exactly size bytes.
 *
 * Suspends.
 * Returns: size; CO_EEOF when the stream ends before; else as co_read. Up to CO_PEEK_MAX bytes,
 * what came stays readable after a failure; beyond that it is in ret_bytes and its count is lost.
 */
CO_API ssize_t co_read_full(co_stream *stream, void *ret_bytes, size_t size);

/*
 * co_read_line - read a line, with its newline, as a C string.
 *
 * Suspends until the newline has arrived.
 * ret_line: room for size bytes (2 to CO_PEEK_MAX), NUL included.
 * Returns: its length; less than a line only at the end of the stream; 0 at the end; CO_ETOOBIG
 * when it does not fit (nothing is taken); else as co_read, and what came stays readable.
 */
CO_API ssize_t co_read_line(co_stream *stream, char *ret_line, size_t size);

/*
 * co_peek - look at buffered bytes without taking them.
 *
 * Suspends until at least min bytes are buffered or the stream ends.
 * min: 0 (what is there, does not suspend) to CO_PEEK_MAX.
 * ret_bytes: points at the bytes, in one piece, until the next reading call on this stream.
 * Returns: how many bytes there are; less than min only at the end of the stream; CO_ETOOBIG when
 * min is larger; else as co_read, and what came stays readable.
 */
CO_API ssize_t co_peek(co_stream *stream, size_t min, const uint8_t **ret_bytes);

/*
 * co_peek_more - wait for more bytes than are buffered now, and look at all of them.
 *
 * Suspends until at least one byte has arrived beyond those that co_peek(stream, 0, ...) shows.
 * ret_bytes: as for co_peek.
 * Returns: how many bytes there are now; 0 when the stream ended instead; CO_ETOOBIG when
 * CO_PEEK_MAX bytes are buffered; else as co_read. What was buffered still is in any case.
 */
CO_API ssize_t co_peek_more(co_stream *stream, const uint8_t **ret_bytes);

/*
 * co_peek_until - look at the bytes up to and including a delimiter.
 *
 * Suspends until the delimiter has arrived.
 * delimiter: a C string of 1 to 16 bytes. max: give up beyond this many bytes, delimiter included;
 * at most CO_PEEK_MAX. ret_bytes: as for co_peek.
 * Returns: the count with the delimiter; CO_ETOOBIG when max bytes hold none; CO_EEOF when the
 * stream ends first; else as co_read. Nothing is taken in any case.
 */
CO_API ssize_t co_peek_until(
    co_stream *stream, const char *delimiter, size_t max, const uint8_t **ret_bytes);

/*
 * co_consume - take bytes that were peeked at.
 *
 * Does not suspend.
 * size: at most what the last peek returned.
 */
CO_API void co_consume(co_stream *stream, size_t size);

/* ---- writing ------------------------------------------------------------------------------- */

/*
 * co_write - write all the bytes.
 *
 * Suspends while the peer does not keep up.
 * Returns: 0 when all are with the kernel (or in the cork); CO_ECANCELED, CO_EDEADLINE (some may
 * have gone out), -EPIPE when writing has been shut down or the peer is gone, -EBUSY, -ENOMEM,
 * -errno.
 */
CO_API int co_write(co_stream *stream, const void *bytes, size_t size);

/*
 * co_writev - write all the bytes of several pieces, in one system call where possible.
 *
 * Suspends as co_write does, and returns the same; -EINVAL for too many pieces.
 * pieces: count of them, at most 16; borrowed during the call.
 */
CO_API int co_writev(co_stream *stream, const struct iovec *pieces, unsigned count);

/*
 * co_print - write formatted text.
 *
 * Suspends as co_write does, and returns the same; CO_ETOOBIG above 4,096 bytes (nothing written).
 */
CO_API int co_print(co_stream *stream, const char *format, ...) CO_FORMAT(2, 3);

/*
 * co_write_file - write a part of a file, by sendfile where the stream can.
 *
 * Suspends.
 * file_fd: a regular file; borrowed. offset, size: bytes; the file's position is not used.
 * ret_sent: bytes that went out, also on failure, so that another call can go on behind them; NULL
 * if not wanted: then a scope's end in the midst tears the stream.
 * Returns: 0 when all went out; CO_EEOF when the file ended before (it shrank; nothing is wrong
 * with the stream); else as co_write. That the file cannot be read stays as the stream's error.
 */
CO_API int co_write_file(
    co_stream *stream, int file_fd, uint64_t offset, uint64_t size, uint64_t *ret_sent);

/*
 * co_cork - hold small writes back, to go out together.
 *
 * Does not suspend. Held bytes go out when more than 64 KiB would gather, with co_uncork, and
 * before a read suspends. Corks do not nest.
 */
CO_API void co_cork(co_stream *stream);

/*
 * co_uncork - send what the cork holds and stop holding back.
 *
 * Suspends and returns as co_write does.
 */
CO_API int co_uncork(co_stream *stream);

/* ---- ending -------------------------------------------------------------------------------- */

/*
 * co_shutdown_write - tell the peer that no more will be written; reading goes on.
 *
 * Suspends while the cork empties, and over TLS until its farewell is on its way.
 * Returns: 0, the second time, too; as co_write; -EBUSY, and nothing is shut down, while another
 * fiber writes. Cut short by the scope, call it again.
 */
CO_API int co_shutdown_write(co_stream *stream);

/*
 * co_close - end the stream gracefully and free it; NULL is allowed.
 *
 * Suspends while the cork empties and, when there is unread input, until the peer ends, too (or has
 * sent 256 KiB more): closed at once, what was sent last could be lost. All within 1 s of grace, in
 * a cancelled scope too; TLS's farewell, whose answer nobody waits for, has a second of its own.
 * Nobody may be reading or writing: whoever is in another fiber is cancelled and joined first.
 * Returns: 0; the stream's first write error; CO_EDEADLINE when the cork could not be emptied in
 * time. It is freed in any case.
 */
CO_API int co_close(co_stream *stream) CO_MUST_USE;

/*
 * co_abort - end the stream at once and free it; NULL is allowed.
 *
 * Does not suspend. Nobody may be reading or writing, as with co_close. TCP peers see a reset; what
 * was not sent is lost.
 */
CO_API void co_abort(co_stream *stream);

/* ---- parking --------------------------------------------------------------------------------- */

/*
 * co_park_deadline - how long the stream may be parked without input.
 *
 * Does not suspend. Precise to a second.
 * timeout_ms: from the moment of parking; negative: for ever (the default).
 */
CO_API void co_park_deadline(co_stream *stream, int64_t timeout_ms);

/*
 * co_park_result - why a parked stream's handler was called again.
 *
 * Does not suspend.
 * Returns: 0 for input or the end of the stream (also in the first call), CO_EDRAIN, CO_EDEADLINE,
 * CO_ECANCELED. Parking again after CO_EDRAIN or CO_ECANCELED, or once the scope's own deadline has
 * passed, closes the stream.
 */
CO_API int co_park_result(const co_stream *stream);

/* ---- what it is ------------------------------------------------------------------------------ */

/*
 * co_peer - the other side's address, such as "127.0.0.1:4711", "[::1]:80", "unix:/run/x".
 *
 * Does not suspend.
 * Returns: text that lives as long as the stream; "memory" or, over TLS, "tls" where there is no
 * socket; "?" without memory.
 */
CO_API const char *co_peer(co_stream *stream);

/*
 * co_memory_pair - two streams joined in memory: what one writes the other reads.
 *
 * Does not suspend. For tests and for layering; each end must be closed.
 * room: bytes that a direction holds before its writer waits.
 * Returns: 0, -ENOMEM.
 */
CO_API int co_memory_pair(co_stream **ret_a, co_stream **ret_b, size_t room) CO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
