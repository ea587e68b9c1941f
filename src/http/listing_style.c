/* SPDX-License-Identifier: MIT */
#include "http/listing_style.h"

/* The icon of a browser's tab is a crown; it is written out since nothing may be loaded. */
const char co_http_page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<link rel=\"icon\" href=\"data:image/svg+xml,"
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath fill='%23d99a2b' d='M1.5 4.5l3.6 3L8 2.5l2.9 5 3.6-3-1.3 8.5H2.8z'/%3E"
    "%3C/svg%3E\">\n";

const char co_http_page_style[] =
    ":root{color-scheme:light dark;"
    "--back:#f4f5f7;--card:#fff;--ink:#1d2229;--soft:#5c6673;--line:#e6e9ee;--hover:#f1f5fc;"
    "--link:#1f4f9e;--focus:#3b74d9;"
    "--folder:#d08f22;--image:#2a8f6d;--media:#8e4bbd;--archive:#a8632f;--code:#3568c4;"
    "--document:#c2453d;--plain:#7b8694}\n"
    "@media (prefers-color-scheme:dark){:root{"
    "--back:#14171c;--card:#1c2027;--ink:#e3e7ed;--soft:#98a2b0;--line:#2b313b;--hover:#252b35;"
    "--link:#9dc0ff;--focus:#78a6f5;"
    "--folder:#e6b04e;--image:#5fc6a0;--media:#c490ea;--archive:#d89a68;--code:#86aef2;"
    "--document:#ee8a82;--plain:#95a0ae}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:62rem;padding:1.75rem 1.25rem 2rem;background:var(--back);"
    "color:var(--ink);font:1rem/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
    "'Liberation Sans',sans-serif;-webkit-text-size-adjust:100%}\n"
    "a{color:inherit;text-decoration:none}\n"
    "a:hover span,nav a:hover{text-decoration:underline;text-underline-offset:.18em}\n"
    "a:focus-visible{outline:2px solid var(--focus);outline-offset:-2px;border-radius:6px}\n"
    "svg{flex:none;width:1.25rem;height:1.25rem}\n"
    ".sprite{display:none}\n"
    ".folder{color:var(--folder)}.image{color:var(--image)}.media{color:var(--media)}"
    ".archive{color:var(--archive)}.code{color:var(--code)}.document{color:var(--document)}"
    ".text,.file,.up{color:var(--plain)}\n"
    /* the path */
    "header{display:flex;align-items:flex-start;gap:.7rem;margin:0 .35rem 1.1rem}\n"
    "header svg{width:1.75rem;height:1.75rem;margin-top:.12rem}\n"
    "h1{margin:0;min-width:0;font-size:1.4rem;font-weight:400;line-height:1.4}\n"
    "ol{display:flex;flex-wrap:wrap;margin:0;padding:0;list-style:none}\n"
    "li{min-width:0;overflow-wrap:anywhere;white-space:pre-wrap}\n"
    "li+li::before{content:'/';margin:0 .4em;color:var(--soft);opacity:.6}\n"
    "li a{color:var(--link)}\n"
    "li[aria-current]{font-weight:650}\n"
    /* the table */
    "main{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:clip;"
    "box-shadow:0 1px 2px #0000000a,0 6px 24px #0000000a}\n"
    "table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "thead{position:sticky;top:0;background:var(--card)}\n"
    "th{padding:0;text-align:left;font-size:.82rem;font-weight:600;color:var(--soft);"
    "border-bottom:1px solid var(--line);white-space:nowrap}\n"
    "th.name{width:100%}\n"
    "th a{display:block;padding:.65rem 1rem}\n"
    "th a:hover{color:var(--ink)}\n"
    "th[aria-sort]{color:var(--ink)}\n"
    "th[aria-sort] a::after{content:'\\2191';margin-left:.35em;color:var(--focus)}\n"
    "th[aria-sort=descending] a::after{content:'\\2193'}\n"
    "td{padding:0 1rem;white-space:nowrap;color:var(--soft);font-size:.9rem}\n"
    "tbody tr+tr td{border-top:1px solid var(--line)}\n"
    "tbody tr:hover{background:var(--hover)}\n"
    "td:first-child{width:100%;padding:0;white-space:normal;color:var(--ink);font-size:1rem}\n"
    "td a{display:flex;align-items:center;gap:.7rem;padding:.5rem 1rem}\n"
    "td span,li{unicode-bidi:isolate}\n"
    "td span{min-width:0;overflow-wrap:anywhere;white-space:pre-wrap}\n"
    "td:nth-child(2),th.size{text-align:right}\n"
    "i{font-style:normal;opacity:.9}\n"
    ".parent span{color:var(--soft)}\n"
    ".empty td:first-child{padding:2.75rem 1rem;text-align:center;color:var(--soft)}\n"
    ".empty:hover{background:none}\n"
    ".box{padding:2.75rem 1rem;text-align:center;color:var(--soft)}\n"
    "footer{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 2rem;"
    "margin:.9rem .5rem 0;color:var(--soft);font-size:.82rem}\n"
    "p{margin:0}\n"
    /* a phone: size and date in a second line beneath the name */
    "@media (max-width:36rem){"
    "body{padding:1rem .6rem 1.5rem}h1{font-size:1.2rem}header svg{width:1.5rem;height:1.5rem}"
    "thead tr{display:flex}th.name{flex:1}th a{padding:.65rem .8rem}"
    "tbody tr{display:grid;grid-template-columns:auto 1fr;column-gap:.9rem;"
    "padding:.55rem .8rem .5rem 2.75rem}"
    "tbody tr+tr{border-top:1px solid var(--line)}tbody tr+tr td{border:0}"
    "td{padding:0;font-size:.8rem}td:first-child{grid-column:1/-1}td:empty{display:none}"
    "td a{padding:0;margin-left:-1.95rem}"
    ".parent,.empty{padding-block:.75rem!important}.empty{padding-left:.8rem!important}"
    "}\n"
    "@media "
    "print{.may{display:none}body{max-width:none;padding:0;background:none}main{border:0;box-"
    "shadow:none}"
    "thead{position:static}svg{display:none}td a{padding:.15rem 0}tr{break-inside:avoid}}\n";

