/* assert.c - the end of a process that found itself wrong. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void assert_fail(const char *condition, const char *file, int line)
{
    /* Not through the log: its own state may be what is broken. */
    fprintf(stderr, "level=fatal msg=\"assertion failed\" condition=\"%s\" at=%s:%d\n", condition,
            file, line);
    abort();
}
