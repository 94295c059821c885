/* err.c - the error rows, and faults. */
#include "base/err.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdarg.h>

#define SPACE_INTERNAL     ""
#define SPACE_VALIDATE     "com.amazon.coral.validate#"
#define SPACE_SERVICE      "com.amazon.coral.service#"
#define SPACE_AVAILABILITY "com.amazon.coral.availability#"
#define SPACE_DYNAMODB     "com.amazonaws.dynamodb.v20120810#"

static const struct err_row rows[ERR_COUNT] = {
    [OK] = {"OK", 200, "", "", ""},
#define ERR(name, status, space, wire, member) \
    [ERR_##name] = {#name, status, SPACE_##space wire, wire, member},
#include "base/errors.def"
};

const struct err_row *err_row(enum err err)
{
    ASSERT((unsigned)err < ERR_COUNT);
    return &rows[err];
}

const char *err_name(enum err err)
{
    return err_row(err)->name;
}

enum err fault_set(struct fault *fault, enum err err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fault_set_bytes(fault, err, arena_vformat(fault->arena, format, args));
    va_end(args);
    return err;
}

enum err fault_set_wrapped(struct fault *fault, enum err err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fault_set_bytes(fault, err, arena_vformat(fault->arena, format, args));
    va_end(args);
    fault->wrapped = true;
    return err;
}

enum err fault_set_bytes(struct fault *fault, enum err err, struct bytes message)
{
    fault->message = message;
    fault->err = err;
    fault->wrapped = false;
    return err;
}
