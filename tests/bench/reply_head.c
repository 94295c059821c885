/* reply_head.c - one pass over the lines of a head. */
#include "bench/reply_head.h"

#include <strings.h>

static bool parse_number(struct bytes text, uint64_t *number);

enum err reply_head_parse(struct bytes data, struct reply_head *reply)
{
    static const char status_line[] = "HTTP/1.1 ";
    static const char length_name[] = "Content-Length:";
    const size_t status_at = sizeof(status_line) - 1, length_name_bytes = sizeof(length_name) - 1;
    uint64_t status, body_bytes = 0;
    bool has_length = false;
    size_t at = 0;

    for (;;) {
        const uint8_t *line = data.data + at;
        const uint8_t *end = data.size == at ? NULL : memchr(line, '\n', data.size - at);
        size_t line_bytes;

        if (end == NULL)
            return ERR_WOULD_BLOCK;
        line_bytes = (size_t)(end - line);
        if (at == 0) {
            if (line_bytes < status_at + 3 || memcmp(line, status_line, status_at) != 0 ||
                !parse_number(bytes_make(line + status_at, 3), &status))
                return ERR_CORRUPT;
        } else if (line_bytes == 0 || (line_bytes == 1 && line[0] == '\r')) {
            at += line_bytes + 1;
            break;
        } else if ((line[0] | 0x20) == 'c' && line_bytes > length_name_bytes &&
                   strncasecmp((const char *)line, length_name, length_name_bytes) == 0) {
            has_length = parse_number(
                bytes_make(line + length_name_bytes, line_bytes - length_name_bytes), &body_bytes);
        }
        at += line_bytes + 1;
    }
    if (!has_length)
        return ERR_CORRUPT;
    reply->status = (unsigned)status;
    reply->head_bytes = at;
    reply->body_bytes = body_bytes;
    return OK;
}

/* Digits with white space around them. */
static bool parse_number(struct bytes text, uint64_t *number)
{
    uint64_t value = 0;
    size_t i = 0, first;

    while (i < text.size && (text.data[i] == ' ' || text.data[i] == '\t'))
        i++;
    for (first = i; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        if (value > UINT32_MAX) /* far more than any reply has */
            return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (i == first)
        return false;
    while (i < text.size && (text.data[i] == ' ' || text.data[i] == '\r'))
        i++;
    if (i != text.size)
        return false;
    *number = value;
    return true;
}
