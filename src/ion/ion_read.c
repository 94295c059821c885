/* ion_read.c - the structure of Ion text: containers, names, annotations, values.
 * What is inside a token is read in ion_lex.c and ion_text.c.
 */
#include "ion/ion_priv.h"

static enum err begin_value(struct ion_reader *reader, bool *left);
static enum err read_name(struct ion_reader *reader, struct bytes *name);
static enum err read_value(struct ion_reader *reader, struct ion_event *event);
static enum err read_symbol_or_annotation(struct ion_reader *reader, struct ion_event *event,
                                          bool *value);
static enum err read_word(struct ion_reader *reader, struct ion_event *event, bool *symbol);
static enum err read_null(struct ion_reader *reader, struct ion_event *event);
static enum err read_operator(struct ion_reader *reader, struct ion_event *event);
static enum err read_version(struct ion_reader *reader, const struct ion_event *event, bool *is);
static enum err enter(struct ion_reader *reader, enum ion_type type, struct ion_event *event);
static bool is_operator(uint8_t byte);

static struct ion_level *level(struct ion_reader *reader)
{
    return reader->depth == 0 ? NULL : &reader->levels[reader->depth - 1];
}

void ion_reader_init(struct ion_reader *reader, struct bytes text, bool final, struct arena *arena,
                     struct fault *fault)
{
    reader->text = text;
    reader->at = 0;
    reader->final = final;
    reader->offset = 0;
    reader->arena = arena;
    reader->fault = fault;
    reader->depth = 0;
}

enum err ion_next(struct ion_reader *reader, struct ion_event *event)
{
    bool left = false, version = true;
    enum err err;

