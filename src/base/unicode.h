/* unicode.h - code points of UTF-8 text, and what kind they are.
 * Source: Unicode Character Database, general categories (unicode_ranges.def).
 */
#pragma once

#include "base/buf.h"

/* Takes the next code point off the front of *text. False: there is none left. What is not UTF-8
 * comes out as some code point or other; no byte past the end is looked at. */
bool unicode_next(struct bytes *text, uint32_t *code_point);

/* Whether all of it is UTF-8: no byte out of place, nothing longer than needed, no surrogates. */
bool unicode_valid(struct bytes text);

/* The text as UTF-8, with U+FFFD for each byte that is out of place: itself if nothing is,
 * otherwise a copy in the arena. */
struct arena;
struct bytes unicode_repaired(struct bytes text, struct arena *arena);

/* A code point as UTF-8; it must be one of a character. */
void unicode_append(struct buf *out, uint32_t code_point);

/* Letters and numbers of all scripts, and separators, which are spaces of all widths and the ends
 * of lines and paragraphs; \p{L}, \p{N} and \p{Z} in regular expressions. */
bool unicode_is_word_or_space(uint32_t code_point);
