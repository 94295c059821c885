/* base64.c - table lookups, four characters to three bytes. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0..63, or -1. */
static int sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

void base64_append(struct buf *out, struct bytes data)
{
    size_t i = 0;
    uint8_t *at = buf_reserve(out, (data.size + 2) / 3 * 4);
    uint8_t *start = at;

    if (at == NULL)
        return;
    for (; i + 3 <= data.size; i += 3) {
        uint32_t group =
            (uint32_t)data.data[i] << 16 | (uint32_t)data.data[i + 1] << 8 | data.data[i + 2];

        *at++ = (uint8_t)alphabet[group >> 18];
        *at++ = (uint8_t)alphabet[group >> 12 & 63];
        *at++ = (uint8_t)alphabet[group >> 6 & 63];
        *at++ = (uint8_t)alphabet[group & 63];
    }
    if (i < data.size) {
        bool two = data.size - i == 2;
        uint32_t group = (uint32_t)data.data[i] << 16 | (two ? (uint32_t)data.data[i + 1] << 8 : 0);

        *at++ = (uint8_t)alphabet[group >> 18];
        *at++ = (uint8_t)alphabet[group >> 12 & 63];
        *at++ = two ? (uint8_t)alphabet[group >> 6 & 63] : '=';
        *at++ = '=';
    }
    buf_commit(out, (size_t)(at - start));
}

bool base64_decode(struct bytes text, uint8_t *out, size_t *out_size)
{
    size_t size = 0;

    if (text.size % 4 != 0)
        return false;
    for (size_t i = 0; i < text.size; i += 4) {
        bool last = i + 4 == text.size;
        int a = sextet(text.data[i]), b = sextet(text.data[i + 1]);
        int c = sextet(text.data[i + 2]), d = sextet(text.data[i + 3]);
        int pads = !last || text.data[i + 3] != '=' ? 0 : text.data[i + 2] == '=' ? 2 : 1;

        if (a < 0 || b < 0 || (pads < 2 && c < 0) || (pads < 1 && d < 0))
            return false;
        if ((pads == 2 && (b & 15) != 0) || (pads == 1 && (c & 3) != 0))
            return false;
        out[size++] = (uint8_t)(a << 2 | b >> 4);
        if (pads < 2)
            out[size++] = (uint8_t)(b << 4 | c >> 2);
        if (pads < 1)
            out[size++] = (uint8_t)(c << 6 | d);
    }
    *out_size = size;
    return true;
}
