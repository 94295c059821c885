/* objects.h - buckets of objects, as exports write them and imports read them.
 * The buckets are those of an S3 endpoint, or folders below a directory (`file:DIR`): the folder
 * DIR/b stands for bucket b, the file DIR/b/x/y for its key x/y. Nobody makes buckets here: a file
 * bucket is made with mkdir.
 * Results:   an object is there whole or not at all; a put that returned OK is durable. Its ETag is
 *            what S3 gives a multipart upload, with either kind of bucket.
 * Failures:  besides the error, code and message of the call say why, in the words that exports and
 *            imports show as FailureCode and FailureMessage: S3NoSuchBucket, S3AccessDenied, ...
 *            ERR_ABSENT: no such key (S3NoSuchKey). ERR_NO_SPACE: the disk is full
 *            (S3StorageFull). ERR_CANCELLED: the call was stopping. ERR_IO: everything else.
 * Ownership: what a call returns is in its arena. Lists, readers and writers keep their call.
 * Threads:   any, each with a call of its own. All calls wait: never on a loop.
 * Bounds:    a writer holds one part in memory, a reader one piece of as many bytes, a list one
 *            page (and names, where folders give them in no order); requests are repeated for
 *            retry_ms_max at most, and each makes progress or ends.
 * Source:    Amazon S3 API reference, 2006-03-01
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct objects;
struct objects_list;
struct objects_reader;
struct objects_writer;

#define OBJECTS_PART_BYTES    ((size_t)8 << 20) /* of a multipart upload, but for the last part */
#define OBJECTS_PARTS_MAX     10000
#define OBJECTS_PAGE_KEYS_MAX 1000
#define OBJECTS_KEY_BYTES_MAX 1024
#define OBJECTS_ETAG_SIZE     130 /* S3's have 32 hex digits, '-', number of parts; and a NUL */
#define OBJECTS_MD5_BYTES     16

enum objects_style { OBJECTS_STYLE_PATH, OBJECTS_STYLE_VIRTUAL };

struct objects_options {
    /* "file:DIR", "s3:https://HOST[:PORT]" (or http), "s3:" for AWS's endpoint of the region; NULL:
     * no bucket exists. */
    const char *place;
    const char *region;        /* of signatures */
    const char *access_key_id; /* NULL: requests are not signed */
    const char *secret_access_key;
    const char *ca_file; /* certificates to trust instead of the system's; NULL: those */
    enum objects_style style;
    uint32_t retry_ms_max; /* 0: a minute */
};

/* One caller's work in one bucket, in; why it failed, out. */
struct objects_call {
    struct bytes bucket;
    struct bytes owner; /* account the bucket must belong to, 12 digits; empty: any */
    struct arena *arena;
    bool (*stopping)(void *ctx); /* asked while something is waited for; NULL: never stopping */
    void *stopping_ctx;
    struct bytes code;
    struct bytes message;
};

/* ERR_CONFIG: the place is none. Does not connect to anything. */
enum err objects_open(const struct objects_options *options, struct fault *fault,
                      struct objects **objects) MUST_CHECK;
void objects_close(struct objects **objects);

/* ---- listing ---- */

struct objects_entry {
    struct bytes key;
    uint64_t size_bytes;
};

struct objects_page {
    struct objects_entry *entries; /* at most OBJECTS_PAGE_KEYS_MAX, in the order of their keys */
    size_t count;
    bool more; /* there may be others behind them */
};

/* The keys that begin with prefix, any bytes, a page at a time: as they were at some time between
 * the open and their page. After an error there are no more pages. */
enum err objects_list_open(struct objects *objects, struct objects_call *call, struct bytes prefix,
                           struct objects_list **list) MUST_CHECK;
enum err objects_list_page(struct objects_list *list, struct objects_page *page) MUST_CHECK;
void objects_list_close(struct objects_list **list); /* NULL is fine */

/* ---- reading ---- */

/* From byte `from` on; at the object's end or behind it there is nothing to read. */
enum err objects_get_open(struct objects *objects, struct objects_call *call, struct bytes key,
                          uint64_t from, struct objects_reader **reader) MUST_CHECK;
/* Of the whole object. */
uint64_t objects_get_size(const struct objects_reader *reader);
/* Up to size bytes, fewer only at the end; *got 0: the end. ERR_CORRUPT (S3ObjectChanged): the
 * object is not the one that was opened. */
enum err objects_get_read(struct objects_reader *reader, void *out, size_t size,
                          size_t *got) MUST_CHECK;
void objects_get_close(struct objects_reader **reader);

/* ---- writing ---- */

/* What goes with an object; all empty: nothing does. Folders take no notice of it. */
struct objects_put_settings {
    struct bytes content_type;
    struct bytes encryption; /* x-amz-server-side-encryption: AES256 or aws:kms */
    struct bytes kms_key_id;
    bool owner_full_control; /* x-amz-acl: bucket-owner-full-control */
};

struct objects_put_result {
    uint64_t size_bytes;
    uint8_t md5[OBJECTS_MD5_BYTES]; /* of the whole object */
    char etag[OBJECTS_ETAG_SIZE];   /* without quotes */
};

/* One small object in one request. */
enum err objects_put(struct objects *objects, struct objects_call *call, struct bytes key,
                     struct bytes body, const struct objects_put_settings *settings,
                     struct objects_put_result *result) MUST_CHECK;

/* A large one, in parts. A writer that failed can only be abandoned. */
enum err objects_put_open(struct objects *objects, struct objects_call *call, struct bytes key,
                          const struct objects_put_settings *settings,
                          struct objects_writer **writer) MUST_CHECK;
enum err objects_put_write(struct objects_writer *writer, struct bytes data) MUST_CHECK;
/* OK ends the writer; an object without bytes is one, too. */
enum err objects_put_finish(struct objects_writer **writer,
                            struct objects_put_result *result) MUST_CHECK;
/* What was uploaded is given up. Also after a finish that failed; NULL is fine. */
void objects_put_abandon(struct objects_writer **writer);
