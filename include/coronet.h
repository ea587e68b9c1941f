/* SPDX-License-Identifier: MIT */
/* Coronet: networking for C in straight-line code. Includes every public header. */
#ifndef CORONET_H
#define CORONET_H

#include "coronet/account.h"
#include "coronet/address.h"
#include "coronet/cookies.h"
#include "coronet/datagram.h"
#include "coronet/dial.h"
#include "coronet/error.h"
#include "coronet/fiber.h"
#include "coronet/ftp.h"
#include "coronet/ftp_client.h"
#include "coronet/ftp_entry.h"
#include "coronet/ftp_transfer.h"
#include "coronet/hsts.h"
#include "coronet/http.h"
#include "coronet/http_client.h"
#include "coronet/net.h"
#include "coronet/process.h"
#include "coronet/shard.h"
#include "coronet/stream.h"
#include "coronet/sync.h"
#include "coronet/text.h"
#include "coronet/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#endif
