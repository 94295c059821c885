/* unicode.c - decoding, and a search in the table of ranges. */
#include "base/unicode.h"

#define REPLACEMENT 0xfffd

static const struct range {
    uint32_t first, last;
} ranges[] = {
#define RANGE(first, last) {first, last},
#include "base/unicode_ranges.def"
#undef RANGE
};

bool unicode_next(struct bytes *text, uint32_t *code_point)
{
    size_t size = 1;
    uint8_t lead;

    if (text->size == 0)
        return false;
    lead = text->data[0];
    *code_point = lead < 0x80   ? lead
                  : lead < 0xe0 ? lead & 0x1f
                  : lead < 0xf0 ? lead & 0x0f
                                : lead & 0x07;
    while (lead >= 0x80 && size < text->size && size < 4 && (text->data[size] & 0xc0) == 0x80)
        *code_point = *code_point << 6 | (text->data[size++] & 0x3f);
    *text = bytes_skip(*text, size);
    return true;
}

bool unicode_valid(struct bytes text)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; /* of so many bytes */
    const uint8_t *at = text.data, *end = text.size == 0 ? at : text.data + text.size;

    while (at < end) {
        unsigned size;
        uint32_t code_point;
        uint64_t word;

        while (end - at >= (ptrdiff_t)sizeof(word)) {
            memcpy(&word, at, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) != 0)
                break;
            at += sizeof(word);
        }
        if (at == end)
            return true;
        if (*at < 0x80) {
            at++;
            continue;
        }
        size = *at < 0xc0 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf8 ? 4 : 0;
        if (size == 0 || (size_t)(end - at) < size)
            return false;
        code_point = *at & (0x7f >> size);
        for (unsigned i = 1; i < size; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return false;
            code_point = code_point << 6 | (at[i] & 0x3f);
        }
        if (code_point < smallest[size] || code_point > 0x10ffff ||
            (code_point >= 0xd800 && code_point < 0xe000))
            return false;
        at += size;
    }
    return true;
}

struct bytes unicode_repaired(struct bytes text, struct arena *arena)
{
    struct buf out;

    if (unicode_valid(text))
        return text;
    buf_init_arena(&out, arena, SIZE_MAX);
    while (text.size != 0) {
        size_t size = 1, most = text.size < 4 ? text.size : 4;

        while (size <= most && !unicode_valid(bytes_make(text.data, size)))
            size++;
        if (size <= most) {
            buf_append(&out, text.data, size);
        } else {
            unicode_append(&out, REPLACEMENT);
            size = 1;
        }
        text = bytes_skip(text, size);
    }
    return buf_finish_arena(&out);
}

void unicode_append(struct buf *out, uint32_t code_point)
{
    unsigned size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    uint8_t *at = buf_reserve(out, size);

    if (at == NULL)
        return;
    for (unsigned i = size - 1; i > 0; i--) {
        at[i] = (uint8_t)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    at[0] = (uint8_t)(leads[size] | code_point);
    buf_commit(out, size);
}

bool unicode_is_word_or_space(uint32_t code_point)
{
    size_t low = 0, high = sizeof(ranges) / sizeof(ranges[0]);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (code_point > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof(ranges) / sizeof(ranges[0]) && code_point >= ranges[low].first;
}
