/* SPDX-License-Identifier: MIT */
#include "transfer/checksum.h"

#include "coronet/fiber.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE_BYTES 65536
#define SLICE_BYTES (4u << 20) /* some milliseconds: between two, a cancellation is heard */

/* ---- what is expected ------------------------------------------------------------------------ */

struct kind {
    co_text name;
    enum co_digest_kind kind;
    size_t digits;
};

static const struct kind kinds[] = {
    {CO_TEXT("sha256"), CO_DIGEST_SHA256, 64},
    {CO_TEXT("sha-256"), CO_DIGEST_SHA256, 64},
    {CO_TEXT("sha512"), CO_DIGEST_SHA512, 128},
    {CO_TEXT("sha-512"), CO_DIGEST_SHA512, 128},
    {CO_TEXT("sha1"), CO_DIGEST_SHA1, 40},
    {CO_TEXT("sha-1"), CO_DIGEST_SHA1, 40},
    {CO_TEXT("md5"), CO_DIGEST_MD5, 32},
};

static int take_digits(co_text digits, struct co_checksum *ret)
{
    for (size_t i = 0; i < digits.size; i++) {
        char c = co_lower(digits.at[i]);
        if (!co_is_digit(c) && (c < 'a' || c > 'f'))
            return CO_EINVALID;
        ret->digits[i] = c;
    }
    ret->size = digits.size;
    return 0;
}

int co_checksum_read(co_text text, struct co_checksum *ret)
{
    ssize_t equals = co_text_find(text, '=');
    co_text name = {text.at, equals < 0 ? 0 : (size_t)equals};
    co_text digits = co_text_after(text, name.size + 1);
    for (size_t i = 0; i < CO_LENGTH(kinds); i++)
        if (co_text_equal_nocase(name, kinds[i].name) && digits.size == kinds[i].digits) {
            ret->kind = kinds[i].kind;
            return take_digits(digits, ret);
        }
    return CO_EINVALID;
}

/* ---- what is there --------------------------------------------------------------------------- */

struct reading {
    const struct co_upload *file;
    uint64_t at, end;
    struct co_digest *digest;
    char *piece;
};

static int read_piece(struct reading *reading)
{
    uint64_t left = reading->end - reading->at;
    size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
    ssize_t n = co_upload_read_at(reading->file, reading->piece, size, reading->at);
    if (n <= 0)
        return n < 0 ? (int)n : CO_EEOF;
    reading->at += (uint64_t)n;
    return co_digest_step(reading->digest, (co_text){reading->piece, (size_t)n});
}

/* On a pool thread. */
static int read_slice(void *arg)
{
    struct reading *reading = arg;
    uint64_t start = reading->at;
    int rc = 0;
    while (rc == 0 && reading->at < reading->end && reading->at - start < SLICE_BYTES)
        rc = read_piece(reading);
    return rc;
}

static int read_all(struct reading *reading, struct co_buf *digits)
{
    int rc = 0;
    while (rc == 0 && reading->at < reading->end)
        rc = co_block(read_slice, reading);
    return rc < 0 ? rc : co_digest_end(reading->digest, digits);
}

int co_checksum_digest(enum co_digest_kind kind, const struct co_upload *file,
    const uint64_t span[2], struct co_buf *out)
{
    struct reading reading = {
        .file = file, .at = span[0], .end = span[1], .piece = malloc(PIECE_BYTES)};
    int rc = reading.piece ? co_digest_new(&reading.digest, kind) : -ENOMEM;
    if (rc == 0)
        rc = read_all(&reading, out);
    co_digest_free(reading.digest);
    free(reading.piece);
    return rc;
}

int co_checksum_verify(const struct co_checksum *checksum, const struct co_upload *file)
{
    struct co_buf digits = CO_BUF(CO_CHECKSUM_DIGITS_MAX + 1); /* and printf's NUL */
    int rc = co_checksum_digest(
        checksum->kind, file, (const uint64_t[2]){0, co_upload_size(file)}, &digits);
    if (rc == 0 &&
        !co_text_equal(co_buf_text(&digits), (co_text){checksum->digits, checksum->size}))
        rc = co_fail(CO_ECHECKSUM, "the file is another: its %s is %.*s",
            co_digest_name(checksum->kind), CO_TEXT_PRINT(co_buf_text(&digits)));
    co_buf_free(&digits);
    return rc;
}
