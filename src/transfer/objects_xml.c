/* objects_xml.c - finding elements, decoding entities. */
#include "transfer/objects_xml.h"

#include "base/buf.h"

#include <stdlib.h>

static uint8_t *append_utf8(uint8_t *out, unsigned long code);
static size_t entity(struct bytes at, unsigned long *code);

bool objects_xml_next(struct bytes *rest, const char *name, struct bytes *inner)
{
    size_t size = strlen(name);
    struct bytes at = *rest;
    const uint8_t *start;

    while (at.size != 0 && (start = memchr(at.data, '<', at.size)) != NULL) {
        const uint8_t *open_end, *end;

        at = bytes_skip(at, (size_t)(start - at.data) + 1);
        if (at.size <= size || memcmp(at.data, name, size) != 0 ||
            memchr(" \t\r\n/>", at.data[size], 6) == NULL)
            continue;
        open_end = memchr(at.data, '>', at.size);
        if (open_end == NULL)
            return false;
        at = bytes_skip(at, (size_t)(open_end - at.data) + 1);
        if (open_end[-1] == '/') { /* <name/> */
            *inner = BYTES("");
            *rest = at;
            return true;
        }
        *inner = at;
        while ((end = at.size == 0 ? NULL : memchr(at.data, '<', at.size)) != NULL) {
            at = bytes_skip(at, (size_t)(end - at.data) + 1);
            if (at.size > size + 1 && at.data[0] == '/' && memcmp(at.data + 1, name, size) == 0 &&
                memchr(" \t\r\n>", at.data[size + 1], 5) != NULL) {
                inner->size = (size_t)(end - inner->data);
                *rest = at;
                return true;
            }
        }
        return false;
    }
    return false;
}

struct bytes objects_xml_text(struct bytes xml, const char *name, struct arena *arena)
{
    struct bytes inner;
    uint8_t *text, *out;

    if (!objects_xml_next(&xml, name, &inner))
        return BYTES("");
    text = out = arena_alloc(arena, inner.size + 4);
    while (inner.size != 0) {
        unsigned long code;
        size_t taken = inner.data[0] == '&' ? entity(inner, &code) : 0;

        if (taken != 0)
            out = append_utf8(out, code);
        else
            *out++ = inner.data[taken++];
        inner = bytes_skip(inner, taken);
    }
    return bytes_make(text, (size_t)(out - text));
}

void objects_xml_append(struct buf *out, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '&':
            buf_append_lit(out, "&amp;");
            break;
        case '<':
            buf_append_lit(out, "&lt;");
            break;
        case '>':
            buf_append_lit(out, "&gt;");
            break;
        default:
            buf_append_byte(out, text.data[i]);
        }
    }
}

/* How many bytes &name; or &#number; is long; 0: it is neither. A code takes fewer bytes than what
 * stands for it. */
static size_t entity(struct bytes at, unsigned long *code)
{
    static const struct {
        const char *name;
        unsigned long code;
    } names[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    const uint8_t *end = memchr(at.data, ';', at.size < 12 ? at.size : 12);
    char text[12], *stop;
    size_t size;

    if (end == NULL)
        return 0;
    size = (size_t)(end - at.data) - 1;
    memcpy(text, at.data + 1, size);
    text[size] = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i].name) == 0) {
            *code = names[i].code;
            return size + 2;
        }
    }
    if (size < 2 || text[0] != '#')
        return 0;
    *code = text[1] == 'x' ? strtoul(text + 2, &stop, 16) : strtoul(text + 1, &stop, 10);
    return *stop == 0 && *code != 0 && *code < 0x110000 ? size + 2 : 0;
}

static uint8_t *append_utf8(uint8_t *out, unsigned long code)
{
    if (code < 0x80) {
        *out++ = (uint8_t)code;
    } else if (code < 0x800) {
        *out++ = (uint8_t)(0xc0 | code >> 6);
        *out++ = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (uint8_t)(0xe0 | code >> 12);
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (code & 0x3f));
    } else {
        *out++ = (uint8_t)(0xf0 | code >> 18);
        *out++ = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (code & 0x3f));
    }
    return out;
}
