/* SPDX-License-Identifier: MIT */
/* The options of `coronet get`. docs/man/coronet-get.1 explains each at length. */
#include "cmd/get.h"

#define AT(member) offsetof(struct co_get_command, member)

const struct co_option co_get_options_table[] = {
    {CO_OPTION_GROUP, .name = "Where to"},
    {CO_OPTION_TEXT, 'o', "output", "FILE", "name of the one file; - is standard output",
        AT(output), .is_file = true},
    {CO_OPTION_TEXT, 'P', "folder", "DIR", "where files go (the current directory)", AT(folder),
        .is_file = true},
    {CO_OPTION_FLAG, .name = "force", .help = "replace files that are there", .at = AT(force)},
    {CO_OPTION_FLAG, .name = "content-disposition",
        .help = "let the server name files, if the names are safe and new",
        .at = AT(content_disposition)},
    {CO_OPTION_FLAG, .name = "newer", .help = "only what is newer than the file that is here",
        .at = AT(newer)},
    {CO_OPTION_TEXT, .name = "checksum", .value = "KIND=HEX",
        .help = "of the one file: sha256, sha512, sha1 or md5", .at = AT(checksum)},
    {CO_OPTION_FLAG, .name = "no-sync", .help = "do not wait for the disk", .at = AT(no_sync)},

    {CO_OPTION_GROUP, .name = "What"},
    {CO_OPTION_TEXT, 'i', "input-file", "FILE", "URLs, one a line; - is standard input", AT(list),
        .is_file = true},
    {CO_OPTION_FLAG, 'c', "continue",
        .help = "go on with what an earlier run has left of the same version", .at = AT(resume)},
    {CO_OPTION_NUMBER, 's', "segments", "N", "parts of each file at once (1)", AT(segments),
        .min = 1, .max = 16},
    {CO_OPTION_FLAG, .name = "head", .help = "print the heads of the responses, by HEAD; no files",
        .at = AT(head)},
    {CO_OPTION_TEXT, .name = "method", .value = "METHOD", .help = "instead of GET",
        .at = AT(method)},
    {CO_OPTION_TEXT, .name = "data", .value = "TEXT|@FILE",
        .help = "send it, by POST; @- is standard input", .at = AT(data)},
    {CO_OPTION_LIST, .name = "form", .value = "NAME=TEXT|NAME=@FILE",
        .help = "a field of a form that is sent, by POST; repeatable", .at = AT(form)},
    {CO_OPTION_FLAG, .name = "compressed",
        .help = "ask for gzip, deflate, br or zstd, and decode it", .at = AT(compressed)},
    {CO_OPTION_FLAG, .name = "ascii", .help = "FTP: files are text, line ends are converted",
        .at = AT(ascii)},
    {.name = NULL},
};

const struct co_option co_get_limits_table[] = {
    {CO_OPTION_NUMBER, .name = "per-host", .value = "N",
        .help = "files at once of one host; 0: no limit (0)", .at = AT(per_host),
        .max = CO_PROGRESS_ROWS},
    {CO_OPTION_BYTES, .name = "max-size", .value = "BYTES",
        .help = "of a file; larger ones are refused; 0: any (0)", .at = AT(max_size)},
    {.name = NULL},
};

void co_get_defaults(void *settings)
{
    struct co_get_command *command = settings;
    co_transfer_defaults(&command->transfer);
    command->segments = 1;
}
