/* unpack.c - zlib and libzstd as streams. */
#include "transfer/unpack.h"

#include "base/assert.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define WINDOW_GZIP           (15 + 16) /* zlib's way to say: gzip framing only */
#define ZSTD_HEADER_BYTES_MAX 18        /* RFC 8878, 3.1.1: magic number and frame header */

struct unpack {
    enum unpack_codec codec;
    unpack_source_fn *read;
    void *ctx;
    uint8_t *input; /* UNPACK_INPUT_BYTES */
    size_t at, end; /* what of it is still to be unpacked */
    uint64_t taken; /* from the source */
    bool ended;     /* the source is */
    bool inside;    /* a member or frame was begun and is not complete */
    enum err failed;
    const char *why; /* it failed; NULL: the source did */
    z_stream gzip;
    ZSTD_DStream *zstd;
    uint8_t header[ZSTD_HEADER_BYTES_MAX]; /* how the frame begins: at least its header */
    size_t header_size;
    uint64_t frame_bytes; /* that came out of it */
};

static enum err read_on(struct unpack *unpack, void *out, size_t size, size_t *got);
static enum err step(struct unpack *unpack, void *out, size_t size, size_t *got);
static enum err step_gzip(struct unpack *unpack, void *out, size_t size, size_t *got);
static enum err step_zstd(struct unpack *unpack, void *out, size_t size, size_t *got);
static bool is_frame_size_wrong(const struct unpack *unpack);
static enum err damaged(struct unpack *unpack, const char *why);

struct unpack *unpack_create(enum unpack_codec codec)
{
    struct unpack *u = mem_zalloc(sizeof(*u));

    u->codec = codec;
    if (codec == UNPACK_NONE)
        return u;
    u->input = mem_alloc(UNPACK_INPUT_BYTES);
    if (codec == UNPACK_GZIP) {
        int result = inflateInit2(&u->gzip, WINDOW_GZIP);

        ASSERT(result == Z_OK);
    } else {
        u->zstd = ZSTD_createDStream();
        ASSERT(u->zstd != NULL);
    }
    return u;
}

void unpack_destroy(struct unpack **unpack)
{
    struct unpack *u = *unpack;

    if (u == NULL)
        return;
    *unpack = NULL;
    if (u->codec == UNPACK_GZIP)
        inflateEnd(&u->gzip);
    ZSTD_freeDStream(u->zstd);
    free(u->input);
    free(u);
}

void unpack_begin(struct unpack *unpack, unpack_source_fn *read, void *ctx)
{
    unpack->read = read;
    unpack->ctx = ctx;
    unpack->at = unpack->end = 0;
    unpack->taken = 0;
    unpack->ended = unpack->inside = false;
    unpack->failed = OK;
    unpack->why = NULL;
    if (unpack->codec == UNPACK_GZIP)
        inflateReset(&unpack->gzip);
    if (unpack->codec == UNPACK_ZSTD)
        ZSTD_DCtx_reset(unpack->zstd, ZSTD_reset_session_only);
}

enum err unpack_read(struct unpack *unpack, void *out, size_t size, struct fault *fault,
                     size_t *got)
{
    ASSERT(size > 0);
    if (unpack->failed == OK)
        unpack->failed = read_on(unpack, out, size, got);
    if (unpack->why == NULL)
        return unpack->failed;
    return fault_set(fault, unpack->failed, "%s data is not valid at byte %" PRIu64 ": %s",
                     unpack->codec == UNPACK_GZIP ? "GZIP" : "ZSTD",
                     unpack->taken - (unpack->end - unpack->at), unpack->why);
}

static enum err read_on(struct unpack *unpack, void *out, size_t size, size_t *got)
{
    enum err err;

    if (unpack->codec == UNPACK_NONE)
        return unpack->read(unpack->ctx, out, size, got);
    *got = 0;
    while (*got == 0) {
        if (unpack->at == unpack->end && !unpack->ended) {
            unpack->at = 0;
            err = unpack->read(unpack->ctx, unpack->input, UNPACK_INPUT_BYTES, &unpack->end);
            if (err != OK) {
                unpack->end = 0;
                return err;
            }
            unpack->taken += unpack->end;
            unpack->ended = unpack->end == 0;
        }
        if (unpack->ended && unpack->at == unpack->end && !unpack->inside)
            return OK;
        err = step(unpack, out, size, got);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err step(struct unpack *unpack, void *out, size_t size, size_t *got)
{
    size_t at = unpack->at;
    enum err err = unpack->codec == UNPACK_GZIP ? step_gzip(unpack, out, size, got)
                                                : step_zstd(unpack, out, size, got);

    if (err == OK && unpack->ended && *got == 0 && unpack->at == at && unpack->inside)
        return damaged(unpack, "it ends too early");
    return err;
}

static enum err step_gzip(struct unpack *unpack, void *out, size_t size, size_t *got)
{
    z_stream *stream = &unpack->gzip;
    int result;

    stream->next_in = unpack->input + unpack->at;
    stream->avail_in = (uInt)(unpack->end - unpack->at);
    stream->next_out = out;
    stream->avail_out = size > UINT32_MAX ? UINT32_MAX : (uInt)size;
    size = stream->avail_out;
    unpack->inside = true;
    result = inflate(stream, Z_NO_FLUSH);
    unpack->at = unpack->end - stream->avail_in;
    *got = size - stream->avail_out;
    if (result == Z_STREAM_END) {
        unpack->inside = false;
        inflateReset(stream);
        return OK;
    }
    if (result == Z_OK || result == Z_BUF_ERROR)
        return OK;
    return damaged(unpack, stream->msg != NULL ? stream->msg : "a preset dictionary");
}

/* What libzstd does with a frame's header depends on how much of the frame it is given at once: a
 * whole frame is decoded by another way than a stream, with other limits, and the formats of before
 * 2016 are looked for at the beginning of each piece. Headers therefore go in byte by byte, so that
 * an object means the same however it arrives. */
static enum err step_zstd(struct unpack *unpack, void *out, size_t size, size_t *got)
{
    ZSTD_inBuffer in = {unpack->input, unpack->end, unpack->at};
    ZSTD_outBuffer to = {out, size, 0};
    bool in_header;
    size_t result;

    if (!unpack->inside)
        unpack->frame_bytes = unpack->header_size = 0;
    in_header = unpack->header_size < ZSTD_HEADER_BYTES_MAX && in.pos < in.size;
    if (in_header)
        in.size = in.pos + 1;
    result = ZSTD_decompressStream(unpack->zstd, &to, &in);
    if (in_header && in.pos > unpack->at)
        unpack->header[unpack->header_size++] = unpack->input[unpack->at];
    unpack->at = in.pos;
    unpack->frame_bytes += to.pos;
    *got = to.pos;
    if (ZSTD_isError(result))
        return damaged(unpack, ZSTD_getErrorName(result));
    unpack->inside = result != 0;
    if (!unpack->inside && is_frame_size_wrong(unpack))
        return damaged(unpack, "a frame holds less or more than it says");
    return OK;
}

/* As a stream, libzstd 1.5 does not ask this of a frame whose last block is empty. */
static bool is_frame_size_wrong(const struct unpack *unpack)
{
    unsigned long long said = ZSTD_getFrameContentSize(unpack->header, unpack->header_size);

    return said != ZSTD_CONTENTSIZE_UNKNOWN && said != ZSTD_CONTENTSIZE_ERROR &&
           said != unpack->frame_bytes;
}

static enum err damaged(struct unpack *unpack, const char *why)
{
    unpack->why = why;
    return ERR_CORRUPT;
}