    while (version) {
        *event = (struct ion_event){.type = ION_END};
        err = begin_value(reader, &left);
        if (err == ERR_ABSENT)
            return reader->depth == 0 ? OK : ion_cut(reader);
        if (err != OK)
            return err;
        if (left) {
            event->type = ION_LEAVE;
            return OK;
        }
        if (reader->depth > 0 && level(reader)->type == ION_STRUCT)
            err = read_name(reader, &event->name);
        if (err == OK)
            err = read_value(reader, event);
        if (err == OK)
            err = read_version(reader, event, &version);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err ion_leave(struct ion_reader *reader, unsigned depth)
{
    struct ion_event event;

    while (reader->depth > depth) {
        enum err err = ion_next(reader, &event);

        if (err != OK)
            return err;
    }
    return OK;
}

const char *ion_type_name(enum ion_type type)
{
    static const char *const names[] = {"end",    "null",   "bool", "number", "timestamp",
                                        "symbol", "string", "clob", "blob",   "list",
                                        "sexp",   "struct", "end"};

    return names[type];
}

/* To where a value or a name begins; *left: the container ended instead. */
static enum err begin_value(struct ion_reader *reader, bool *left)
{
    static const uint8_t ends[] = {[ION_LIST] = ']', [ION_SEXP] = ')', [ION_STRUCT] = '}'};
    struct ion_level *inside = level(reader);
    enum err err = ion_skip_blanks(reader);

    if (err != OK || inside == NULL)
        return err;
    if (inside->needs_divider && reader->text.data[reader->at] == ',') {
        reader->at++;
        inside->needs_divider = false;
        err = ion_skip_blanks(reader);
        if (err != OK)
            return err;
    }
    if (reader->text.data[reader->at] == ends[inside->type]) {
        reader->at++;
        reader->depth--;
        *left = true;
        return OK;
    }
    if (inside->needs_divider)
        return ion_fault(reader, reader->at, "a comma or the container's end is expected");
    inside->needs_divider = inside->type != ION_SEXP;
    return OK;
}

/* A field's name and its colon. */
static enum err read_name(struct ion_reader *reader, struct bytes *name)
{
    size_t start = reader->at;
    uint8_t first = reader->text.data[start];
    bool is_long = false;
    enum err err = OK;

    if (first == '\'')
        err = ion_looking_at(reader, "'''", &is_long);
    if (err != OK)
        return err;
    if (is_long) {
        err = ion_lex_long(reader, false, name);
    } else if (first == '"' || first == '\'') {
        err = ion_lex_quoted(reader, name);
    } else if (ion_is_identifier_start(first)) {
        struct ion_event event = {0};
        bool symbol;

        err = read_word(reader, &event, &symbol);
        if (err == OK && !symbol)
            return ion_fault(reader, start, "a keyword must be quoted to be a field's name");
        *name = event.text;
    } else {
        return ion_fault(reader, start, "a field's name is expected");
    }
    if (err == OK)
        err = ion_skip_blanks(reader);
    if (err == ERR_ABSENT)
        return ion_cut(reader);
    if (err != OK)
        return err;
    if (reader->text.data[reader->at] != ':')
        return ion_fault(reader, reader->at, "a colon is expected behind a field's name");
    reader->at++;
    err = ion_skip_blanks(reader);
    return err == ERR_ABSENT ? ion_cut(reader) : err;
}

static enum err read_value(struct ion_reader *reader, struct ion_event *event)
{
    for (;;) {
        uint8_t first = reader->text.data[reader->at];
        bool special = false, value = false;
        enum err err = OK;

        if (first == '{')
            err = ion_looking_at(reader, "{{", &special);
        else if (first == '\'')
            err = ion_looking_at(reader, "'''", &special);
        if (err != OK)
            return err;
        if (first == '{')
            return special ? ion_lex_lob(reader, event) : enter(reader, ION_STRUCT, event);
        if (first == '[')
            return enter(reader, ION_LIST, event);
        if (first == '(')
            return enter(reader, ION_SEXP, event);
        if (first == '"' || special) {
            event->type = ION_STRING;
            return special ? ion_lex_long(reader, false, &event->text)
                           : ion_lex_quoted(reader, &event->text);
        }
        if (first == '\'' || ion_is_identifier_start(first)) {
            err = read_symbol_or_annotation(reader, event, &value);
            if (err != OK || value)
                return err;
            continue; /* with what is annotated */
        }
        if (reader->depth > 0 && level(reader)->type == ION_SEXP && is_operator(first))
            return read_operator(reader, event);
        return ion_lex_number(reader, event);
    }
}

/* A symbol, or a keyword, or an annotation with its colons. */
static enum err read_symbol_or_annotation(struct ion_reader *reader, struct ion_event *event,
                                          bool *value)
{
    bool colons = false, symbol = true;
    size_t after;
    enum err err;

    if (reader->text.data[reader->at] == '\'') {
        event->type = ION_SYMBOL;
        event->quoted = true;
        err = ion_lex_quoted(reader, &event->text);
    } else {
        event->quoted = false;
        err = read_word(reader, event, &symbol);
    }
    *value = true;
    if (err != OK || !symbol)
        return err;
    after = reader->at;
    err = ion_skip_blanks(reader);
    if (err == OK)
        err = ion_looking_at(reader, "::", &colons);
    if (err == ERR_ABSENT || (err == OK && !colons)) {
        reader->at = after;
        return OK;
    }
    if (err != OK)
        return err;
    reader->at += 2;
    if (event->annotation_count++ == 0)
        event->annotation = event->text;
    *value = false;
    err = ion_skip_blanks(reader);
    return err == ERR_ABSENT ? ion_cut(reader) : err;
}

/* An identifier: a symbol, or one of the keywords. */
static enum err read_word(struct ion_reader *reader, struct ion_event *event, bool *symbol)
{
    size_t start = reader->at, digits = 1;
    enum err err = ion_lex_identifier(reader, &event->text);

    if (err != OK)
        return err;
    *symbol = false;
    if (bytes_equal_string(event->text, "null"))
        return read_null(reader, event);
    if (bytes_equal_string(event->text, "true") || bytes_equal_string(event->text, "false")) {
        event->type = ION_BOOL;
        event->is_true = event->text.size == 4;
        return OK;
    }
    if (bytes_equal_string(event->text, "nan")) {
        event->type = ION_NUMBER;
        return OK;
    }
    while (digits < event->text.size && ion_is_digit(event->text.data[digits]))
        digits++;
    if (event->text.data[0] == '$' && digits > 1 && digits == event->text.size)
        return ion_fault(reader, start, "a symbol is given by its number");
    event->type = ION_SYMBOL;
    *symbol = true;
    return OK;
}

/* "null" was read; a type may follow. */
static enum err read_null(struct ion_reader *reader, struct ion_event *event)
{
    static const char *const types[] = {"null",   "bool",   "int",  "float", "decimal",
                                        "string", "symbol", "blob", "clob",  "timestamp",
                                        "struct", "list",   "sexp"};
    size_t start = reader->at;
    struct bytes type;
    enum err err;

    event->type = ION_NULL;
    if (reader->at == reader->text.size || reader->text.data[reader->at] != '.')
        return OK; /* ion_lex_identifier saw to it that the text does not just end here */
    reader->at++;
    err = ion_lex_identifier(reader, &type);
    if (err != OK)
        return err;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (bytes_equal_string(type, types[i]))
            return OK;
    return ion_fault(reader, start, "null of no type there is");
}

static enum err read_operator(struct ion_reader *reader, struct ion_event *event)
{
    size_t start = reader->at, end = start;
    struct bytes text = reader->text;

    if (text.data[start] == '-' || text.data[start] == '+') {
        if (start + 1 == text.size)
            return ion_cut(reader);
        if (ion_is_digit(text.data[start + 1]) || text.data[start + 1] == 'i')
            return ion_lex_number(reader, event);
    }
    while (end < text.size && is_operator(text.data[end]))
        end++;
    if (end == text.size)
        return ion_cut(reader);
    event->type = ION_SYMBOL;
    event->text = bytes_make(text.data + start, end - start);
    reader->at = end;
    return OK;
}

/* $ion_1_0 between the values at the top says what follows; it is no value. */
static enum err read_version(struct ion_reader *reader, const struct ion_event *event, bool *is)
{
    struct bytes rest = event->text;
    size_t at = 5;

    *is = false;
    if (reader->depth != 0 || event->type != ION_SYMBOL || event->quoted ||
        event->annotation_count != 0 || !bytes_start_with(rest, BYTES("$ion_")))
        return OK;
    while (at < rest.size && ion_is_digit(rest.data[at]))
        at++;
    if (at == 5 || at + 1 >= rest.size || rest.data[at] != '_')
        return OK;
    for (at++; at < rest.size; at++)
        if (!ion_is_digit(rest.data[at]))
            return OK;
    if (!bytes_equal_string(rest, "$ion_1_0"))
        return ion_fault(reader, reader->at - rest.size, "not version 1.0 of Ion");
    *is = true;
    return OK;
}

static enum err enter(struct ion_reader *reader, enum ion_type type, struct ion_event *event)
{
    if (reader->depth == ION_DEPTH_MAX)
        return ion_fault(reader, reader->at, "too many containers inside each other");
    reader->at++;
    reader->levels[reader->depth++] = (struct ion_level){.type = (uint8_t)type};
    event->type = type;
    return OK;
}

static bool is_operator(uint8_t byte)
{
    return byte != 0 && strchr("!#%&*+-./;<=>?@^`|~", byte) != NULL;
}
