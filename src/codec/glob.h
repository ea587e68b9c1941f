/* SPDX-License-Identifier: MIT */
/*
 * Shell patterns for one name: '*', '?', "[a-z]", "[!a]" or "[^a]", "[[:digit:]]", '\' before any
 * of them. No braces, no '/', no recursion; time at most pattern times name (attacks F12). A
 * character is one of UTF-8, or a byte that is none; those beyond ASCII are of no class.
 */
#ifndef CO_CODEC_GLOB_H
#define CO_CODEC_GLOB_H

#include "base/base.h"

/* Does it have an unescaped '*', '?' or '['? */
bool co_glob_is_pattern(co_text text);

/*
 * A name that begins with a dot is matched only by a pattern that does, too. An unclosed '[' is a
 * plain one, a '\' at the end as well. In a set '\' escapes too, a ']' that comes first is a
 * member, and so is a '-' at either end.
 */
bool co_glob_match(co_text pattern, co_text name);

#endif
