/* json_write.c - strings are scanned and copied eight bytes at a time.
 * Most strings need no escape, so the room for one without escapes is reserved at once, and the
 * search for bytes that need one happens on the words that are being copied anyway.
 */
#include "json/json_write.h"

#include "base/assert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EACH_BYTE(byte)  (0x0101010101010101u * (uint64_t)(byte))
#define HIGH_BITS        EACH_BYTE(0x80)
#define ESCAPE_BYTES_MAX 6

static bool word_has_escape(uint64_t word);
static bool needs_escape(uint8_t byte);
static size_t write_escape(uint8_t *at, uint8_t byte);

void json_append_string(struct buf *out, struct bytes text)
{
    const uint8_t *from = text.data, *end = text.data + text.size;
    uint8_t *to = buf_reserve(out, text.size + 2);
    uint8_t escape[ESCAPE_BYTES_MAX];
    size_t escape_size;
    uint64_t word;

    if (to == NULL)
        return;
    *to++ = '"';
    for (;;) {
        while (end - from >= (ptrdiff_t)sizeof(word)) {
            memcpy(&word, from, sizeof(word));
            if (word_has_escape(word))
                break;
            memcpy(to, &word, sizeof(word));
            from += sizeof(word);
            to += sizeof(word);
        }
        while (from < end && !needs_escape(*from))
            *to++ = *from++;
        if (from == end)
            break;
        out->size = (size_t)(to - out->data);
        escape_size = write_escape(escape, *from++);
        to = buf_reserve(out, escape_size + (size_t)(end - from) + 1);
        if (to == NULL)
            return;
        memcpy(to, escape, escape_size);
        to += escape_size;
    }
    *to++ = '"';
    out->size = (size_t)(to - out->data);
}

void json_append_double(struct buf *out, double value)
{
    char text[32];
    double whole;

    ASSERT(isfinite(value));
    if (value >= 0 && value < 1e15 && modf(value * 2, &whole) == 0) {
        buf_append_u64(out, (uint64_t)value); /* capacity units come in halves */
        buf_append(out, (uint64_t)whole % 2 == 0 ? ".0" : ".5", 2);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_append_string(out, text);
    if (strpbrk(text, ".e") == NULL)
        buf_append_lit(out, ".0");
}

void json_append_time(struct buf *out, uint64_t time_ms)
{
    unsigned ms = (unsigned)(time_ms % 1000);
    char text[4] = {'.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10)};
    size_t size = sizeof(text);

    buf_append_u64(out, time_ms / 1000);
    while (size > 1 && text[size - 1] == '0')
        size--;
    buf_append(out, text, size == 1 ? 0 : size);
}

/* Whether some byte is a quote, a backslash or below 0x20. In "x - 01 & ~x" a byte's high bit is
 * set if the byte was 0; a borrow may set it in a byte above such a one too, which changes nothing.
 */
static bool word_has_escape(uint64_t word)
{
    uint64_t quote = word ^ EACH_BYTE('"');
    uint64_t backslash = word ^ EACH_BYTE('\\');

    return (((word - EACH_BYTE(0x20)) & ~word) | ((quote - EACH_BYTE(1)) & ~quote) |
            ((backslash - EACH_BYTE(1)) & ~backslash)) &
           HIGH_BITS;
}

static bool needs_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static size_t write_escape(uint8_t *at, uint8_t byte)
{
    static const char short_forms[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char hex[] = "0123456789abcdef";
    char letter = byte < sizeof(short_forms) ? short_forms[byte] : (char)byte;

    at[0] = '\\';
    if (letter != 0) {
        at[1] = (uint8_t)letter;
        return 2;
    }
    memcpy(at + 1, "u00", 3);
    at[4] = (uint8_t)hex[byte >> 4];
    at[5] = (uint8_t)hex[byte & 15];
    return ESCAPE_BYTES_MAX;
}
