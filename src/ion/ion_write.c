/* ion_write.c - strings and symbols as Ion text. */
#include "ion/ion_write.h"

#include "ion/ion_priv.h"

#define ESCAPE_BYTES_MAX 4 /* \x1f */

static void append_quoted(struct buf *out, struct bytes text, uint8_t quote);
static size_t write_escape(uint8_t *at, uint8_t byte);

void ion_append_string(struct buf *out, struct bytes text)
{
    append_quoted(out, text, '"');
}

void ion_append_symbol(struct buf *out, struct bytes text)
{
    if (ion_symbol_needs_quotes(text))
        append_quoted(out, text, '\'');
    else
        buf_append_bytes(out, text);
}

bool ion_symbol_needs_quotes(struct bytes text)
{
    static const char *const keywords[] = {"null", "true", "false", "nan"};
    bool digits_only = true;

    if (text.size == 0 || !ion_is_identifier_start(text.data[0]))
        return true;
    for (size_t i = 1; i < text.size; i++) {
        if (!ion_is_identifier_start(text.data[i]) && !ion_is_digit(text.data[i]))
            return true;
        digits_only = digits_only && ion_is_digit(text.data[i]);
    }
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
        if (bytes_equal_string(text, keywords[i]))
            return true;
    return text.data[0] == '$' && text.size > 1 && digits_only;
}

static void append_quoted(struct buf *out, struct bytes text, uint8_t quote)
{
    uint8_t *start = buf_reserve(out, text.size * ESCAPE_BYTES_MAX + 2), *to = start;

    if (to == NULL)
        return;
    *to++ = quote;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];

        if (byte < 0x20 || byte == 0x7f || byte == '\\' || byte == quote)
            to += write_escape(to, byte);
        else
            *to++ = byte;
    }
    *to++ = quote;
    buf_commit(out, (size_t)(to - start));
}

static size_t write_escape(uint8_t *at, uint8_t byte)
{
    static const char short_forms[0x20] = {[0] = '0',    ['\a'] = 'a', ['\b'] = 'b', ['\t'] = 't',
                                           ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['\v'] = 'v'};
    static const char hex[] = "0123456789abcdef";
    char letter = byte < sizeof(short_forms) ? short_forms[byte] : byte == 0x7f ? 0 : (char)byte;

    at[0] = '\\';
    if (letter != 0) {
        at[1] = (uint8_t)letter;
        return 2;
    }
    at[1] = 'x';
    at[2] = (uint8_t)hex[byte >> 4];
    at[3] = (uint8_t)hex[byte & 15];
    return ESCAPE_BYTES_MAX;
}
