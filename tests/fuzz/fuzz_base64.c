/* fuzz_base64.c - base64 text: what decodes is the one spelling of its bytes, so it encodes to the
 * same text; the rest is refused.
 */
#include "base/arena.h"
#include "base/assert.h"
#include "base/base64.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {data, size};
    /* Exactly the room the contract asks for: one byte more is seen by the sanitizer. */
    uint8_t *decoded = malloc(base64_decoded_bytes_max(size));
    size_t decoded_size;

    if (base64_decode(text, decoded, &decoded_size)) {
        struct buf again;

        buf_init(&again, size);
        base64_append(&again, (struct bytes){decoded, decoded_size});
        ASSERT(!again.overflowed);
        ASSERT(bytes_equal(buf_bytes(&again), text));
        buf_fini(&again);
    }
    free(decoded);
    return 0;
}
