/* unpack.h - what a compressed object holds, as a stream.
 * Reads on where a gzip member or a zstd frame ends and another begins; an object without bytes
 * holds none, with every codec.
 * Ownership: the source is the caller's and outlives the stream.
 * Bounds:    UNPACK_INPUT_BYTES and the codec's window, at most 128 MiB with zstd (its default).
 */
#pragma once

#include "base/err.h"

#define UNPACK_INPUT_BYTES ((size_t)128 << 10)

enum unpack_codec { UNPACK_NONE, UNPACK_GZIP, UNPACK_ZSTD };

/* Up to size bytes of the packed object; *got 0: its end. Its errors are passed on. */
typedef enum err unpack_source_fn(void *ctx, void *out, size_t size, size_t *got);

struct unpack;

struct unpack *unpack_create(enum unpack_codec codec);
void unpack_destroy(struct unpack **unpack);

/* Begins an object; what was left of another is forgotten. */
void unpack_begin(struct unpack *unpack, unpack_source_fn *read, void *ctx);

/* Up to size bytes, at least one unless the end is reached: *got 0. ERR_CORRUPT: damaged or cut
 * off, with the offset in the packed object. Also the source's errors. An error is said again to
 * whoever reads on. */
enum err unpack_read(struct unpack *unpack, void *out, size_t size, struct fault *fault,
                     size_t *got) MUST_CHECK;
