/* shape_pattern.c - the few regular expressions of the service model, as functions.
 * Texts are UTF-8 and checked to be so when the body was parsed.
 */
#include "api/shape.h"

static bool is_letter(uint8_t c);
static bool is_digit(uint8_t c);

/* How many bytes from the front satisfy `in`. */
static size_t span(struct bytes text, bool (*in)(uint8_t))
{
    size_t size = 0;

    while (size < text.size && in(text.data[size]))
        size++;
    return size;
}

static bool in_name(uint8_t c)
{
    return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
}

static bool is_name(struct bytes text)
{
    return text.size != 0 && span(text, in_name) == text.size;
}

static bool is_not_dollar(uint8_t c)
{
    return c != '$';
}

static bool has_no_dollar(struct bytes text)
{
    return text.size != 0 && span(text, is_not_dollar) == text.size;
}

/* The outer classes are letters and digits, the inner one is in_name's. */
static bool is_bucket(struct bytes text)
{
    uint8_t first, last;

    if (text.size < 2 || !is_name(text))
        return false;
    first = text.data[0];
    last = text.data[text.size - 1];
    return (is_letter(first) || is_digit(first)) && (is_letter(last) || is_digit(last));
}

static bool is_account(struct bytes text)
{
    return text.size == 12 && span(text, is_digit) == text.size;
}

static bool is_csv_delimiter(struct bytes text)
{
    return text.size == 1 && text.data[0] != 0 && strchr(",;:|\t ", text.data[0]) != NULL;
}

static bool in_csv_header(uint8_t c)
{
    return c >= 0x20 && c <= 0x7e && c != '"' && c != ',';
}

static bool is_csv_header(struct bytes text)
{
    return span(text, in_csv_header) == text.size;
}

static bool in_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_hex_blocks(struct bytes text)
{
    return text.size != 0 && text.size % 16 == 0 && span(text, in_hex) == text.size;
}

/* All of UTF-8 but controls other than CR, LF and TAB, and U+FFFE and U+FFFF (ef bf be, ef bf bf).
 */
static bool is_text(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (c < 0x20 && c != '\r' && c != '\n' && c != '\t')
            return false;
        if (c == 0xef && text.size - i >= 3 && text.data[i + 1] == 0xbf && text.data[i + 2] >= 0xbe)
            return false;
    }
    return true;
}

/* Java's \p{Print} without Unicode classes: visible ASCII and the space. */
static bool in_printable(uint8_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

static bool is_printable(struct bytes text)
{
    return text.size != 0 && span(text, in_printable) == text.size;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

const struct shape_pattern shape_pattern_name = {"[a-zA-Z0-9_.-]+", is_name};
const struct shape_pattern shape_pattern_no_dollar = {"^[^\\$]+$", has_no_dollar};
const struct shape_pattern shape_pattern_bucket = {"^[a-z0-9A-Z]+[\\.\\-\\w]*[a-z0-9A-Z]+$",
                                                   is_bucket};
const struct shape_pattern shape_pattern_account = {"[0-9]{12}", is_account};
const struct shape_pattern shape_pattern_csv_delimiter = {"[,;:|\\t ]", is_csv_delimiter};
const struct shape_pattern shape_pattern_csv_header = {"[\\x20-\\x21\\x23-\\x2B\\x2D-\\x7E]*",
                                                       is_csv_header};
const struct shape_pattern shape_pattern_hex_blocks = {"([0-9a-f]{16})+", is_hex_blocks};
const struct shape_pattern shape_pattern_text = {
    "[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*", is_text};
const struct shape_pattern shape_pattern_printable = {"\\p{Print}+", is_printable};
