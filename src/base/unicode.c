/* unicode.c - decoding, and a search in the table of ranges. */
#include "base/unicode.h"

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
