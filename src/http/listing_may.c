/* SPDX-License-Identifier: MIT */
/* What the listing page has for those who may write, and a word for those who may not. */
#include "http/listing.h"
#include "http/listing_style.h"

#define WRITES (CO_MAY_ADD | CO_MAY_CHANGE)

bool co_http_listing_tells(const struct co_http_listing *listing)
{
    return listing->files->is_writable || listing->files->options.authenticate;
}

bool co_http_listing_uploads(const struct co_http_listing *listing)
{
    return co_http_visit_rights(listing->visit) & CO_MAY_ADD;
}

bool co_http_listing_writes(const struct co_http_listing *listing)
{
    return co_http_visit_rights(listing->visit) & WRITES;
}

/* ---- a word ---------------------------------------------------------------------------------- */

static const char *what_they_may(unsigned rights)
{
    switch (rights & WRITES) {
    case WRITES: return "You may upload, replace, rename and delete.";
    case CO_MAY_ADD: return "You may upload; nothing can be replaced.";
    case CO_MAY_CHANGE: return "You may replace, rename and delete; nothing can be added.";
    default: return rights & CO_MAY_READ ? "You may read." : "You may see what there is.";
    }
}

/* How to get more rights, for those who can. The browser sends the password along for what lies
 * below the place that asked for it, so that is the served folder. */
static void add_login(struct co_buf *out, const struct co_http_listing *listing)
{
    const struct co_http_visit *visit = listing->visit;
    unsigned rights = co_http_visit_rights(visit);
    unsigned more = visit->files->options.rights_max & ~rights;
    if (!co_http_visit_login_helps(visit))
        return;
    if (!co_http_visit_is_private(visit)) {
        co_buf_addf(out, " Logging in is possible over TLS%s.",
            visit->files->options.require_tls ? "" : ", or from the server's own machine");
        return;
    }
    co_buf_add_string(out, " <a rel=\"nofollow\" href=\"./");
    co_http_listing_up(out, co_http_listing_levels(listing));
    co_buf_add_string(out, "?login\">Log in</a>");
    co_buf_add_string(out, more & CO_MAY_ADD      ? " to upload."
                           : more & CO_MAY_LIST   ? " to see what is here."
                           : more & CO_MAY_CHANGE ? " to rename and delete."
                                                  : " to read.");
}

static void add_word(struct co_buf *out, const struct co_http_listing *listing)
{
    const struct co_http_visit *visit = listing->visit;
    co_buf_add_string(out, "<p>");
    if (visit->is_known) {
        co_buf_add_string(out, "Logged in as <b>");
        co_http_listing_name(out, co_buf_text(&visit->request->user));
        co_buf_add_string(out, "</b>. ");
    }
    co_buf_add_string(out, what_they_may(co_http_visit_rights(visit)));
    add_login(out, listing);
    co_buf_add_string(out, "</p>\n");
}

/* Whoever sees no names would not see that a form has arrived, which sends its browser here (see
 * form.c). */
static void add_uploaded(struct co_buf *out, const struct co_http_listing *listing)
{
    char count[8];
    uint64_t files;
    if (!listing->is_box ||
        co_http_query(listing->visit->request, "uploaded", count, sizeof count) < 0 ||
        co_text_number(co_text_of(count), UINT32_MAX, &files) < 0)
        return;
    co_buf_addf(out, "<p role=\"status\"><b>%u file%s uploaded.</b></p>\n", (unsigned)files,
        files == 1 ? "" : "s");
}

/* ---- what they do it with -------------------------------------------------------------------- */

/* It works without a script, which shows the buttons that are hidden. */
static void add_form(struct co_buf *out)
{
    co_buf_add_string(out,
        "<form method=\"post\" enctype=\"multipart/form-data\">"
        "<input type=\"file\" name=\"file\" multiple required aria-label=\"Files\">"
        "<button>Upload</button>"
        "<button type=\"button\" id=\"walk\" hidden>Upload folder</button>"
        "<button type=\"button\" id=\"make\" hidden>New folder</button></form>\n");
}

void co_http_listing_may(struct co_buf *out, const struct co_http_listing *listing)
{
    if (!co_http_listing_tells(listing))
        return;
    co_buf_add_string(out, "<section class=\"may\" aria-label=\"What you may do\">\n");
    add_word(out, listing);
    add_uploaded(out, listing);
    if (co_http_listing_uploads(listing))
        add_form(out);
    if (co_http_listing_writes(listing))
        co_buf_add_string(out, "<p id=\"note\" role=\"status\" hidden></p>"
                               "<progress id=\"bar\" aria-label=\"Upload\" hidden></progress>\n");
    co_buf_add_string(out, "</section>\n");
}

void co_http_listing_script(struct co_buf *out, const struct co_http_listing *listing)
{
    if (!co_http_listing_writes(listing))
        return;
    if (co_http_visit_rights(listing->visit) & CO_MAY_CHANGE && !listing->is_box)
        co_buf_add_string(out, co_http_page_tools);
    co_buf_add_string(out, "<script nonce=\"");
    co_buf_add(out, listing->nonce, sizeof listing->nonce);
    co_buf_add_string(out, "\">\n");
    co_buf_add_string(out, co_http_page_script);
    co_buf_add_string(out, "</script>\n");
}
