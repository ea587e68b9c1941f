/* SPDX-License-Identifier: MIT */
#ifndef CO_NET_FAIL_H
#define CO_NET_FAIL_H

/* Records "cannot WHAT WHERE: why HINT" for co_explain and returns the code. why: NULL: the code's
 * own sentence, and never what the fiber remembers of an earlier failure. */
int co_fail_at(int code, const char *what, const char *where, const char *why, const char *hint);

#endif
