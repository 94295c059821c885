/* ion_text.c - what is quoted in Ion text: strings, symbols, and large objects. */
#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/unicode.h"
#include "ion/ion_priv.h"

/* What a piece of quoted text is. */
struct quoted {
    uint8_t quote;
    bool is_long; /* between three of them */
    bool clob;    /* bytes, not characters */
};

static enum err lex_plain(struct ion_reader *reader, struct bytes *text, bool *plain);
static enum err lex_decoded(struct ion_reader *reader, const struct quoted *quoted,
                            struct buf *out);
static enum err lex_escape(struct ion_reader *reader, const struct quoted *quoted, struct buf *out);
static enum err lex_code_point(struct ion_reader *reader, unsigned digits, struct buf *out);
static bool read_hex(struct bytes text, uint32_t *value);
static enum err check_text(struct ion_reader *reader, size_t start, struct bytes text);
static enum err lex_clob(struct ion_reader *reader, struct bytes *text);
static enum err lex_blob(struct ion_reader *reader, struct bytes *data);

enum err ion_lex_quoted(struct ion_reader *reader, struct bytes *text)
{
    struct quoted quoted = {.quote = reader->text.data[reader->at]};
    size_t start = reader->at;
    bool plain = false;
    struct buf out;
    enum err err = lex_plain(reader, text, &plain);

    if (err != OK)
        return err;
    if (!plain) {
        buf_init_arena(&out, reader->arena, SIZE_MAX);
        reader->at++;
        err = lex_decoded(reader, &quoted, &out);
        if (err != OK)
            return err;
        *text = buf_finish_arena(&out);
    }
    return check_text(reader, start, *text);
}

enum err ion_lex_long(struct ion_reader *reader, bool clob, struct bytes *text)
{
    struct quoted quoted = {.quote = '\'', .is_long = true, .clob = clob};
    size_t start = reader->at, end;
    bool more = true;
    struct buf out;
    enum err err;

    buf_init_arena(&out, reader->arena, SIZE_MAX);
    do {
        reader->at += 3;
        err = lex_decoded(reader, &quoted, &out);
        if (err != OK)
            return err;
        end = reader->at;
        more = false;
        err = ion_skip_blanks(reader);
        if (err == OK)
            err = ion_looking_at(reader, "'''", &more);
    } while (err == OK && more);
    if (err != OK && err != ERR_ABSENT)
        return err;
    reader->at = end;
    *text = buf_finish_arena(&out);
    return clob ? OK : check_text(reader, start, *text);
}

enum err ion_lex_lob(struct ion_reader *reader, struct ion_event *event)
{
    enum err err;

    reader->at += 2;
    while (reader->at < reader->text.size && ion_is_space(reader->text.data[reader->at]))
        reader->at++;
    if (reader->at == reader->text.size)
        return ion_cut(reader);
    if (reader->text.data[reader->at] == '"' || reader->text.data[reader->at] == '\'') {
        event->type = ION_CLOB;
        err = lex_clob(reader, &event->text);
    } else {
        event->type = ION_BLOB;
        err = lex_blob(reader, &event->text);
    }
    return err;
}

/* Most text has no escapes, and is used as it lies there. */
static enum err lex_plain(struct ion_reader *reader, struct bytes *text, bool *plain)
{
    const uint8_t *start = reader->text.data + reader->at + 1, *at = start;
    const uint8_t *end = reader->text.data + reader->text.size;
    uint8_t quote = start[-1];

    while (at < end && *at != quote && *at != '\\' && *at >= 0x20)
        at++;
    if (at == end)
        return ion_cut(reader);
    if (*at != quote)
        return OK;
    *text = bytes_make(start, (size_t)(at - start));
    reader->at += text->size + 2;
    *plain = true;
    return OK;
}

/* From behind the opening quote to behind the closing one. */
static enum err lex_decoded(struct ion_reader *reader, const struct quoted *quoted, struct buf *out)
{
    struct bytes text = reader->text;

    while (reader->at < text.size) {
        uint8_t byte = text.data[reader->at];
        bool closes = byte == quoted->quote;
        enum err err = OK;

        if (closes && quoted->is_long)
            err = ion_looking_at(reader, "'''", &closes);
        if (err != OK)
            return err;
        if (closes) {
            reader->at += quoted->is_long ? 3 : 1;
            return OK;
        }
        if (byte == '\\') {
            err = lex_escape(reader, quoted, out);
            if (err != OK)
                return err;
            continue;
        }
        if (byte < 0x20 && !(quoted->is_long && ion_is_space(byte)) && byte != '\t' &&
            byte != '\v' && byte != '\f')
            return ion_fault(reader, reader->at, "a control character must be escaped");
        if (quoted->clob && byte >= 0x80)
            return ion_fault(reader, reader->at, "a clob's bytes above 127 must be escaped");
        reader->at++;
        if (byte == '\r') { /* ends of lines are all the same */
            if (reader->at == text.size)
                return ion_cut(reader);
            reader->at += text.data[reader->at] == '\n';
            byte = '\n';
        }
        buf_append_byte(out, byte);
    }
    return ion_cut(reader);
}

