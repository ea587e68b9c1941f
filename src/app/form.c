/* SPDX-License-Identifier: MIT */
#include "app/form.h"

#include "codec/media.h"

#include <stdio.h>

int co_form_begin(struct co_form *form, struct co_buf *body, const uint64_t random[2])
{
    *form = (struct co_form){.body = body};
    snprintf(form->boundary, sizeof form->boundary, "coronet-%016llx%016llx",
        (unsigned long long)random[0], (unsigned long long)random[1]);
    snprintf(form->type, sizeof form->type, "multipart/form-data; boundary=%s", form->boundary);
    return co_media_new(&form->media, (co_text){0});
}

/* As the HTML standard writes it into a field (4.10.22.8). */
static void add_quoted(struct co_buf *body, co_text name)
{
    co_buf_add_char(body, '"');
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        if (c == '"' || c == '\r' || c == '\n')
            co_buf_addf(body, "%%%02X", (unsigned)c);
        else
            co_buf_add_char(body, c);
    }
    co_buf_add_char(body, '"');
}

static void add_boundary(struct co_form *form)
{
    co_buf_addf(form->body, "%s--%s", form->body->size > 0 ? "\r\n" : "", form->boundary);
}

void co_form_field(struct co_form *form, co_text name, const char *path)
{
    struct co_buf *body = form->body;
    add_boundary(form);
    co_buf_add_string(body, "\r\nContent-Disposition: form-data; name=");
    add_quoted(body, name);
    if (path) {
        const char *slash = strrchr(path, '/');
        co_text file = co_text_of(slash ? slash + 1 : path);
        co_buf_add_string(body, "; filename=");
        add_quoted(body, file);
        co_buf_add_string(body, "\r\nContent-Type: ");
        co_buf_add_text(body, co_media_type(form->media, file));
    }
    co_buf_add_string(body, "\r\n\r\n");
}

int co_form_end(struct co_form *form)
{
    add_boundary(form);
    co_buf_add_string(form->body, "--\r\n");
    co_media_free(form->media);
    return form->body->error;
}
