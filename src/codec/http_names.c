/* SPDX-License-Identifier: MIT */
/* The registered names that we know: methods (RFC 9110 9, RFC 5789, RFC 4918) and statuses. */
#include "codec/http1.h"

static const co_text methods[] = {
    [CO_HTTP_OTHER] = {NULL, 0},
    [CO_HTTP_GET] = {"GET", 3},
    [CO_HTTP_HEAD] = {"HEAD", 4},
    [CO_HTTP_POST] = {"POST", 4},
    [CO_HTTP_PUT] = {"PUT", 3},
    [CO_HTTP_DELETE] = {"DELETE", 6},
    [CO_HTTP_OPTIONS] = {"OPTIONS", 7},
    [CO_HTTP_PATCH] = {"PATCH", 5},
    [CO_HTTP_CONNECT] = {"CONNECT", 7},
    [CO_HTTP_TRACE] = {"TRACE", 5},
    [CO_HTTP_MKCOL] = {"MKCOL", 5},
    [CO_HTTP_MOVE] = {"MOVE", 4},
    [CO_HTTP_COPY] = {"COPY", 4},
    [CO_HTTP_PROPFIND] = {"PROPFIND", 8},
};

enum co_http_method co_http_method_of(co_text token)
{
    for (enum co_http_method method = CO_HTTP_GET; method < CO_LENGTH(methods); method++)
        if (co_text_equal(token, methods[method]))
            return method;
    return CO_HTTP_OTHER;
}

const char *co_http_method_name(enum co_http_method method)
{
    return method == CO_HTTP_OTHER ? "OTHER" : methods[method].at;
}

/* The IANA registry's phrases by status. */
static const char *const reasons[] = {
    [100] = "Continue",
    [101] = "Switching Protocols",
    [102] = "Processing",
    [103] = "Early Hints",
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [203] = "Non-Authoritative Information",
    [204] = "No Content",
    [205] = "Reset Content",
    [206] = "Partial Content",
    [207] = "Multi-Status",
    [208] = "Already Reported",
    [226] = "IM Used",
    [300] = "Multiple Choices",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [305] = "Use Proxy",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [402] = "Payment Required",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [406] = "Not Acceptable",
    [407] = "Proxy Authentication Required",
    [408] = "Request Timeout",
    [409] = "Conflict",
    [410] = "Gone",
    [411] = "Length Required",
    [412] = "Precondition Failed",
    [413] = "Content Too Large",
    [414] = "URI Too Long",
    [415] = "Unsupported Media Type",
    [416] = "Range Not Satisfiable",
    [417] = "Expectation Failed",
    [421] = "Misdirected Request",
    [422] = "Unprocessable Content",
    [423] = "Locked",
    [424] = "Failed Dependency",
    [425] = "Too Early",
    [426] = "Upgrade Required",
    [428] = "Precondition Required",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [451] = "Unavailable For Legal Reasons",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
    [506] = "Variant Also Negotiates",
    [507] = "Insufficient Storage",
    [508] = "Loop Detected",
    [511] = "Network Authentication Required",
};

const char *co_http_reason(int status)
{
    if (status < 0 || (size_t)status >= CO_LENGTH(reasons) || !reasons[status])
        return "Unknown";
    return reasons[status];
}

bool co_http_is_idempotent(enum co_http_method method)
{
    return method == CO_HTTP_GET || method == CO_HTTP_HEAD || method == CO_HTTP_PUT ||
           method == CO_HTTP_DELETE || method == CO_HTTP_OPTIONS || method == CO_HTTP_TRACE ||
           method == CO_HTTP_PROPFIND;
}