static enum err lex_escape(struct ion_reader *reader, const struct quoted *quoted, struct buf *out)
{
    static const char letters[] = "0abtnfrv\"'?\\/";
    static const char bytes[] = "\0\a\b\t\n\f\r\v\"'?\\/";
    size_t start = reader->at;
    const char *letter;
    uint32_t value;
    uint8_t byte;

    if (reader->text.size - start < 2)
        return ion_cut(reader);
    byte = reader->text.data[start + 1];
    reader->at += 2;
    letter = byte == 0 ? NULL : strchr(letters, byte);
    if (letter != NULL) {
        buf_append_byte(out, (uint8_t)bytes[letter - letters]);
        return OK;
    }
    if (byte == '\n')
        return OK; /* the line goes on */
    if (byte == '\r') {
        if (reader->at == reader->text.size)
            return ion_cut(reader);
        reader->at += reader->text.data[reader->at] == '\n';
        return OK;
    }
    if (byte == 'x' && quoted->clob) {
        if (reader->text.size - reader->at < 2)
            return ion_cut(reader);
        if (!read_hex(bytes_make(reader->text.data + reader->at, 2), &value))
            return ion_fault(reader, start, "an escape without its digits");
        buf_append_byte(out, (uint8_t)value);
        reader->at += 2;
        return OK;
    }
    if (byte == 'x')
        return lex_code_point(reader, 2, out);
    if (byte == 'u' && !quoted->clob)
        return lex_code_point(reader, 4, out);
    if (byte == 'U' && !quoted->clob)
        return lex_code_point(reader, 8, out);
    return ion_fault(reader, start, "an escape that does not exist");
}

/* The digits of \x, \u or \U. Two halves of a character outside the basic plane are one. */
static enum err lex_code_point(struct ion_reader *reader, unsigned digits, struct buf *out)
{
    size_t start = reader->at, left = reader->text.size - start;
    const uint8_t *at = reader->text.data + start;
    uint32_t value, low;

    if (left < digits)
        return ion_cut(reader);
    if (!read_hex(bytes_make(at, digits), &value))
        return ion_fault(reader, start, "an escape without its digits");
    reader->at += digits;
    if (digits == 4 && value >= 0xd800 && value < 0xdc00) {
        if (left < 10 && !reader->final)
            return ERR_PENDING;
        if (left >= 10 && at[4] == '\\' && at[5] == 'u' && read_hex(bytes_make(at + 6, 4), &low) &&
            low >= 0xdc00 && low < 0xe000) {
            value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
            reader->at += 6;
        }
    }
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return ion_fault(reader, start, "an escape of no character");
    unicode_append(out, value);
    return OK;
}

static bool read_hex(struct bytes text, uint32_t *value)
{
    *value = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i], letter = (uint8_t)((byte | 0x20) - 'a');

        if (!ion_is_digit(byte) && letter >= 6)
            return false;
        *value = *value << 4 | (ion_is_digit(byte) ? byte - 48u : letter + 10u);
    }
    return true;
}

static enum err check_text(struct ion_reader *reader, size_t start, struct bytes text)
{
    return unicode_valid(text) ? OK : ion_fault(reader, start, "text that is not UTF-8");
}

static enum err lex_clob(struct ion_reader *reader, struct bytes *text)
{
    struct quoted quoted = {.quote = '"', .clob = true};
    bool found = true;
    struct buf out;
    enum err err;

    if (reader->text.data[reader->at] == '\'') {
        err = ion_looking_at(reader, "'''", &found);
        if (err == OK && !found)
            return ion_fault(reader, reader->at, "a clob is expected");
        if (err == OK)
            err = ion_lex_long(reader, true, text);
    } else {
        buf_init_arena(&out, reader->arena, SIZE_MAX);
        reader->at++;
        err = lex_decoded(reader, &quoted, &out);
        if (err == OK)
            *text = buf_finish_arena(&out);
    }
    while (err == OK && reader->at < reader->text.size &&
           ion_is_space(reader->text.data[reader->at]))
        reader->at++;
    if (err == OK)
        err = ion_looking_at(reader, "}}", &found);
    if (err != OK)
        return err;
    if (!found)
        return ion_fault(reader, reader->at, "the end of a clob is expected");
    reader->at += 2;
    return OK;
}

/* Base64, with blanks anywhere. */
static enum err lex_blob(struct ion_reader *reader, struct bytes *data)
{
    const uint8_t *start = reader->text.data + reader->at;
    size_t left = reader->text.size - reader->at, size = 0;
    const uint8_t *end = memchr(start, '}', left);
    uint8_t *text, *decoded;

    if (end == NULL || end + 1 == start + left)
        return ion_cut(reader);
    if (end[1] != '}')
        return ion_fault(reader, reader->at + (size_t)(end - start), "a blob ends with }}");
    text = arena_alloc(reader->arena, (size_t)(end - start) + 1);
    for (const uint8_t *at = start; at < end; at++)
        if (!ion_is_space(*at))
            text[size++] = *at;
    decoded = arena_alloc(reader->arena, base64_decoded_bytes_max(size) + 1);
    if (!base64_decode(bytes_make(text, size), decoded, &size))
        return ion_fault(reader, reader->at, "a blob is not base64");
    *data = bytes_make(decoded, size);
    reader->at += (size_t)(end - start) + 2;
    return OK;
}
