/* format.h - printf's formats for texts that quote what clients sent: bytes, which may hold a NUL.
 * %.*s takes exactly as many bytes as it is told (BYTES_ARGS), and does not stop at a NUL as
 * vsnprintf does. Otherwise: flags, width and precision with d, i, u, x, c, s, p, f, g and %, and
 * the lengths h, hh, l, ll, z. Anything else is a bug. Also, for speed, the digits of one number.
 */
#pragma once

#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* As vsnprintf: writes what fits, and a NUL if there is room; says how long the text is. `to` may
 * be NULL if room is 0. */
size_t format_text(char *to, size_t room, const char *format, va_list args) PRINTF_LIKE(3, 0);

/* The decimal digits of a number, which stand at the end of text. */
#define FORMAT_U64_BYTES_MAX 20
static inline struct bytes format_u64(uint64_t value, uint8_t text[FORMAT_U64_BYTES_MAX])
{
    size_t at = FORMAT_U64_BYTES_MAX;

    do {
        text[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return bytes_make(text + at, FORMAT_U64_BYTES_MAX - at);
}
