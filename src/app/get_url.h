/* SPDX-License-Identifier: MIT */
#ifndef CO_APP_GET_URL_H
#define CO_APP_GET_URL_H

/* What somebody has typed as a URL for co_get_settings, to be freed. 0; -ENOMEM; CO_EINVALID, and
 * *ret_why says why, in words that follow "URL: ". */
int co_get_url(const char *typed, char **ret, const char **ret_why);

#endif
