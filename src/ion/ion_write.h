/* ion_write.h - the parts of Ion text that need care; the rest is appended as literals.
 * Everything is appended to a struct buf, whose maximum bounds the output.
 * Source: Amazon Ion specification, "Text encoding"; contract backup-export-import.md 5.3.
 */
#pragma once

#include "base/buf.h"

/* "text" with its quotes. The text must be UTF-8, which goes out as it is; what is escaped has an
 * escape of its own or is \xHH. */
void ion_append_string(struct buf *out, struct bytes text);

/* A name: as it is if it is a plain identifier and nothing else, 'quoted' otherwise. */
void ion_append_symbol(struct buf *out, struct bytes text);

/* Whether a symbol of this text must be quoted: not an identifier, a keyword (null, true, false,
 * nan), or what would be read as a symbol's number ($10). */
bool ion_symbol_needs_quotes(struct bytes text);