const char co_http_page_style_may[] =
    ".may{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;"
    "gap:.6rem 1.5rem;margin:0 .35rem 1.1rem;font-size:.9rem;color:var(--soft)}\n"
    ".may p{min-width:0;overflow-wrap:anywhere}\n"
    ".may b{color:var(--ink);font-weight:600;unicode-bidi:isolate}\n"
    ".may a{color:var(--link);text-decoration:underline;text-underline-offset:.18em}\n"
    "form{display:flex;flex-wrap:wrap;align-items:center;gap:.6rem;min-width:0}\n"
    "input{font:inherit;color:inherit;min-width:0;max-width:100%}\n"
    "button,::file-selector-button{font:inherit;padding:.3rem .85rem;border-radius:8px;"
    "border:1px solid var(--line);background:var(--card);color:var(--ink);cursor:pointer}\n"
    "::file-selector-button{margin-right:.7rem}\n"
    "button:hover,::file-selector-button:hover{background:var(--hover)}\n"
    "button:focus-visible,input:focus-visible{outline:2px solid var(--focus);border-radius:8px}\n"
    "progress{width:100%;height:.5rem;accent-color:var(--focus)}#note{width:100%}\n"
    ".over main{outline:2px dashed var(--focus);outline-offset:3px}\n"
    ".tools{padding:0 .6rem 0 0}.tools button{border:0;background:none;padding:.3rem;"
    "color:var(--soft);line-height:0}\n"
    ".tools button:hover{color:var(--focus)}.tools svg{width:1.1rem;height:1.1rem}\n"
    "form button:not([type]){background:var(--link);border-color:var(--link);color:var(--card)}\n"
    "form button:not([type]):hover{background:var(--link);filter:brightness(1.1)}\n"
    "@media (max-width:36rem){tr:has(.tools){grid-template-columns:auto 1fr auto}tr:has(.tools) "
    "td:first-child{"
    "grid-column:1/3}td.tools{grid-column:3;grid-row:1/3;align-self:center}}\n"
    "@media print{.may,.tools{display:none}}\n";

/* Sixteen units square, drawn in the colour of their class. */
#define ICON(name, drawing)                                                                        \
 "<symbol id=\"" name "\" viewBox=\"0 0 16 16\" fill=\"none\" stroke=\"currentColor\" "            \
 "stroke-width=\"1.2\" stroke-linecap=\"round\" stroke-linejoin=\"round\">" drawing "</symbol>\n"
#define SHAPE(path) "<path d=\"" path "\"/>"
#define SOLID(path) "<path fill=\"currentColor\" stroke=\"none\" d=\"" path "\"/>"
#define FAINT(path)                                                                                \
 "<path fill=\"currentColor\" fill-opacity=\".14\" stroke=\"none\" d=\"" path "\"/>"

/* A sheet of paper with a folded corner, and a frame. */
#define SHEET_OUTLINE                                                                              \
 "M4.5 1.6h4.8l3.6 3.6v7.7a1.5 1.5 0 0 1-1.5 1.5H4.6a1.5 1.5 0 0 1-1.5-1.5V3.1a1.5 1.5 0 0 1 "     \
 "1.4-1.5z"
