/* log.h - what operators read: one line of logfmt per event, on standard error.
 *   time=2026-01-01T00:00:00.000Z level=info msg="listening" address=127.0.0.1:8000
 * Messages say what happened and, for errors, what to do. Never a secret, never item data.
 * Threads: any; a line is written with one system call.
 */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    enum { LOG_FIELD_BYTES, LOG_FIELD_U64, LOG_FIELD_I64 } type;
    union {
        struct bytes bytes;
        uint64_t u64;
        int64_t i64;
    };
};

static inline struct log_field log_bytes(const char *name, struct bytes value)
{
    return (struct log_field){.name = name, .type = LOG_FIELD_BYTES, .bytes = value};
}

static inline struct log_field log_string(const char *name, const char *value)
{
    return log_bytes(name, bytes_of_string(value));
}

static inline struct log_field log_u64(const char *name, uint64_t value)
{
    return (struct log_field){.name = name, .type = LOG_FIELD_U64, .u64 = value};
}

static inline struct log_field log_i64(const char *name, int64_t value)
{
    return (struct log_field){.name = name, .type = LOG_FIELD_I64, .i64 = value};
}

/* The text of an errno value, as field "why". */
struct log_field log_errno(int errno_value);

/* Lines below this level are dropped. Default LOG_INFO. */
void log_set_level(enum log_level level);
bool log_level_parse(const char *name, enum log_level *level); /* debug, info, warn, error */
bool log_enabled(enum log_level level);

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               unsigned field_count);

/* LOG(WARN, "disk full", log_string("path", path)); at least one field. */
#define LOG(level, message, ...)                                                 \
    do {                                                                         \
        const struct log_field log_fields_[] = {__VA_ARGS__};                    \
        if (log_enabled(LOG_##level))                                            \
            log_write(LOG_##level, (message), log_fields_,                       \
                      (unsigned)(sizeof(log_fields_) / sizeof(log_fields_[0]))); \
    } while (0)
