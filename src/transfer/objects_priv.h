/* objects_priv.h - what a kind of buckets implements. Parts arrive cut and hashed. */
#pragma once

#include "transfer/objects.h"

struct objects_walk; /* of the kind */
struct objects_source;
struct objects_upload;

struct objects_class {
    void (*close)(void *self);
    enum err (*walk_open)(void *self, struct objects_call *call, struct bytes prefix,
                          struct objects_walk **walk);
    enum err (*walk_page)(struct objects_walk *walk, struct objects_page *page);
    void (*walk_close)(struct objects_walk *walk);
    /* size: of the whole object. */
    enum err (*source_open)(void *self, struct objects_call *call, struct bytes key, uint64_t from,
                            struct objects_source **source, uint64_t *size);
    enum err (*source_read)(struct objects_source *source, void *out, size_t size, size_t *got);
    void (*source_close)(struct objects_source *source);
    enum err (*put)(void *self, struct objects_call *call, struct bytes key, struct bytes body,
                    const uint8_t *md5, const struct objects_put_settings *settings);
    enum err (*upload_begin)(void *self, struct objects_call *call, struct bytes key,
                             const struct objects_put_settings *settings,
                             struct objects_upload **upload);
    enum err (*upload_part)(struct objects_upload *upload, struct bytes part, const uint8_t *md5);
    /* etag: what the parts' digests gave; the kind may know better. Frees the upload if OK. */
    enum err (*upload_finish)(struct objects_upload *upload, char etag[OBJECTS_ETAG_SIZE]);
    void (*upload_abandon)(struct objects_upload *upload);
};

struct objects {
    const struct objects_class *class;
    void *self;
};

enum err objects_fail(struct objects_call *call, enum err err, const char *code, const char *format,
                      ...) PRINTF_LIKE(4, 5);
enum err objects_fail_no_bucket(struct objects_call *call);
void objects_md5(struct bytes data, uint8_t md5[OBJECTS_MD5_BYTES]);
bool objects_stopping(const struct objects_call *call);

/* DIR of "file:DIR"; it need not exist. */
enum err objects_file_open(const char *dir, struct fault *fault, struct objects *objects);

/* ERR_CONFIG: the place is not one of S3 either. */
enum err objects_s3_open(const struct objects_options *options, struct fault *fault,
                         struct objects *objects);

/* A key that can be a file: parts of 1 to 255 bytes between single '/', none of them "." or "..",
 * no NUL. */
bool objects_file_key_valid(struct bytes key);
