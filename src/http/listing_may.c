/* SPDX-License-Identifier: MIT */
/* What the listing page has for those who may write, and a word for those who may not. */
#include "http/listing.h"

#define WRITES (CO_MAY_ADD | CO_MAY_CHANGE)

bool co_http_listing_uploads(const struct co_http_listing *listing)
{
    return co_http_visit_rights(listing->visit) & CO_MAY_ADD;
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
        co_buf_add_string(
            out, " Logging in is possible over TLS, or from the server's own machine.");
        return;
    }
    co_buf_add_string(out, " <a rel=\"nofollow\" href=\"./");
    co_http_listing_up(out, co_http_listing_levels(listing));
    co_buf_add_string(out, "?login\">Log in</a>");
    co_buf_add_string(out, more & CO_MAY_ADD      ? " to upload."
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

/* ---- all of it ------------------------------------------------------------------------------- */

void co_http_listing_may(struct co_buf *out, const struct co_http_listing *listing)
{
    const struct co_http_files *files = listing->files;
    if (!files->is_writable && !files->options.authenticate)
        return;
    co_buf_add_string(out, "<section class=\"may\" aria-label=\"What you may do\">\n");
    add_word(out, listing);
    if (co_http_listing_uploads(listing))
        co_buf_add_string(out,
            "<form method=\"post\" enctype=\"multipart/form-data\">"
            "<input type=\"file\" name=\"file\" multiple required aria-label=\"Files\">"
            "<button>Upload</button></form>\n");
    co_buf_add_string(out, "</section>\n");
}
