/* err.h - errors are values.
 * Whatever can fail returns `enum err`; OK is 0. Results come last and stay untouched on failure.
 * What a client will read is written where the reason is known, into a `struct fault`, and passed
 * up; the place where it stops turns it into a reply or a log line.
 */
#pragma once

#include "base/bytes.h"

struct arena;

enum err {
    OK = 0,
#define ERR(name, status, space, wire, member) ERR_##name,
#include "base/errors.def"
    ERR_COUNT
};

#define MUST_CHECK               __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* One row of errors.def. `type` is the whole "__type" of the reply, "" for internal errors. */
struct err_row {
    const char *name;   /* NO_SPACE */
    int status;         /* HTTP */
    const char *type;   /* com.amazonaws.dynamodb.v20120810#ResourceNotFoundException */
    const char *wire;   /* ResourceNotFoundException */
    const char *member; /* message, Message, or "" when the reply has none */
};

const struct err_row *err_row(enum err err);

/* The row's name, for logs. */
const char *err_name(enum err err);

/* Of work in the background: neither done nor merely put off, by the server's end or a full queue
 * or a store that waits for its readers. */
static inline bool err_is_failure(enum err err)
{
    return err != OK && err != ERR_CANCELLED && err != ERR_BUSY;
}

/* Why something cannot be done, in the words its asker will read.
 * The arena keeps the text; whoever made the fault chose the arena. */
struct fault {
    struct arena *arena;
    enum err err;
    struct bytes message;
    bool wrapped; /* PutItem and UpdateItem say "1 validation error detected: " in front of it */
};

static inline void fault_init(struct fault *fault, struct arena *arena)
{
    *fault = (struct fault){.arena = arena};
}

/* Sets error and text and returns the error, so that `return fault_set(...)` reads as it is meant.
 * Texts may hold a client's bytes, NUL bytes too: format.h. */
enum err fault_set(struct fault *fault, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same, marked as wrapped: see contract core-api.md 1.6, "The envelope". */
enum err fault_set_wrapped(struct fault *fault, enum err err, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same for a text already made; the bytes must live as long as the fault's arena. */
enum err fault_set_bytes(struct fault *fault, enum err err, struct bytes message);
