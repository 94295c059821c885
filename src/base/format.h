/* format.h - printf's formats for texts that quote what clients sent: bytes, which may hold a NUL.
 * %.*s takes exactly as many bytes as it is told (BYTES_ARGS), and does not stop at a NUL as
 * vsnprintf does. Otherwise: flags, width and precision with d, i, u, x, c, s, p, f, g and %, and
 * the lengths h, hh, l, ll, z. Anything else is a bug.
 */
#pragma once

#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>

/* As vsnprintf: writes what fits, and a NUL if there is room; says how long the text is. `to` may
 * be NULL if room is 0. */
size_t format_text(char *to, size_t room, const char *format, va_list args) PRINTF_LIKE(3, 0);
