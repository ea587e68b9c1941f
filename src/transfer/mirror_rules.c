/* SPDX-License-Identifier: MIT */
#include "codec/glob.h"
#include "transfer/mirror.h"

/* The part before the first slash; *text goes on behind it. */
static co_text cut_name(co_text *text)
{
    ssize_t slash = co_text_find(*text, '/');
    co_text name = {text->at, slash < 0 ? text->size : (size_t)slash};
    *text = co_text_after(*text, name.size + (slash >= 0));
    return name;
}

/* Name by name: no pattern matches a slash. */
static bool path_matches(co_text pattern, co_text path)
{
    while (pattern.size > 0 && path.size > 0)
        if (!co_glob_match(cut_name(&pattern), cut_name(&path)))
            return false;
    return pattern.size == 0 && path.size == 0;
}

static co_text last_name(co_text path)
{
    co_text name = path;
    while (path.size > 0)
        name = cut_name(&path);
    return name;
}

/* A slash at the pattern's end says that folders are meant, and nothing of where they lie. */
static bool matches_one(co_text pattern, co_text path, bool is_folder)
{
    if (pattern.size > 1 && pattern.at[pattern.size - 1] == '/') {
        if (!is_folder)
            return false;
        pattern.size--;
    }
    bool whole = co_text_find(pattern, '/') >= 0;
    if (whole && pattern.at[0] == '/')
        pattern = co_text_after(pattern, 1);
    return whole ? path_matches(pattern, path) : co_glob_match(pattern, last_name(path));
}

static bool matches(const char *const *patterns, co_text path, bool is_folder)
{
    for (; patterns && *patterns; patterns++)
        if (matches_one(co_text_of(*patterns), path, is_folder))
            return true;
    return false;
}

bool co_mirror_takes(const struct co_mirror_rules *rules, co_text path, bool is_folder)
{
    if (matches(rules->includes, path, is_folder))
        return true;
    if (rules->excludes && *rules->excludes)
        return !matches(rules->excludes, path, is_folder);
    return is_folder || !rules->includes || !*rules->includes;
}
