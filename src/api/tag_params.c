/* tag_params.c - what a tag may say. */
#include "api/tag_params.h"

#include "api/name_list.h"
#include "base/unicode.h"

static enum err check_tag(struct req *req, struct bytes key, struct bytes value);

enum err tag_params_check(struct req *req, yyjson_val *tags)
{
    struct name_list keys = name_list_read(tags, "Key", req->arena);
    yyjson_arr_iter at = yyjson_arr_iter_with(tags);
    struct bytes repeated;
    yyjson_val *tag;

    for (size_t i = 0; (tag = yyjson_arr_iter_next(&at)) != NULL; i++) {
        struct bytes value = {0};
        enum err err;

        input_string(tag, "Value", &value);
        err = check_tag(req, keys.names[i], value);
        if (err != OK)
            return err;
    }
    if (name_list_repeats(&keys, req->arena, &repeated))
        return req_fail(req, ERR_VALIDATION,
                        "Duplicate Tag Keys provided as input: Duplicate Tag Key found %.*s",
                        BYTES_ARGS(repeated));
    if (keys.count > TAG_COUNT_MAX)
        return req_fail(req, ERR_VALIDATION,
                        "Number of Tags exceed the current limit for the provided ResourceArn");
    return OK;
}

/* Letters, numbers and spaces of any script and a few signs, and not too many of them. */
static bool is_tag_text(struct bytes text, size_t chars_min, size_t chars_max)
{
    static const char signs[] = "+-=._:/@";
    size_t chars = 0;
    uint32_t c;

    if (text.data == NULL) /* absent */
        return false;
    while (unicode_next(&text, &c)) {
        chars++;
        if (!unicode_is_word_or_space(c) && (c == 0 || c > 0x7f || strchr(signs, (int)c) == NULL))
            return false;
    }
    return chars >= chars_min && chars <= chars_max;
}

/* What messages show for an absent text. */
static struct bytes or_null(struct bytes text)
{
    return text.data != NULL ? text : BYTES("null");
}

static enum err check_tag(struct req *req, struct bytes key, struct bytes value)
{
    struct bytes prefix = bytes_make(key.data, key.size < 4 ? key.size : 4);

    if (!is_tag_text(key, 1, TAG_KEY_CHARS_MAX))
        return req_fail(req, ERR_VALIDATION, "The Tag Key provided is invalid, Key: %.*s",
                        BYTES_ARGS(or_null(key)));
    if (!is_tag_text(value, 0, TAG_VALUE_CHARS_MAX))
        return req_fail(req, ERR_VALIDATION, "The Tag Value provided is invalid, Value: %.*s",
                        BYTES_ARGS(or_null(value)));
    if (bytes_equal_no_case(prefix, BYTES("aws:")))
        return req_fail(req, ERR_VALIDATION, "Tag Key cannot be prefixed with aws:, Key: %.*s",
                        BYTES_ARGS(key));
    return OK;
}
