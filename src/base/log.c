/* log.c - logfmt lines. A value with a space, quote, '=' or control byte is quoted and escaped. */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX 8192

static _Atomic int level_min = LOG_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

static void append_time(struct buf *line);
static void append_value(struct buf *line, struct bytes value);

struct log_field log_errno(int errno_value)
{
    /* strerrordesc_np is the thread-safe form; it knows every value of this libc. */
    const char *text = strerrordesc_np(errno_value);

    return log_string("why", text != NULL ? text : "unknown error");
}

void log_set_level(enum log_level level)
{
    atomic_store(&level_min, (int)level);
}

bool log_level_parse(const char *name, enum log_level *level)
{
    for (int i = 0; i < (int)(sizeof(level_names) / sizeof(level_names[0])); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&level_min, memory_order_relaxed);
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               unsigned field_count)
{
    struct buf line;
    ssize_t ignored;

    buf_init(&line, LINE_BYTES_MAX);
    append_time(&line);
    buf_append_format(&line, " level=%s msg=", level_names[level]);
    append_value(&line, bytes_of_string(message));
    for (unsigned i = 0; i < field_count; i++) {
        buf_append_byte(&line, ' ');
        buf_append_string(&line, fields[i].name);
        buf_append_byte(&line, '=');
        switch (fields[i].type) {
        case LOG_FIELD_BYTES:
            append_value(&line, fields[i].bytes);
            break;
        case LOG_FIELD_U64:
            buf_append_u64(&line, fields[i].u64);
            break;
        case LOG_FIELD_I64:
            buf_append_i64(&line, fields[i].i64);
            break;
        }
    }
    /* A field that did not fit is left out; the line keeps room for its end. */
    line.size_max = LINE_BYTES_MAX + 1;
    line.overflowed = false;
    buf_append_byte(&line, '\n');
    ignored = write(STDERR_FILENO, line.data, line.size); /* nowhere to report a failure */
    (void)ignored;
    buf_fini(&line);
}

static void append_time(struct buf *line)
{
    char text[CLOCK_TEXT_SIZE];

    clock_text(clock_wall_ms(), text);
    buf_append_format(line, "time=%s", text);
}

static void append_value(struct buf *line, struct bytes value)
{
    bool plain = value.size != 0;

    for (size_t i = 0; i < value.size && plain; i++)
        plain = value.data[i] > ' ' && value.data[i] != '"' && value.data[i] != '=' &&
                value.data[i] != '\\' && value.data[i] != 0x7f;
    if (plain) {
        buf_append_bytes(line, value);
        return;
    }
    buf_append_byte(line, '"');
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];

        if (c == '"' || c == '\\')
            buf_append_format(line, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            buf_append_format(line, "\\x%02x", c);
        else
            buf_append_byte(line, c);
    }
    buf_append_byte(line, '"');
}
