/* SPDX-License-Identifier: MIT */
/*
 * A folder as an archive, made while it is sent: "?archive=tar", "tar.gz" or "zip".
 *
 * The walk is a loop over folders that are still to be read: one reader and one file are open at a
 * time, however deep it goes. What it finds, it finds as any request of this visitor would.
 */
#include "coding/archive.h"
#include "codec/url.h"
#include "codec/utf8.h"
#include "http/field.h"
#include "http/files.h"
#include "http/squeeze.h"

#include <errno.h>
#include <stdlib.h>

#define ARCHIVES_MAX 4          /* at once, of one thread: each may keep a pool thread busy */
#define RETRY_AFTER  "10"       /* seconds */
#define FOLDERS_MAX  (4u << 20) /* bytes of the paths of folders that are still to be read */
#define HEAD_MAX     8192

static const struct format {
    const char *name, *type;
    enum co_archive_kind kind;
    bool gzip;
} formats[] = {
    {"tar", "application/x-tar", CO_ARCHIVE_TAR, false},
    {"tar.gz", "application/gzip", CO_ARCHIVE_TAR, true},
    {"zip", "application/zip", CO_ARCHIVE_ZIP, false},
};

struct walk {
    struct co_http_visit *visit;
    const struct format *format;
    struct co_http_squeeze body; /* the archive's bytes gather in `in` */
    struct co_archive *archive;
    struct co_buf folders; /* paths in the tree, each behind a NUL; the last is read next */
    struct co_buf path;    /* of the folder that is read, in the tree; with a slash, or empty */
    struct co_buf entry;   /* the path of the entry at work, in the tree */
    struct co_buf name;    /* its name in the archive */
    size_t asked;          /* bytes of the asked folder's path in the tree */
    co_text top;           /* the asked folder's own name, in which all lies */
    co_text piece;         /* of a file: what a pool thread packs */
    char bytes[CO_HTTP_PIECE];
};

/* ---- a piece of the archive ----------------------------------------------------------------- */

static int pack(void *arg)
{
    struct walk *walk = arg;
    return co_archive_add(walk->archive, walk->piece, &walk->body.in);
}

/* Sends what has gathered, once that is a piece. */
static int flush(struct walk *walk)
{
    return co_http_squeeze_flush(&walk->body, false);
}

/* The file's bytes, as many as there were when it was opened: what is written to it meanwhile would
 * have no end. */
static int add_content(struct walk *walk, int fd, uint64_t size)
{
    int rc = 0;
    for (uint64_t offset = 0; rc == 0 && offset < size;) {
        uint64_t left = size - offset;
        ssize_t n = co_tree_read(
            fd, walk->bytes, left < sizeof walk->bytes ? (size_t)left : sizeof walk->bytes, offset);
        if (n <= 0)
            return (int)n;
        offset += (uint64_t)n;
        walk->piece = (co_text){walk->bytes, (size_t)n};
        rc = walk->format->kind == CO_ARCHIVE_ZIP ? co_block(pack, walk) : pack(walk);
        rc = rc < 0 ? rc : flush(walk);
    }
    return rc;
}

static bool is_utf8(co_text text)
{
    uint32_t code = 0;
    while (text.size > 0 && code != CO_UTF8_INVALID)
        text = co_text_after(text, co_utf8_next(text, &code));
    return code != CO_UTF8_INVALID;
}

/* Begins the entry that `name` names. */
static int begin_entry(struct walk *walk, const struct co_tree_stat *stat)
{
    co_text name = co_buf_text(&walk->name);
    const struct co_archive_entry entry = {
        .name = name,
        .size = stat->size,
        .modified = co_seconds_of_ns(stat->modified_ns),
        .mode = stat->mode,
        .is_folder = stat->kind == CO_TREE_FOLDER,
        .is_utf8 = is_utf8(name),
        .deflates = co_media_compressible(co_media_type(walk->visit->files->media, name)),
    };
    return walk->name.error ? walk->name.error
                            : co_archive_begin(walk->archive, &entry, &walk->body.in);
}

/* ---- the walk ------------------------------------------------------------------------------- */

/* Can the archive do without what failed so? It went away, or is not for this visitor or process;
 * but for want of memory or descriptors nothing may be missing. */
static bool is_left_out(int error)
{
    return error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -ENAMETOOLONG ||
           error == -EACCES || error == -EPERM;
}

static int add_file(struct walk *walk)
{
    int fd;
    struct co_tree_stat stat;
    int rc = co_tree_open_path(walk->visit->view->tree, co_buf_text(&walk->entry), &fd, &stat);
    if (rc < 0)
        return is_left_out(rc) ? 0 : rc;
    if (stat.kind == CO_TREE_FILE) { /* it may have become another since it was listed */
        rc = begin_entry(walk, &stat);
        rc = rc < 0 ? rc : add_content(walk, fd, stat.size);
        rc = rc < 0 ? rc : co_archive_end(walk->archive, &walk->body.in);
    }
    co_tree_close(fd);
    return rc;
}

