/* json_write.h - the parts of JSON text that need care; the rest is appended as literals.
 * Everything is appended to a struct buf, whose maximum bounds the output.
 * Source: contract core-api.md 4: no more is escaped than JSON requires; times are seconds with up
 *         to millisecond fraction; capacity units always show a fraction.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* "text" with its quotes. The text must be UTF-8, which goes out as it is. */
void json_append_string(struct buf *out, struct bytes text);

/* Copies text to where there is room for it, without quotes, if none of it needs an escape. False:
 * some does, and what was written there is no text. */
bool json_copy_plain(uint8_t *to, struct bytes text) MUST_CHECK;

/* Always with a fraction or an exponent: 1.0, 0.5, 1.5e+300. The shortest text that reads back as
 * the same value; not for infinities and NaN, which JSON has not. */
void json_append_double(struct buf *out, double value);

/* Milliseconds since 1970 as seconds: 1700000000, 1700000000.25 */
void json_append_time(struct buf *out, uint64_t time_ms);
