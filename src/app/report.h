/* SPDX-License-Identifier: MIT */
#ifndef CO_APP_REPORT_H
#define CO_APP_REPORT_H

#include "base/buf.h"
#include "transfer/insist.h"

/* How a file ended, as one line of JSON. */
struct co_report {
    const char *kind; /* what it is called by: "url", "path" */
    const char *what; /* that; a URL's user and password are not shown */
    int rc;
    int code; /* what a failure means to the shell */
    const struct co_transfer_result *result;
};

/* Appends the line, as docs/man/coronet-get.1 has it. */
void co_report_add(struct co_buf *out, const struct co_report *report);

#endif