static int add_folder(struct walk *walk, const struct co_tree_stat *stat)
{
    int rc = begin_entry(walk, stat);
    if (rc < 0)
        return rc;
    co_buf_add_char(&walk->folders, '\0');
    co_buf_add_text(&walk->folders, co_buf_text(&walk->entry));
    return walk->folders.error;
}

/* A link to a folder is left out: what it leads to has a place of its own in the tree, and may
 * contain the link. */
static int add_entry(struct walk *walk, const struct co_tree_entry *found)
{
    bool folder = found->stat.kind == CO_TREE_FOLDER;
    if (folder && found->is_link)
        return 0;
    co_buf_clear(&walk->entry);
    co_buf_add_text(&walk->entry, co_buf_text(&walk->path));
    co_buf_add_string(&walk->entry, found->name);
    if (walk->entry.error)
        return 0; /* longer than any request could ask for */
    co_buf_clear(&walk->name);
    co_buf_add_text(&walk->name, walk->top);
    co_buf_add_char(&walk->name, '/');
    co_buf_add_text(&walk->name, co_text_after(co_buf_text(&walk->entry), walk->asked));
    int rc = folder ? add_folder(walk, &found->stat) : add_file(walk);
    return rc < 0 ? rc : flush(walk);
}

static int add_all(struct walk *walk, struct co_tree_reader *reader)
{
    const struct co_tree_entry *entries;
    ssize_t n;
    while ((n = co_tree_reader_next(reader, &entries)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            int rc = add_entry(walk, &entries[i]);
            if (rc < 0)
                return rc;
        }
    }
    return (int)n;
}

/* Moves the last of the folders to `path`. False when there is none. */
static bool next_folder(struct walk *walk)
{
    struct co_buf *folders = &walk->folders;
    const char *last = folders->size ? memrchr(folders->at, '\0', folders->size) : NULL;
    if (!last)
        return false;
    size_t from = (size_t)(last - folders->at);
    co_buf_clear(&walk->path);
    co_buf_add_text(&walk->path, co_text_after(co_buf_text(folders), from + 1));
    co_buf_add_char(&walk->path, '/');
    folders->size = from;
    return true;
}

static int add_folders(struct walk *walk, struct co_tree_reader *first)
{
    int rc = add_all(walk, first);
    while (rc == 0 && next_folder(walk)) {
        struct co_tree_reader *reader;
        rc = co_tree_reader_open(&reader, walk->visit->view->tree, co_buf_text(&walk->path));
        if (rc == 0) {
            rc = add_all(walk, reader);
            co_tree_reader_close(reader);
        }
        rc = is_left_out(rc) ? 0 : rc;
    }
    return rc;
}

static int finish(struct walk *walk)
{
    int more;
    do {
        more = co_archive_finish(walk->archive, CO_HTTP_PIECE, &walk->body.in);
        int rc = more < 0 ? more : co_http_squeeze_flush(&walk->body, !more);
        if (rc < 0)
            return rc;
    } while (more);
    return 0;
}

static int walk_open(struct walk *walk)
{
    co_text path = co_http_visit_path(walk->visit, (co_text){0});
    walk->folders = CO_BUF(FOLDERS_MAX);
    walk->path = CO_BUF(CO_TREE_PATH_MAX + 1);
    walk->entry = CO_BUF(CO_TREE_PATH_MAX);
    walk->name = CO_BUF(2 * CO_TREE_PATH_MAX);
    walk->asked = path.size;
    co_buf_add_text(&walk->path, path);
    int rc = co_http_squeeze_open(&walk->body, walk->visit->request, walk->format->gzip);
    rc = rc < 0 ? rc : co_archive_new(&walk->archive, walk->format->kind);
    return rc < 0 ? rc : walk->path.error;
}

static void walk_close(struct walk *walk)
{
    co_archive_free(walk->archive);
    co_http_squeeze_close(&walk->body);
    co_buf_free(&walk->folders);
    co_buf_free(&walk->path);
    co_buf_free(&walk->entry);
    co_buf_free(&walk->name);
    free(walk);
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* The folder's own name; the root has none that visitors know. */
static co_text name_of(const struct co_http_visit *visit)
{
    co_text path = {visit->request->path.at, visit->from + visit->size};
    path.size -= path.size > 0; /* the slash at its end */
    const char *slash = path.size > 0 ? memrchr(path.at, '/', path.size) : NULL;
    co_text name = slash ? co_text_after(path, (size_t)(slash - path.at) + 1) : path;
    return name.size > 0 ? name : CO_TEXT("files");
}

/* RFC 6266: the name in plain characters for all, and as it is (RFC 8187) for those who know. */
static void add_disposition(struct co_buf *head, co_text name, const struct format *format)
{
    co_buf_add_string(head, "Content-Disposition: attachment; filename=\"");
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        co_buf_add_char(head, c < ' ' || c > '~' || strchr("\"\\%:*?<>|", c) ? '_' : c);
    }
    co_buf_addf(head, ".%s\"", format->name);
    if (is_utf8(name)) {
        co_buf_add_string(head, "; filename*=UTF-8''");
        co_url_encode(head, name, false);
        co_buf_addf(head, ".%s", format->name);
    }
    co_buf_add_string(head, "\r\n");
}

