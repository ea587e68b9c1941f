/* SPDX-License-Identifier: MIT */
#include "ftp/text.h"

void co_ftp_text_out(struct co_ftp_text *text, co_text bytes, struct co_buf *out)
{
    while (bytes.size > 0) {
        ssize_t feed = co_text_find(bytes, '\n');
        size_t size = feed < 0 ? bytes.size : (size_t)feed;
        co_buf_add(out, bytes.at, size);
        if (size > 0)
            text->after_cr = bytes.at[size - 1] == '\r';
        if (feed >= 0) {
            co_buf_add_string(out, text->after_cr ? "\n" : "\r\n");
            text->after_cr = false;
        }
        bytes = co_text_after(bytes, size + 1);
    }
}

uint64_t co_ftp_text_size(struct co_ftp_text *text, co_text bytes)
{
    uint64_t size = bytes.size;
    for (size_t i = 0; i < bytes.size; i++) {
        size += bytes.at[i] == '\n' && !text->after_cr;
        text->after_cr = bytes.at[i] == '\r';
    }
    return size;
}

void co_ftp_text_in(struct co_ftp_text *text, co_text bytes, struct co_buf *out)
{
    for (size_t i = 0; i < bytes.size; i++) {
        char c = bytes.at[i];
        if (text->after_cr && c != '\n')
            co_buf_add_char(out, '\r');
        text->after_cr = c == '\r';
        if (c != '\r')
            co_buf_add_char(out, c);
    }
}

void co_ftp_text_in_end(struct co_ftp_text *text, struct co_buf *out)
{
    if (text->after_cr)
        co_buf_add_char(out, '\r');
    text->after_cr = false;
}
