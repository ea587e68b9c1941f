/* SPDX-License-Identifier: MIT */
#include "cmd/read.h"

#include "app/log.h"
#include "cmd/exit.h"
#include "cmd/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PIECE_BYTES 1024 /* read at once, on the stack */

static int read_stream(FILE *file, struct co_buf *out)
{
    char piece[PIECE_BYTES];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, file)) > 0)
        co_buf_add(out, piece, n);
    return ferror(file) ? -EIO : out->error;
}

int co_read_file(const char *path, struct co_buf *out)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    int rc = file ? read_stream(file, out) : -errno;
    if (file && file != stdin)
        fclose(file);
    if (rc < 0) {
        co_error("cannot read %s: %s", path, co_explain(rc));
        return CO_EXIT_FILE;
    }
    return 0;
}
