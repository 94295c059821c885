/* unicode.h - code points of UTF-8 text, and what kind they are.
 * Source: Unicode Character Database, general categories (unicode_ranges.def).
 */
#pragma once

#include "base/bytes.h"

/* Takes the next code point off the front of *text. False: there is none left. What is not UTF-8
 * comes out as some code point or other; no byte past the end is looked at. */
bool unicode_next(struct bytes *text, uint32_t *code_point);

/* Letters and numbers of all scripts, and separators, which are spaces of all widths and the ends
 * of lines and paragraphs; \p{L}, \p{N} and \p{Z} in regular expressions. */
bool unicode_is_word_or_space(uint32_t code_point);
