/* ion_lex.c - tokens of Ion text that are not quoted: blanks, identifiers, numbers. */
#include "base/arena.h"
#include "base/buf.h"
#include "ion/ion_priv.h"

#include <inttypes.h>

#define INTEGER_DIGITS_MAX 40 /* of 2^128 in decimal */

static enum err skip_comment(struct ion_reader *reader, bool *skipped);
static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end);
static bool is_decimal(struct bytes token);
static bool is_timestamp(struct bytes token);
static bool read_radix(struct bytes token, struct arena *arena, struct bytes *text);
static struct bytes plain_number(struct bytes token, struct arena *arena);

enum err ion_fault(struct ion_reader *reader, size_t at, const char *what)
{
    return fault_set(reader->fault, ERR_CORRUPT, "Ion text is not valid at byte %" PRIu64 ": %s",
                     reader->offset + at, what);
}

enum err ion_cut(struct ion_reader *reader)
{
    return reader->final ? ion_fault(reader, reader->text.size, "it ends in the middle of a value")
                         : ERR_PENDING;
}

enum err ion_skip_blanks(struct ion_reader *reader)
{
    while (reader->at < reader->text.size) {
        uint8_t byte = reader->text.data[reader->at];
        bool skipped = false;
        enum err err;

        if (ion_is_space(byte)) {
            reader->at++;
            continue;
        }
        if (byte != '/')
            return OK;
        err = skip_comment(reader, &skipped);
        if (err != OK || !skipped)
            return err;
    }
    return reader->final ? ERR_ABSENT : ERR_PENDING;
}

enum err ion_looking_at(struct ion_reader *reader, const char *wanted, bool *found)
{
    struct bytes rest = bytes_skip(reader->text, reader->at);
    size_t size = strlen(wanted);

    if (rest.size < size && memcmp(rest.data, wanted, rest.size) == 0 && !reader->final)
        return ERR_PENDING;
    *found = rest.size >= size && memcmp(rest.data, wanted, size) == 0;
    return OK;
}

enum err ion_lex_identifier(struct ion_reader *reader, struct bytes *word)
{
    const uint8_t *start = reader->text.data + reader->at, *at = start;
    const uint8_t *end = reader->text.data + reader->text.size;

    while (at < end && (ion_is_identifier_start(*at) || ion_is_digit(*at)))
        at++;
    if (at == end && !reader->final)
        return ERR_PENDING;
    *word = bytes_make(start, (size_t)(at - start));
    reader->at += word->size;
    return OK;
}

enum err ion_lex_number(struct ion_reader *reader, struct ion_event *event)
{
    size_t start = reader->at, end = start;
    struct bytes text = reader->text, token;

    while (end < text.size && !ion_is_space(text.data[end]) &&
           (text.data[end] == 0 || strchr("{}[](),\"'/", text.data[end]) == NULL))
        end++;
    if (end == text.size && !reader->final)
        return ERR_PENDING;
    token = event->text = bytes_make(text.data + start, end - start);
    event->type = is_timestamp(token) ? ION_TIMESTAMP : ION_NUMBER;
    reader->at = end;
    if (event->type == ION_TIMESTAMP || bytes_equal_string(token, "+inf") ||
        bytes_equal_string(token, "-inf"))
        return OK;
    if (is_decimal(token))
        event->text = plain_number(token, reader->arena);
    else if (!read_radix(token, reader->arena, &event->text))
        return ion_fault(reader, start, "a value is expected");
    return OK;
}

/* Not skipped: a slash that begins no comment, an operator. */
static enum err skip_comment(struct ion_reader *reader, bool *skipped)
{
    const uint8_t *start = reader->text.data + reader->at;
    size_t left = reader->text.size - reader->at;
    const uint8_t *end;

    if (left < 2)
        return ion_cut(reader);
    if (start[1] == '/') {
        end = memchr(start, '\n', left);
        if (end == NULL && !reader->final)
            return ERR_PENDING;
        reader->at += end == NULL ? left : (size_t)(end - start);
    } else if (start[1] == '*') {
        end = left < 4 ? NULL : memmem(start + 2, left - 2, "*/", 2);
        if (end == NULL)
            return ion_cut(reader);
        reader->at += (size_t)(end - start) + 2;
    } else {
        return OK;
    }
    *skipped = true;
    return OK;
}