static int begin(struct co_http_visit *visit, const struct format *format)
{
    struct co_buf head = CO_BUF(HEAD_MAX + visit->files->fields.size);
    co_buf_add_string(&head, "HTTP/1.1 200 OK\r\n");
    co_http_line_add(&head, CO_TEXT("Content-Type"), co_text_of(format->type));
    add_disposition(&head, name_of(visit), format);
    if (!visit->files->cache_is_common)
        co_http_line_add(&head, CO_TEXT("Cache-Control"), CO_TEXT("no-cache"));
    co_buf_add_text(&head, co_buf_text(&visit->files->fields));
    int rc = head.error;
    if (rc == 0)
        rc = co_http_begin_prepared(visit->request, 200, co_buf_text(&head));
    co_buf_free(&head);
    return rc;
}

static int send_archive(
    struct co_http_visit *visit, const struct format *format, struct co_tree_reader *reader)
{
    int rc = begin(visit, format);
    if (rc < 0 || !co_http_reply_has_body(visit->request, 200))
        return rc;
    struct walk *walk = calloc(1, sizeof *walk);
    if (!walk)
        return -ENOMEM;
    walk->visit = visit;
    walk->format = format;
    walk->top = name_of(visit);
    rc = walk_open(walk);
    rc = rc < 0 ? rc : add_folders(walk, reader);
    rc = rc < 0 ? rc : finish(walk);
    walk_close(walk);
    return rc;
}

static int answer_busy(struct co_http_visit *visit)
{
    int rc = co_http_set(visit->request, "Retry-After", RETRY_AFTER);
    return rc < 0 ? rc : co_http_visit_error(visit, 503);
}

static int answer(struct co_http_visit *visit, const struct format *format)
{
    static const char key[] = "archives";
    struct co_tree_reader *reader;
    void *kept;
    int rc = co_http_shard_own(visit->request->shard, key, sizeof(unsigned), free, &kept);
    if (rc < 0)
        return rc;
    unsigned *count = kept; /* how many this thread is making */
    if (*count == ARCHIVES_MAX)
        return answer_busy(visit);
    ++*count;
    rc = co_tree_reader_open(&reader, visit->view->tree, co_http_visit_path(visit, (co_text){0}));
    if (rc == 0) {
        rc = co_http_visit_conditions(visit, NULL);
        if (rc == 1) {
            visit->request->sends_file = true;
            rc = send_archive(visit, format, reader);
        }
        co_tree_reader_close(reader);
    }
    --*count;
    return rc;
}

static const struct format *asked_format(const struct co_http_visit *visit)
{
    char text[8];
    if (CO_LIKELY(!visit->request->head.query.at) || !co_http_visit_is_folder(visit) ||
        co_http_query(visit->request, "archive", text, sizeof text) < 0)
        return NULL;
    for (size_t i = 0; i < CO_LENGTH(formats); i++)
        if (strcmp(text, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}

bool co_http_archive_asked(const struct co_http_visit *visit)
{
    return asked_format(visit) != NULL;
}

static bool has_archives(const struct co_http_visit *visit)
{
    const struct co_http_files_options *options = &visit->files->options;
    return options->archive && !options->no_listing;
}

static bool is_allowed(const struct co_http_visit *visit)
{
    const unsigned needed = CO_MAY_LIST | CO_MAY_READ;
    return (co_http_visit_rights(visit) & needed) == needed;
}

int co_http_archive_reply(struct co_http_visit *visit)
{
    int rc = !has_archives(visit) ? -ENOENT
             : !is_allowed(visit) ? -EPERM
                                  : answer(visit, asked_format(visit));
    if (rc == 0 || visit->request->reply_state != CO_HTTP_REPLY_NONE)
        return rc;
    return co_http_visit_failed(visit, rc);
}

/* "download" keeps the page while they come. */
void co_http_archive_links(const struct co_http_visit *visit, struct co_buf *out)
{
    if (!has_archives(visit) || !is_allowed(visit))
        return;
    co_buf_add_string(out, "<p>Download all:");
    for (size_t i = 0; i < CO_LENGTH(formats); i++)
        co_buf_addf(out, " <a rel=\"nofollow\" download href=\"./?archive=%s\">.%s</a>",
            formats[i].name, formats[i].name);
    co_buf_add_string(out, "</p>");
}
