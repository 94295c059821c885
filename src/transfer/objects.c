/* objects.c - what all buckets have in common: cutting uploads into parts, digests, ETags. */
#include "transfer/objects.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "transfer/objects_priv.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define FAILURE_BYTES_MAX ((size_t)4 << 10)

struct objects_list {
    const struct objects_class *class;
    struct objects_walk *walk;
};

struct objects_reader {
    const struct objects_class *class;
    struct objects_source *source;
    uint64_t size;
};

struct objects_writer {
    const struct objects_class *class;
    struct objects_call *call;
    struct objects_upload *upload;
    struct buf part;
    EVP_MD_CTX *whole;
    EVP_MD_CTX *parts; /* digest of the parts' digests */
    unsigned part_count;
    uint64_t size;
};

static struct bytes text_of(struct objects_call *call, struct bytes said);
static enum err send_part(struct objects_writer *writer);
static void writer_free(struct objects_writer *writer);
static EVP_MD_CTX *md5_begin(void);
static void md5_add(EVP_MD_CTX *md5, struct bytes data);
static void md5_end(EVP_MD_CTX *md5, uint8_t out[OBJECTS_MD5_BYTES]);
static void write_etag(const uint8_t digest[OBJECTS_MD5_BYTES], unsigned parts,
                       char etag[OBJECTS_ETAG_SIZE]);

enum err objects_open(const struct objects_options *options, struct fault *fault,
                      struct objects **objects)
{
    struct objects *o = mem_zalloc(sizeof(*o));
    enum err err = OK;

    if (options->place != NULL && strncmp(options->place, "file:", 5) == 0 &&
        options->place[5] != 0)
        err = objects_file_open(options->place + 5, fault, o);
    else if (options->place != NULL)
        err = objects_s3_open(options, fault, o);
    if (err != OK) {
        free(o);
        return err;
    }
    *objects = o;
    return OK;
}

void objects_close(struct objects **objects)
{
    struct objects *o = *objects;

    if (o == NULL)
        return;
    if (o->class != NULL)
        o->class->close(o->self);
    free(o);
    *objects = NULL;
}

enum err objects_list_open(struct objects *objects, struct objects_call *call, struct bytes prefix,
                           struct objects_list **list)
{
    struct objects_walk *walk;
    enum err err;

    if (objects->class == NULL)
        return objects_fail_no_bucket(call);
    err = objects->class->walk_open(objects->self, call, prefix, &walk);
    if (err != OK)
        return err;
    *list = mem_zalloc(sizeof(**list));
    **list = (struct objects_list){objects->class, walk};
    return OK;
}

enum err objects_list_page(struct objects_list *list, struct objects_page *page)
{
    *page = (struct objects_page){.count = 0};
    return list->class->walk_page(list->walk, page);
}

void objects_list_close(struct objects_list **list)
{
    if (*list == NULL)
        return;
    (*list)->class->walk_close((*list)->walk);
    free(*list);
    *list = NULL;
}

enum err objects_get_open(struct objects *objects, struct objects_call *call, struct bytes key,
                          uint64_t from, struct objects_reader **reader)
{
    struct objects_source *source;
    uint64_t size;
    enum err err;

    if (objects->class == NULL)
        return objects_fail_no_bucket(call);
    err = objects->class->source_open(objects->self, call, key, from, &source, &size);
    if (err != OK)
        return err;
    *reader = mem_zalloc(sizeof(**reader));
    **reader = (struct objects_reader){objects->class, source, size};
    return OK;
}

uint64_t objects_get_size(const struct objects_reader *reader)
{
    return reader->size;
}

enum err objects_get_read(struct objects_reader *reader, void *out, size_t size, size_t *got)
{
    return reader->class->source_read(reader->source, out, size, got);
}

void objects_get_close(struct objects_reader **reader)
{
    if (*reader == NULL)
        return;
    (*reader)->class->source_close((*reader)->source);
    free(*reader);
    *reader = NULL;
}

enum err objects_put(struct objects *objects, struct objects_call *call, struct bytes key,
                     struct bytes body, const struct objects_put_settings *settings,
                     struct objects_put_result *result)
{
    enum err err;

    if (objects->class == NULL)
        return objects_fail_no_bucket(call);
    objects_md5(body, result->md5);
    write_etag(result->md5, 0, result->etag);
    result->size_bytes = body.size;
    err = objects->class->put(objects->self, call, key, body, result->md5, settings);
    return err;
}

enum err objects_put_open(struct objects *objects, struct objects_call *call, struct bytes key,
                          const struct objects_put_settings *settings,
                          struct objects_writer **writer)
{
    struct objects_upload *upload;
    enum err err;

    if (objects->class == NULL)
        return objects_fail_no_bucket(call);
    err = objects->class->upload_begin(objects->self, call, key, settings, &upload);
    if (err != OK)
        return err;
    *writer = mem_zalloc(sizeof(**writer));
    **writer = (struct objects_writer){
        .class = objects->class,
        .call = call,
        .upload = upload,
        .whole = md5_begin(),
        .parts = md5_begin(),
    };
    buf_init(&(*writer)->part, OBJECTS_PART_BYTES);
    return OK;
}

