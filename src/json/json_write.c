/* json_write.c - strings are scanned and copied sixteen bytes at a time.
 * Most strings need no escape, so the room for one without escapes is reserved at once, and the
 * search for bytes that need one happens on the pieces that are being copied anyway.
 */
#include "json/json_write.h"

#include "base/assert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ESCAPE_BYTES_MAX 6

struct chunk {
    uint64_t words[2];
};

static size_t copy_plain(uint8_t *to, const uint8_t *from, size_t size);
static size_t copy_short(uint8_t *to, const uint8_t *from, size_t size);
static inline bool has_escape(const struct chunk chunks[], unsigned count);
static bool needs_escape(uint8_t byte);
static size_t write_escape(uint8_t *at, uint8_t byte);

void json_append_string(struct buf *out, struct bytes text)
{
    const uint8_t *from = text.data, *end = text.data + text.size;
    uint8_t *to = buf_reserve(out, text.size + 2);
    uint8_t escape[ESCAPE_BYTES_MAX];
    size_t escape_size;

    if (to == NULL)
        return;
    *to++ = '"';
    for (;;) {
        size_t plain = copy_plain(to, from, (size_t)(end - from));

        from += plain;
        to += plain;
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

bool json_copy_plain(uint8_t *to, struct bytes text)
{
    return copy_plain(to, text.data, text.size) == text.size;
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

/* Copies `size` bytes if none of them needs an escape; else some that do not, of the beginning.
 * Returns how many. The last piece overlaps the one before it, if it would be shorter. */
static size_t copy_plain(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t last, at = 0;
    struct chunk chunk, pair[2]; /* of two, nearly as few instructions tell whether any has one */

    if (size < sizeof(chunk))
        return copy_short(to, from, size);
    for (; size - at > sizeof(pair); at += sizeof(pair)) { /* not the last: that is a chunk's */
        memcpy(pair, from + at, sizeof(pair));
        if (has_escape(pair, 2))
            break;
        memcpy(to + at, pair, sizeof(pair));
    }
    last = size - sizeof(chunk);
    for (at = at < last ? at : last;; at = at + sizeof(chunk) < last ? at + sizeof(chunk) : last) {
        memcpy(&chunk, from + at, sizeof(chunk));
        if (has_escape(&chunk, 1))
            return at;
        memcpy(to + at, &chunk, sizeof(chunk));
        if (at == last)
            return size;
    }
}

/* The same of less than a chunk, whose bytes stand in one more than once: all or nothing. */
static size_t copy_short(uint8_t *to, const uint8_t *from, size_t size)
{
    struct chunk chunk;
    uint32_t low, high;

    if (size >= 8) {
        memcpy(&chunk.words[0], from, 8);
        memcpy(&chunk.words[1], from + size - 8, 8);
        if (has_escape(&chunk, 1))
            return 0;
        memcpy(to, &chunk.words[0], 8);
        memcpy(to + size - 8, &chunk.words[1], 8);
        return size;
    }
    if (size >= 4) {
        memcpy(&low, from, 4);
        memcpy(&high, from + size - 4, 4);
        chunk.words[0] = chunk.words[1] = (uint64_t)high << 32 | low;
        if (has_escape(&chunk, 1))
            return 0;
        memcpy(to, &low, 4);
        memcpy(to + size - 4, &high, 4);
        return size;
    }
    for (size_t i = 0; i < size; i++) {
        if (needs_escape(from[i]))
            return i;
        to[i] = from[i];
    }
    return size;
}

static inline bool has_escape(const struct chunk chunks[], unsigned count)
{
    uint8_t bytes __attribute__((vector_size(sizeof(struct chunk))));
    uint8_t escapes __attribute__((vector_size(sizeof(struct chunk)))) = {0};
    uint64_t found __attribute__((vector_size(sizeof(struct chunk))));

    for (unsigned i = 0; i < count; i++) {
        memcpy(&bytes, &chunks[i], sizeof(bytes));
        escapes |= (__typeof__(escapes))((bytes < 0x20) | (bytes == '"') | (bytes == '\\'));
    }
    found = (__typeof__(found))escapes;
    return (found[0] | found[1]) != 0;
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
