/* SPDX-License-Identifier: MIT */
/*
 * What the FTP client (coronet/ftp_client.h) brings and sends: listings and files.
 */
#ifndef CORONET_FTP_TRANSFER_H
#define CORONET_FTP_TRANSFER_H

#include "coronet/ftp_client.h"
#include "coronet/ftp_entry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- listings -------------------------------------------------------------------------------- */

/* A folder's entries, as they arrive. */
typedef struct co_ftp_list co_ftp_list;

/*
 * co_ftp_list_open - ask for a folder's entries: by MLSD, or by LIST where that is not to be had.
 *
 * Suspends until the server has begun.
 * ret: receives the list, for co_ftp_list_close. path: "" or NULL: the current folder.
 * Returns: 0; CO_ESTATUS, and as co_ftp_download_open.
 */
CO_API int co_ftp_list_open(co_ftp_list **ret, co_ftp_client *client, const char *path) CO_MUST_USE;

/*
 * co_ftp_list_next - the next entry.
 *
 * Suspends until it has come. LIST is read as Unix, DOS, OS/2, EPLF, VMS, MVS, IBM i and NetWare
 * have it.
 * "." and "..", and entries whose names lead anywhere else, are left out.
 * ret: receives the entry, whose texts are valid until the next call.
 * Returns: 1; 0 at the end, once all has come (as co_ftp_transfer_finish finds it); CO_EFTP (not a
 * line of it can be read), CO_ETOOBIG (a line of more than 16 KiB), and as co_ftp_transfer_read and
 * co_ftp_transfer_finish. After 0 or a failure the client is free for other things; the result
 * stays.
 */
CO_API int co_ftp_list_next(co_ftp_list *list, struct co_ftp_entry *ret);

/*
 * co_ftp_list_close - end a list; NULL is allowed. One that is not at its end is aborted.
 *
 * Does not suspend; before the client's end.
 */
CO_API void co_ftp_list_close(co_ftp_list *list);

/*
 * co_ftp_stat - what the server says of one path: by MLST, or by SIZE, MDTM and CWD.
 *
 * Suspends.
 * ret: its name is the path's last component and points into it; empty for a root. perm, unique and
 * target are valid until the next call with this client.
 * Returns: 0; CO_ESTATUS when there is no such path, and as co_ftp_command.
 */
CO_API int co_ftp_stat(co_ftp_client *client, const char *path, struct co_ftp_entry *ret);

/* ---- transfers ------------------------------------------------------------------------------- */

/* A file on its way. While one is open, the client does nothing else (-EBUSY). */
typedef struct co_ftp_transfer co_ftp_transfer;

/*
 * co_ftp_download_open - begin to fetch a file, or the rest of it.
 *
 * Suspends until the server has begun.
 * ret: receives the transfer, for co_ftp_transfer_finish or co_ftp_transfer_abort. offset: bytes
 * that are left out (REST, RFC 3659 5); a server may accept that and begin at 0 all the same: who
 * goes on with what lies here uses co_ftp_download_resume.
 * Returns: 0; CO_ESTATUS (no such file, no restart), CO_ECHANGED (the file is shorter than that),
 * CO_EINVALID (of text there is no rest, too), -ECONNREFUSED and as co_ftp_command, co_connect and
 * co_tls_connect, through a proxy as co_dial; with detail for co_explain.
 */
CO_API int co_ftp_download_open(
    co_ftp_transfer **ret, co_ftp_client *client, const char *path, uint64_t offset) CO_MUST_USE;

/*
 * co_ftp_download_resume - the same, for the file that bytes here are the beginning of.
 *
 * Suspends until it has fetched `before` once more and found it equal: so neither another version
 * of the file nor a server that ignores the offset is ever spliced to what lies here. offset: of
 * what is wanted. before: the last bytes that lie here, up to the offset; some KiB will do;
 * borrowed. Returns: as co_ftp_download_open; CO_ECHANGED when they differ; CO_EINVALID when they
 * are more than the offset; CO_ETOOSLOW.
 */
CO_API int co_ftp_download_resume(co_ftp_transfer **ret, co_ftp_client *client, const char *path,
    uint64_t offset, co_text before) CO_MUST_USE;

/* How an upload begins. */
enum co_ftp_upload {
    CO_FTP_REPLACE,  /* STOR: the file is made, or replaced */
    CO_FTP_CONTINUE, /* REST and STOR: from the offset on; first look at co_ftp_size */
    CO_FTP_APPEND,   /* APPE: behind what is there */
};

/*
 * co_ftp_upload_open - begin to send a file.
 *
 * Suspends until the server has begun.
 * how, offset: bytes that are there already, with CO_FTP_CONTINUE; else 0.
 * Returns: as co_ftp_download_open; CO_EINVALID for another offset.
 */
CO_API int co_ftp_upload_open(co_ftp_transfer **ret, co_ftp_client *client, const char *path,
    enum co_ftp_upload how, uint64_t offset) CO_MUST_USE;

/*
 * co_ftp_transfer_size - how many bytes a download will bring, from its offset on. Of a whole file
 * that is written to meanwhile more may come.
 *
 * Does not suspend.
 * Returns: bytes; -1 when the server does not say.
 */
CO_API int64_t co_ftp_transfer_size(const co_ftp_transfer *transfer);

/*
 * co_ftp_transfer_read - read what has come of a download.
 *
 * Suspends until there is something.
 * ret_bytes: room for size bytes (size > 0).
 * Returns: a count; 0 at the end of what came, which co_ftp_transfer_finish judges; CO_ETOOSLOW,
 * CO_ETRUNCATED (TLS ended without its farewell), CO_EFTP (more than there is behind the offset),
 * else as co_read. Failures stay.
 */
CO_API ssize_t co_ftp_transfer_read(co_ftp_transfer *transfer, void *ret_bytes, size_t size);

/*
 * co_ftp_transfer_write - send bytes of an upload.
 *
 * Suspends while the server does not keep up.
 * Returns: 0; CO_ETOOSLOW, else as co_write. Failures stay.
 */
CO_API int co_ftp_transfer_write(co_ftp_transfer *transfer, const void *bytes, size_t size);

/*
 * co_ftp_transfer_finish - end a transfer and free it: the truth about it.
 *
 * Suspends until the server has confirmed it.
 * Returns: 0 only if the server said 226 or 250, TLS ended with its farewell, and the size is what
 * the server says of the file, where it says one and line ends were not converted. Else what
 * failed: CO_ESTATUS (the server's reply), CO_EEOF (fewer bytes than the file has, or a download
 * that was not read to its end), CO_EFTP (more), CO_ETRUNCATED, CO_ETOOSLOW, CO_EDEADLINE and as
 * co_ftp_transfer_read and _write; with detail for co_explain. What has come by then is the
 * caller's, to be resumed.
 */
CO_API int co_ftp_transfer_finish(co_ftp_transfer *transfer) CO_MUST_USE;

/*
 * co_ftp_transfer_abort - give a transfer up and free it; NULL is allowed.
 *
 * Does not suspend. The data connection is reset, so that no server
 * takes an upload for whole; its reply is waited for before the client's next command.
 */
CO_API void co_ftp_transfer_abort(co_ftp_transfer *transfer);

#ifdef __cplusplus
}
#endif
#endif
