/* fuzz_objects_xml.c - what an S3 endpoint answers. Looking for elements stays inside the text and
 * ends; what is found is part of it, and a text is never longer than what it is of. The input lies
 * in memory of exactly its size, so that a sanitizer sees one byte more.
 */
#include "base/arena.h"
#include "base/assert.h"
#include "fuzz.h"
#include "transfer/objects_xml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Contents", "Key", "Code", "a"};
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    struct arena arena;

    if (size != 0)
        memcpy(copy, data, size);
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bytes rest = bytes_make(copy, size), inner;
        size_t before = rest.size + 1;

        while (objects_xml_next(&rest, names[i], &inner)) {
            ASSERT(rest.size < before); /* it goes on */
            before = rest.size;
            ASSERT(inner.size <= size);
            ASSERT(objects_xml_text(inner, "Key", &arena).size <= inner.size);
        }
        ASSERT(objects_xml_text(bytes_make(copy, size), names[i], &arena).size <= size);
    }
    arena_fini(&arena);
    free(copy);
    return 0;
}