#define SHEET FAINT(SHEET_OUTLINE) SHAPE(SHEET_OUTLINE "M9.3 1.6v3.6h3.6")
#define FRAME_OUTLINE                                                                              \
 "M3 2.6h10a1.4 1.4 0 0 1 1.4 1.4v8a1.4 1.4 0 0 1-1.4 1.4H3A1.4 1.4 0 0 1 1.6 "                    \
 "12V4A1.4 1.4 0 0 1 3 2.6z"
#define FRAME FAINT(FRAME_OUTLINE) SHAPE(FRAME_OUTLINE)

const char co_http_page_icons[] =
    "<body>\n<svg class=\"sprite\" aria-hidden=\"true\">\n" ICON("folder",
        "<path fill=\"currentColor\" fill-opacity=\".6\" stroke=\"none\" "
        "d=\"M1.2 4a1.5 1.5 0 0 1 1.5-1.5h3.1a1.5 1.5 0 0 1 1.1.4L8 4h5.3a1.5 1.5 0 0 1 1.5 "
        "1.5V9H1.2z\"/>" SOLID("M1.2 6.2h13.6V12a1.5 1.5 0 0 1-1.5 1.5H2.7A1.5 1.5 0 0 1 1.2 12z"))
        ICON("file", SHEET) ICON("text", SHEET SHAPE("M5.6 8h4.8M5.6 10h4.8M5.6 12h2.8"))
            ICON("code", SHEET SHAPE("M6.8 8.2L5.2 9.9l1.6 1.7M9.2 8.2l1.6 1.7-1.6 1.7")) ICON(
                "document", SHEET SOLID("M5.3 8h5.4v4.2H5.3z")) ICON("image",
                FRAME SHAPE("M1.8 11.4l3.4-3.5 2.6 2.6 2-1.9 4.4 3.9")
                    SOLID("M10.8 4.6a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2z")) ICON("media",
                FRAME SOLID("M6.5 5.5l4.4 2.5-4.4 2.5z")) ICON("archive",
                FAINT("M2.4 5.6h11.2v7.2a1.4 1.4 0 0 1-1.4 1.4H3.8a1.4 1.4 0 0 1-1.4-1.4z") SHAPE(
                    "M1.6 2.4h12.8v3.2H1.6zM2.4 5.6v7.2a1.4 1.4 0 0 0 1.4 1.4h8.4a1.4 1.4 0 0 0 "
                    "1.4-1.4V5.6M6.4 8.4h3.2"))
                ICON("up", SHAPE("M8 13V3.4M4.2 7.2L8 3.4l3.8 3.8")) "</svg>\n";

/* ---- which icon a type has ------------------------------------------------------------------ */

struct icon_rule {
    const char *prefix; /* of the media type */
    const char *icon;
};

const char *co_http_page_icon(co_text type)
{
    static const struct icon_rule rules[] = {
        /* the first that fits */
        {"image/", "image"},
        {"audio/", "media"},
        {"video/", "media"},
        {"text/plain", "text"},
        {"text/markdown", "text"},
        {"text/csv", "text"},
        {"text/", "code"},
        {"application/json", "code"},
        {"application/javascript", "code"},
        {"application/xml", "code"},
        {"application/xhtml", "code"},
        {"application/x-sh", "code"},
        {"application/x-httpd-php", "code"},
        {"application/wasm", "code"},
        {"application/pdf", "document"},
        {"application/postscript", "document"},
        {"application/rtf", "document"},
        {"application/epub", "document"},
        {"application/msword", "document"},
        {"application/vnd.ms-", "document"},
        {"application/vnd.oasis.", "document"},
        {"application/vnd.openxmlformats", "document"},
        {"application/zip", "archive"},
        {"application/gzip", "archive"},
        {"application/zstd", "archive"},
        {"application/java-archive", "archive"},
        {"application/vnd.debian", "archive"},
        {"application/x-tar", "archive"},
        {"application/x-xz", "archive"},
        {"application/x-bzip", "archive"},
        {"application/x-7z", "archive"},
        {"application/x-gtar", "archive"},
        {"application/x-rar", "archive"},
        {"application/vnd.rar", "archive"},
        {"application/x-cpio", "archive"},
        {"application/x-iso", "archive"},
    };
    for (size_t i = 0; i < CO_LENGTH(rules); i++)
        if (co_text_starts(type, co_text_of(rules[i].prefix)))
            return rules[i].icon;
    return "file";
}
