/* SPDX-License-Identifier: MIT */
#ifndef CO_APP_TYPED_URL_H
#define CO_APP_TYPED_URL_H

/* What somebody has typed as a URL, to be freed. 0; -ENOMEM; CO_EINVALID, and
 * *ret_why says why, in words that follow "URL: ". */
int co_typed_url(const char *typed, char **ret, const char **ret_why);

#endif