enum err objects_put_write(struct objects_writer *writer, struct bytes data)
{
    md5_add(writer->whole, data);
    writer->size += data.size;
    while (data.size != 0) {
        size_t room = OBJECTS_PART_BYTES - writer->part.size;
        size_t take = data.size < room ? data.size : room;
        enum err err;

        buf_append(&writer->part, data.data, take);
        data = bytes_skip(data, take);
        if (writer->part.size < OBJECTS_PART_BYTES)
            break;
        err = send_part(writer);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err objects_put_finish(struct objects_writer **writer, struct objects_put_result *result)
{
    struct objects_writer *w = *writer;
    uint8_t digest[OBJECTS_MD5_BYTES];
    enum err err = OK;

    if (w->part.size != 0 || w->part_count == 0)
        err = send_part(w);
    if (err != OK)
        return err;
    md5_end(w->parts, digest);
    write_etag(digest, w->part_count, result->etag);
    md5_end(w->whole, result->md5);
    result->size_bytes = w->size;
    err = w->class->upload_finish(w->upload, result->etag);
    if (err != OK)
        return err;
    writer_free(w);
    *writer = NULL;
    return OK;
}

void objects_put_abandon(struct objects_writer **writer)
{
    if (*writer == NULL)
        return;
    (*writer)->class->upload_abandon((*writer)->upload);
    writer_free(*writer);
    *writer = NULL;
}

enum err objects_fail(struct objects_call *call, enum err err, const char *code, const char *format,
                      ...)
{
    va_list args;

    va_start(args, format);
    call->message = text_of(call, arena_vformat(call->arena, format, args));
    va_end(args);
    call->code = arena_copy(call->arena, text_of(call, bytes_of_string(code)));
    return err;
}

/* Keys and an endpoint's words are any bytes, as many as it likes; a record of a job is text. */
static struct bytes text_of(struct objects_call *call, struct bytes said)
{
    if (said.size > FAILURE_BYTES_MAX)
        said.size = FAILURE_BYTES_MAX;
    return unicode_repaired(said, call->arena);
}

enum err objects_fail_no_bucket(struct objects_call *call)
{
    return objects_fail(call, ERR_IO, "S3NoSuchBucket",
                        "The specified bucket does not exist (Bucket: %.*s)",
                        BYTES_ARGS(call->bucket));
}

void objects_md5(struct bytes data, uint8_t md5[OBJECTS_MD5_BYTES])
{
    EVP_MD_CTX *hash = md5_begin();

    md5_add(hash, data);
    md5_end(hash, md5);
    EVP_MD_CTX_free(hash);
}

bool objects_stopping(const struct objects_call *call)
{
    return call->stopping != NULL && call->stopping(call->stopping_ctx);
}

static enum err send_part(struct objects_writer *writer)
{
    struct bytes part = buf_bytes(&writer->part);
    uint8_t digest[OBJECTS_MD5_BYTES];
    enum err err;

    if (writer->part_count == OBJECTS_PARTS_MAX)
        return objects_fail(writer->call, ERR_TOO_LARGE, "S3EntityTooLarge",
                            "An object cannot have more than %d parts of %zu bytes",
                            OBJECTS_PARTS_MAX, OBJECTS_PART_BYTES);
    if (objects_stopping(writer->call))
        return objects_fail(writer->call, ERR_CANCELLED, "S3Cancelled", "The upload was given up");
    objects_md5(part, digest);
    md5_add(writer->parts, bytes_make(digest, sizeof(digest)));
    err = writer->class->upload_part(writer->upload, part, digest);
    writer->part_count++;
    buf_reset(&writer->part, OBJECTS_PART_BYTES);
    return err;
}

static void writer_free(struct objects_writer *writer)
{
    EVP_MD_CTX_free(writer->whole);
    EVP_MD_CTX_free(writer->parts);
    buf_fini(&writer->part);
    free(writer);
}

static EVP_MD_CTX *md5_begin(void)
{
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    int ok = md5 != NULL && EVP_DigestInit_ex(md5, EVP_md5(), NULL);

    ASSERT(ok); /* fails for a lack of memory alone */
    return md5;
}

static void md5_add(EVP_MD_CTX *md5, struct bytes data)
{
    int ok = EVP_DigestUpdate(md5, data.data, data.size);

    ASSERT(ok);
}

static void md5_end(EVP_MD_CTX *md5, uint8_t out[OBJECTS_MD5_BYTES])
{
    int ok = EVP_DigestFinal_ex(md5, out, NULL);

    ASSERT(ok);
}

/* parts 0: an object that was put in one request. */
static void write_etag(const uint8_t digest[OBJECTS_MD5_BYTES], unsigned parts,
                       char etag[OBJECTS_ETAG_SIZE])
{
    for (size_t i = 0; i < OBJECTS_MD5_BYTES; i++)
        snprintf(etag + 2 * i, 3, "%02x", digest[i]);
    if (parts != 0)
        snprintf(etag + 2 * (size_t)OBJECTS_MD5_BYTES, OBJECTS_ETAG_SIZE - 32, "-%u", parts);
}
