/* sigv4_query.c - query strings: split and decoded as sent, encoded the one way that is signed. */
#include "auth/sigv4_priv.h"

static struct bytes percent_decode(struct bytes text, struct arena *arena);
static int hex_digit(uint8_t c);

bool sigv4_query_next(struct bytes *rest, struct arena *arena, struct sigv4_param *param)
{
    const uint8_t *end, *equals;
    struct bytes pair;
    size_t name_size;

    do {
        if (rest->size == 0)
            return false;
        end = memchr(rest->data, '&', rest->size);
        pair = bytes_make(rest->data, end == NULL ? rest->size : (size_t)(end - rest->data));
        *rest = bytes_skip(*rest, pair.size + (end != NULL));
    } while (pair.size == 0);
    equals = memchr(pair.data, '=', pair.size);
    name_size = equals == NULL ? pair.size : (size_t)(equals - pair.data);
    param->name = percent_decode(bytes_make(pair.data, name_size), arena);
    param->value = percent_decode(bytes_skip(pair, name_size + (equals != NULL)), arena);
    return true;
}

uint8_t *sigv4_percent_encode(uint8_t *out, struct bytes text, bool keep_slash)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash)) {
            *out++ = c;
        } else {
            *out++ = '%';
            *out++ = (uint8_t)hex[c >> 4];
            *out++ = (uint8_t)hex[c & 15];
        }
    }
    return out;
}

static struct bytes percent_decode(struct bytes text, struct arena *arena)
{
    uint8_t *out = arena_alloc(arena, text.size);
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (c == '+') {
            c = ' ';
        } else if (c == '%' && text.size - i > 2 && hex_digit(text.data[i + 1]) >= 0 &&
                   hex_digit(text.data[i + 2]) >= 0) {
            c = (uint8_t)(hex_digit(text.data[i + 1]) << 4 | hex_digit(text.data[i + 2]));
            i += 2;
        }
        out[size++] = c;
    }
    return bytes_make(out, size);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