/* Digits, with an underscore between two of them allowed. */
static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (ion_is_digit(*at) || (*at == '_' && at + 1 < end && ion_is_digit(at[1]) &&
                                              ion_is_digit(at[-1]))))
        at++;
    return at;
}

/* -? ( 0 | [1-9] digits ) ( . digits? )? ( [dDeE] [+-]? digits )? */
static bool is_decimal(struct bytes token)
{
    const uint8_t *at = token.data, *end = token.data + token.size, *from;

    if (at < end && *at == '-')
        at++;
    if (at == end || !ion_is_digit(*at))
        return false;
    from = at;
    at = skip_digits(at, end);
    if (*from == '0' && at > from + 1)
        return false;
    if (at < end && *at == '.') {
        at++;
        at = skip_digits(at, end);
    }
    if (at == end)
        return true;
    if ((*at | 0x20) != 'd' && (*at | 0x20) != 'e')
        return false;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        at++;
    from = at;
    while (at < end && ion_is_digit(*at))
        at++;
    return at == end && at > from;
}

/* Something like 2026-01-31T12:00:00.123+01:00; what exactly does not matter, for there is no
 * attribute value of it. */
static bool is_timestamp(struct bytes token)
{
    if (token.size < 5 || (token.data[4] != '-' && token.data[4] != 'T'))
        return false;
    for (size_t i = 0; i < token.size; i++)
        if (i < 4 ? !ion_is_digit(token.data[i])
                  : !ion_is_digit(token.data[i]) && strchr("-+:.TZ", token.data[i]) == NULL)
            return false;
    return true;
}

/* 0x1F and 0b101, which numbers of 38 digits hold up to 2^126; larger ones become 1e999, which no
 * number holds either. */
static bool read_radix(struct bytes token, struct arena *arena, struct bytes *text)
{
    bool negative = token.size > 0 && token.data[0] == '-', overflow = false;
    struct bytes rest = negative ? bytes_skip(token, 1) : token;
    char digits[INTEGER_DIGITS_MAX], *at = digits + sizeof(digits);
    unsigned __int128 value = 0;
    unsigned shift;

    if (rest.size < 3 || rest.data[0] != '0' ||
        ((rest.data[1] | 0x20) != 'x' && (rest.data[1] | 0x20) != 'b'))
        return false;
    shift = (rest.data[1] | 0x20) == 'x' ? 4 : 1;
    for (size_t i = 2; i < rest.size; i++) {
        uint8_t byte = rest.data[i];
        unsigned digit = ion_is_digit(byte) ? byte - 48u : (byte | 0x20u) - 'a' + 10;

        if (byte == '_' && i > 2 && i + 1 < rest.size && rest.data[i - 1] != '_')
            continue;
        if (digit >= 1u << shift)
            return false;
        overflow = overflow || value >> (127 - shift) != 0;
        value = value << shift | digit;
    }
    if (overflow) {
        *text = BYTES("1e999");
        return true;
    }
    do
        *--at = (char)('0' + (unsigned)(value % 10));
    while ((value /= 10) != 0);
    if (negative)
        *--at = '-';
    *text = arena_copy(arena, bytes_make(at, (size_t)(digits + sizeof(digits) - at)));
    return true;
}

/* Without underscores, and with an e before the exponent. */
static struct bytes plain_number(struct bytes token, struct arena *arena)
{
    uint8_t *plain;
    size_t size = 0;

    if (memchr(token.data, '_', token.size) == NULL &&
        memchr(token.data, 'd', token.size) == NULL && memchr(token.data, 'D', token.size) == NULL)
        return token;
    plain = arena_alloc(arena, token.size);
    for (size_t i = 0; i < token.size; i++)
        if (token.data[i] != '_')
            plain[size++] = (token.data[i] | 0x20) == 'd' ? 'e' : token.data[i];
    return bytes_make(plain, size);
}
