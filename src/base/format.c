/* format.c - one directive after the other; vsnprintf does each but the one that we need it for. */
#include "base/format.h"

#include "base/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIRECTIVE_MAX 16

/* Where the text goes, and how long it is by now. */
struct target {
    char *to;
    size_t room;
    size_t size;
};

/* A directive as it stands, and what it wants. */
struct directive {
    char text[DIRECTIVE_MAX];
    unsigned stars; /* int arguments before its own: width, precision */
    bool is_bytes;  /* %.*s */
    unsigned longs; /* l, or z as one */
    char kind;
};

static const char *read_directive(const char *at, struct directive *directive);
static void append(struct target *target, const char *text, size_t size);

/* One value of a directive with its type, whose width and precision may be arguments too. */
#define FORMAT_AS(value)                                                               \
    (directive.stars == 0   ? snprintf(place, left, directive.text, (value))           \
     : directive.stars == 1 ? snprintf(place, left, directive.text, stars[0], (value)) \
                            : snprintf(place, left, directive.text, stars[0], stars[1], (value)))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the caller's was checked */
size_t format_text(char *to, size_t room, const char *format, va_list args)
{
    struct target target = {.to = to, .room = room};

    for (const char *at = format; *at != 0;) {
        const char *percent = strchrnul(at, '%');
        struct directive directive;
        int stars[2] = {0}, size = 0;
        char *place;
        size_t left;

        append(&target, at, (size_t)(percent - at));
        if (*percent == 0)
            break;
        at = read_directive(percent, &directive);
        place = target.size < room ? to + target.size : NULL;
        left = place != NULL ? room - target.size : 0;
        for (unsigned i = 0; i < directive.stars; i++)
            stars[i] = va_arg(args, int);
        switch (directive.kind) {
        case '%':
            append(&target, "%", 1);
            continue;
        case 's': {
            const char *string = va_arg(args, const char *);

            ASSERT(directive.is_bytes || directive.stars == 0);
            if (directive.is_bytes)
                append(&target, string, (size_t)stars[0]);
            else if (directive.text[1] == 's')
                append(&target, string, strlen(string));
            else
                size = FORMAT_AS(string);
            break;
        }
        case 'c':
            append(&target, &(char){(char)va_arg(args, int)}, 1);
            continue;
        case 'p':
            size = FORMAT_AS(va_arg(args, void *));
            break;
        case 'f':
        case 'g':
            size = FORMAT_AS(va_arg(args, double));
            break;
        default:
            if (directive.longs == 0)
                size = FORMAT_AS(va_arg(args, int));
            else if (directive.longs == 1)
                size = FORMAT_AS(va_arg(args, long));
            else
                size = FORMAT_AS(va_arg(args, long long));
        }
        ASSERT(size >= 0);
        target.size += (size_t)size;
    }
    if (target.size < room)
        to[target.size] = 0;
    else if (room != 0)
        to[room - 1] = 0;
    return target.size;
}
#pragma GCC diagnostic pop

static void append(struct target *target, const char *text, size_t size)
{
    if (size != 0 && target->size < target->room) {
        size_t left = target->room - target->size;

        memcpy(target->to + target->size, text, size < left ? size : left);
    }
    target->size += size;
}

/* Behind it. */
static const char *read_directive(const char *at, struct directive *directive)
{
    const char *begin = at;
    size_t size;

    *directive = (struct directive){0};
    for (at++; *at != 0 && strchr("-+ #0123456789.*", *at) != NULL; at++)
        directive->stars += *at == '*';
    for (; *at != 0 && strchr("hlz", *at) != NULL; at++)
        directive->longs += *at != 'h';
    directive->kind = *at++;
    ASSERT(directive->kind != 0 && strchr("diuxcspfg%", directive->kind) != NULL);
    size = (size_t)(at - begin);
    ASSERT(size < DIRECTIVE_MAX && directive->stars <= 2);
    memcpy(directive->text, begin, size);
    directive->is_bytes = strcmp(directive->text, "%.*s") == 0;
    return at;
}
