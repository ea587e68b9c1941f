/* SPDX-License-Identifier: MIT */
/* What MODE Z does to a transfer. All but open and close are for one that is packed. */
#ifndef CO_FTP_MODE_H
#define CO_FTP_MODE_H

#include "ftp/session.h"

/* Whatever the mode is; transfer->packing is NULL in MODE S. 0 or -ENOMEM. */
int co_ftp_packing_open(struct co_ftp_job *transfer);
void co_ftp_packing_close(struct co_ftp_job *transfer);

/* Sends bytes, and in the end what is held back of them. Suspends. 0 or negative. */
int co_ftp_packing_send(struct co_ftp_job *transfer, co_text bytes);
int co_ftp_packing_send_end(struct co_ftp_job *transfer);

/* Takes what arrived, and stores what it stands for. Suspends. 0; -EBADMSG for what is no zlib
 * stream, or one that has not ended when the connection does; -EFBIG for one that grows beyond all
 * measure (attacks C05); what `store` returns. */
typedef int co_ftp_store(struct co_ftp_job *transfer, co_text bytes);
int co_ftp_packing_receive(struct co_ftp_job *transfer, co_text bytes, co_ftp_store *store);
int co_ftp_packing_receive_end(const struct co_ftp_job *transfer);

#endif
