/* value_to_ion.c - values as Ion text, straight from the stored bytes.
 * A number is always a decimal, written as ion-java writes one: its digits without zeros at the
 * end, then the power of ten that is left.
 * Source: contract backup-export-import.md 5.3.
 */
#include "base/base64.h"
#include "ion/ion_write.h"
#include "item/number_priv.h"
#include "item/value_priv.h"

static void append_value(struct buf *out, struct value value, unsigned levels);
static void append_map(struct buf *out, struct value map, unsigned levels);
static void append_elements(struct buf *out, struct value container, unsigned levels);
static void append_decimal(struct buf *out, struct bytes encoded);

void value_append_ion(struct buf *out, struct value value)
{
    append_value(out, value, VALUE_READ_DEPTH_MAX);
}

void value_map_append_ion(struct buf *out, struct value map)
{
    append_map(out, map, VALUE_READ_DEPTH_MAX);
}

static void append_value(struct buf *out, struct value value, unsigned levels)
{
    switch (value.type) {
    case VALUE_S:
        ion_append_string(out, value.payload);
        break;
    case VALUE_N:
        append_decimal(out, value.payload);
        break;
    case VALUE_B:
        buf_append_lit(out, "{{");
        base64_append(out, value.payload);
        buf_append_lit(out, "}}");
        break;
    case VALUE_BOOL:
        buf_append_string(out, value_is_true(value) ? "true" : "false");
        break;
    case VALUE_NULL:
        buf_append_lit(out, "null");
        break;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        buf_append_lit(out, "$dynamodb_");
        buf_append_string(out, value_type_name(value.type));
        buf_append_lit(out, "::");
        append_elements(out, value, levels);
        break;
    case VALUE_L:
        append_elements(out, value, levels);
        break;
    case VALUE_M:
        append_map(out, value, levels);
        break;
    }
}

static void append_map(struct buf *out, struct value map, unsigned levels)
{
    struct value_walk walk = value_walk_begin(map);
    const char *separator = "";

    buf_append_lit(out, "{");
    while (levels > 1 && value_walk_step(&walk)) {
        buf_append_string(out, separator);
        separator = ",";
        ion_append_symbol(out, walk.name);
        buf_append_lit(out, ":");
        append_value(out, walk.value, levels - 1);
    }
    buf_append_lit(out, "}");
}

static void append_elements(struct buf *out, struct value container, unsigned levels)
{
    struct value_walk walk = value_walk_begin(container);
    const char *separator = "";

    buf_append_lit(out, "[");
    while (levels > 1 && value_walk_step(&walk)) {
        buf_append_string(out, separator);
        separator = ",";
        append_value(out, walk.value, levels - 1);
    }
    buf_append_lit(out, "]");
}

/* 103. 6d2 1.5 5d-1 1.5d-1: a digit stands before the point, which is moved as far to the left as
 * that allows. */
static void append_decimal(struct buf *out, struct bytes encoded)
{
    struct decimal decimal;
    char digits[DECIMAL_DIGITS_ROOM];
    size_t count, whole;
    int scale, exponent;

    if (!decimal_unpack(encoded, &decimal) || decimal.count == 0) {
        buf_append_lit(out, "0.");
        return;
    }
    count = decimal_write_digits(&decimal, digits);
    scale = (int)count - decimal_exponent10(&decimal); /* digits behind the point */
    whole = scale <= 0 ? count : scale < (int)count ? count - (size_t)scale : 1;
    exponent = (int)(count - whole) - scale;
    if (decimal.negative)
        buf_append_lit(out, "-");
    buf_append(out, digits, whole);
    if (whole < count || exponent == 0)
        buf_append_lit(out, ".");
    buf_append(out, digits + whole, count - whole);
    if (exponent != 0) {
        buf_append_lit(out, "d");
        buf_append_i64(out, exponent);
    }
}
