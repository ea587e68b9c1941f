/* SPDX-License-Identifier: MIT */
/*
 * Which form of a file a request gets: as it is, the compressed sibling that lies beside it
 * (a.css.br), or compressed by us (RFC 9110 12.5.3).
 *
 * The file system is asked for one sibling at a time, the best that the client would take first,
 * and not twice for requests that came together.
 */
#include "coding/gzip.h"
#include "http/files.h"
#include "runtime/rt.h"

#include <errno.h>
#include <stdlib.h>

static int show_plain(
    struct co_http_visit *visit, struct co_tree_file *file, struct co_http_shown *ret)
{
    *ret = (struct co_http_shown){
        .form = co_http_form_of(visit, file, CO_HTTP_FORM_PLAIN, CO_CODING_IDENTITY),
        .file = file,
        .bytes = {file->bytes, file->stat.size},
        .size = file->stat.size,
        .ranges = true,
    };
    return ret->form ? 0 : -ENOMEM;
}

/* ---- siblings ----------------------------------------------------------------------------- */

/* Has the coding's sibling been looked for in vain since input last arrived? */
static bool is_absent(struct co_http_made *made, enum co_coding coding, uint64_t serial)
{
    if (made->absent_serial != serial) {
        made->absent_serial = serial;
        made->absent = 0;
    }
    return made->absent & coding;
}

/* A sibling that is older than its file was made of an older one; but brotli, and whatever else
 * copies times in seconds, gives it the file's time without the fraction, afterwards. */
static bool is_sibling(const struct co_tree_file *found, const struct co_tree_file *file)
{
    const struct co_tree_stat *its = &found->stat;
    int64_t modified_ns = file->stat.modified_ns;
    bool is_of_then = its->modified_ns == co_seconds_of_ns(modified_ns) * CO_SECOND &&
                      its->changed_ns >= modified_ns;
    return its->kind == CO_TREE_FILE && (its->modified_ns >= modified_ns || is_of_then);
}

/* 1: shown; 0: there is none; negative: the scope ended or memory did. */
static int show_sibling(struct co_http_visit *visit, struct co_tree_file *file,
    enum co_coding coding, struct co_http_shown *ret)
{
    struct co_http_made *made = file->made;
    uint64_t serial = visit->request->shard->rt->input_serial;
    struct co_tree_file *sibling;
    if (visit->files->options.no_precompressed || is_absent(made, coding, serial))
        return 0;
    co_text path = co_http_visit_path(visit, co_text_of(co_coding_suffix(coding)));
    int rc = path.at ? co_tree_cache_get(visit->cache, path, &sibling) : -ENAMETOOLONG;
    if (rc == CO_ECANCELED || rc == CO_EDEADLINE)
        return rc;
    if (rc == 0 && is_sibling(sibling, file)) {
        struct co_http_made *its = co_http_made_of(visit, sibling, path);
        *ret = (struct co_http_shown){
            .file = sibling,
            .bytes = {sibling->bytes, sibling->stat.size},
            .size = sibling->stat.size,
            .ranges = true,
            .borrowed = true,
        };
        if (its) {
            its->of_type = made->type;
            ret->form = co_http_form_of(visit, sibling, CO_HTTP_FORM_SIBLING, coding);
        }
        if (ret->form)
            return 1;
        co_tree_cache_release(visit->cache, sibling);
        return -ENOMEM;
    }
    if (rc == 0)
        co_tree_cache_release(visit->cache, sibling);
    made->absent |= coding;
    return 0;
}

/* ---- compressing --------------------------------------------------------------------------- */

struct job {
    co_text bytes;
    struct co_buf out;
};

static int compress(void *arg)
{
    struct job *job = arg;
    return co_gzip_all(job->bytes, CO_GZIP_GOOD, &job->out);
}

/* Makes the small file's compressed content, on a pool thread: it takes a millisecond. A file that
 * does not shrink by an eighth is not worth the client's trouble. */
static int make_deflated(struct co_tree_cache *cache, struct co_tree_file *file)
{
    struct co_http_made *made = file->made;
    size_t size = (size_t)file->stat.size;
    struct job job = {{file->bytes, size}, CO_BUF(size - size / 8)};
    int rc = co_block(compress, &job);
    if (rc == 0 && !made->deflated) { /* else another request was faster */
        char *fitted = realloc(job.out.at, job.out.size);
        made->deflated = fitted ? fitted : job.out.at;
        made->deflated_size = job.out.size;
        co_tree_cache_grow(cache, file, job.out.size);
        return 0;
    }
    co_buf_free(&job.out);
    if (rc == CO_ETOOBIG) {
        made->deflatable = false;
        rc = 0;
    }
    return rc;
}

/* As show_sibling. Whoever asks for ranges gets them, which only a content that stays has. */
static int show_deflated(
    struct co_http_visit *visit, struct co_tree_file *file, struct co_http_shown *ret)
{
    const struct co_http1_request *head = &visit->request->head;
    struct co_http_made *made = file->made;
    if (!made->deflatable || (head->range.at && head->method == CO_HTTP_GET))
        return 0;
    if (file->bytes && !made->deflated) {
        int rc = make_deflated(visit->cache, file);
        if (rc < 0 || !made->deflatable)
            return rc;
    }
    *ret = (struct co_http_shown){
        .form = co_http_form_of(visit, file, CO_HTTP_FORM_DEFLATED, CO_CODING_GZIP),
        .file = file,
        .bytes = {made->deflated, made->deflated_size},
        .size = made->deflated_size,
        .streamed = !made->deflated,
    };
    return ret->form ? 1 : -ENOMEM;
}

/* ---- the choice --------------------------------------------------------------------------- */

int co_http_file_choose(
    struct co_http_visit *visit, struct co_tree_file *file, struct co_http_shown *ret)
{
    const struct co_http1_request *head = &visit->request->head;
    unsigned left = CO_CODING_BR | CO_CODING_ZSTD | CO_CODING_GZIP | CO_CODING_IDENTITY;
    const struct co_http_made *made =
        co_http_made_of(visit, file, co_http_visit_path(visit, (co_text){0}));
    if (!made)
        return -ENOMEM;
    if (CO_LIKELY(!made->negotiable || !head->accept_encoding.at))
        return show_plain(visit, file, ret);
    for (;;) {
        enum co_coding coding = co_coding_choose(head, left);
        if (coding == CO_CODING_IDENTITY)
            return show_plain(visit, file, ret);
        int rc = show_sibling(visit, file, coding, ret);
        if (rc == 0 && coding == CO_CODING_GZIP)
            rc = show_deflated(visit, file, ret);
        if (rc != 0)
            return rc < 0 ? rc : 0;
        left &= ~(unsigned)coding;
    }
}
