/* request_text.h - a request written as text, for the tests and the fuzzer of signatures.
 *   METHOD TARGET\n  (Name: value\n)*  \n  body
 * Not HTTP: no version, no folding, any byte but a newline in names and values.
 */
#pragma once

#include "base/arena.h"
#include "net/http_server.h"

#define REQUEST_TEXT_HEADERS_MAX 200

static inline struct bytes request_text_until(struct bytes *rest, char end)
{
    const uint8_t *at = rest->size == 0 ? NULL : memchr(rest->data, end, rest->size);
    struct bytes part = bytes_make(rest->data, at == NULL ? rest->size : (size_t)(at - rest->data));

    *rest = bytes_skip(*rest, part.size + (at != NULL));
    return part;
}

static inline struct bytes request_text_trim(struct bytes value)
{
    while (value.size != 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        value = bytes_skip(value, 1);
    while (value.size != 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t'))
        value.size--;
    return value;
}

/* Points into text and the arena. Headers past the maximum are dropped. */
static inline struct http_request request_of_text(struct bytes text, struct arena *arena)
{
    struct http_header *headers =
        arena_new_array(arena, struct http_header, REQUEST_TEXT_HEADERS_MAX);
    struct http_request request = {.headers = headers};
    struct bytes line = request_text_until(&text, '\n');

    request.method = request_text_until(&line, ' ');
    request.target = line;
    request.path = request_text_until(&line, '?');
    request.query = line;
    while ((line = request_text_until(&text, '\n')).size != 0) {
        struct bytes name = request_text_until(&line, ':');

        if (request.header_count < REQUEST_TEXT_HEADERS_MAX)
            headers[request.header_count++] = (struct http_header){name, request_text_trim(line)};
    }
    request.body_sent = request.body = text;
    return request;
}
