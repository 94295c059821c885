/* objects_s3.c - buckets of an S3 endpoint. An object is read in pieces, each a request of its own
 * for the same ETag, so that a broken connection costs one piece; it is written as a multipart
 * upload, whatever its size, so that its ETag says so as the service's own exports do.
 */
#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "transfer/objects_priv.h"
#include "transfer/objects_s3_request.h"
#include "transfer/objects_xml.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECE_BYTES         OBJECTS_PART_BYTES
#define LIST_BYTES_MAX      ((size_t)16 << 20)
#define REPLY_BYTES_MAX     ((size_t)256 << 10)
#define PART_BYTES_MAX      ((size_t)1 << 10) /* of what completes an upload, for each part */
#define PART_ETAG_BYTES_MAX OBJECTS_ETAG_SIZE

struct objects_walk {
    struct s3 *s3;
    struct objects_call *call;
    struct arena arena;
    struct bytes prefix;
    struct arena_mark behind_prefix;
    struct bytes after; /* where the next page begins; empty: this is the first */
};

struct objects_source {
    struct s3 *s3;
    struct objects_call *call;
    struct bytes key, etag; /* in the call's arena */
    uint64_t at;            /* of the next piece */
    uint64_t size;
    struct buf piece;
    size_t used; /* of the piece */
};

struct objects_upload {
    struct s3 *s3;
    struct objects_call *call;
    struct bytes key, id;
    struct buf etags; /* <Part>... of what was uploaded */
    struct buf reply;
    unsigned count;
    uint64_t bytes;
};

static void s3_class_close(void *self);
static enum err s3_walk_open(void *self, struct objects_call *call, struct bytes prefix,
                             struct objects_walk **walk);
static enum err s3_walk_page(struct objects_walk *walk, struct objects_page *page);
static void s3_walk_close(struct objects_walk *walk);
static enum err s3_source_open(void *self, struct objects_call *call, struct bytes key,
                               uint64_t from, struct objects_source **source, uint64_t *size);
static enum err s3_source_read(struct objects_source *source, void *out, size_t size, size_t *got);
static void s3_source_close(struct objects_source *source);
static enum err s3_put(void *self, struct objects_call *call, struct bytes key, struct bytes body,
                       const uint8_t *md5, const struct objects_put_settings *settings);
static enum err s3_upload_begin(void *self, struct objects_call *call, struct bytes key,
                                const struct objects_put_settings *settings,
                                struct objects_upload **upload);
static enum err s3_upload_part(struct objects_upload *upload, struct bytes part,
                               const uint8_t *md5);
static enum err s3_upload_finish(struct objects_upload *upload, char etag[OBJECTS_ETAG_SIZE]);
static void s3_upload_abandon(struct objects_upload *upload);
static enum err note_part(struct objects_upload *upload, struct bytes etag, size_t size);
static void upload_free(struct objects_upload *upload);
static enum err read_page(struct objects_call *call, struct bytes xml, struct objects_page *page,
                          struct bytes *next);
static enum err send_scoped(struct s3 *s3, struct objects_call *call,
                            const struct s3_request *request, struct arena *scope,
                            struct s3_reply *reply);
static enum err next_piece(struct objects_source *source, bool first);
static enum err size_of_reply(struct objects_source *source, const struct s3_reply *reply);
static void add_settings(struct s3_request *request, const struct objects_put_settings *settings);
static struct bytes md5_text(const uint8_t *md5, struct arena *arena);
static enum err look_at_object(struct objects_upload *upload, const char *expected,
                               struct bytes *etag);
static void note_etag(struct bytes told, char etag[OBJECTS_ETAG_SIZE]);
static struct bytes unquoted(struct bytes etag);

static const struct objects_class class = {
    .close = s3_class_close,
    .walk_open = s3_walk_open,
    .walk_page = s3_walk_page,
    .walk_close = s3_walk_close,
    .source_open = s3_source_open,
    .source_read = s3_source_read,
    .source_close = s3_source_close,
    .put = s3_put,
    .upload_begin = s3_upload_begin,
    .upload_part = s3_upload_part,
    .upload_finish = s3_upload_finish,
    .upload_abandon = s3_upload_abandon,
};

enum err objects_s3_open(const struct objects_options *options, struct fault *fault,
                         struct objects *objects)
{
    struct s3 *s3;
    enum err err = s3_open(options, fault, &s3);

    if (err != OK)
        return err;
    objects->class = &class;
    objects->self = s3;
    return OK;
}

static void s3_class_close(void *self)
{
    struct s3 *s3 = self;

    s3_close(&s3);
}

/* ---- listing ---- */

static enum err s3_walk_open(void *self, struct objects_call *call, struct bytes prefix,
                             struct objects_walk **walk)
{
    struct objects_walk *w = mem_zalloc(sizeof(*w));

    w->s3 = self;
    w->call = call;
    arena_init(&w->arena);
    w->prefix = arena_copy(&w->arena, prefix);
    w->behind_prefix = arena_mark(&w->arena);
    *walk = w;
    return OK;
}

static void s3_walk_close(struct objects_walk *walk)
{
    arena_fini(&walk->arena);
    free(walk);
}

static enum err s3_walk_page(struct objects_walk *walk, struct objects_page *page)
{
    struct objects_call *call = walk->call;
    struct s3_request request = {.method = "GET"};
    struct bytes next = {0};
    struct s3_reply reply;
    struct buf xml;
    enum err err;

    buf_init(&xml, LIST_BYTES_MAX);
    request.reply = &xml;
    request.query =
        arena_format(call->arena, "%.*s%slist-type=2&max-keys=%d&%.*s",
                     BYTES_ARGS(walk->after.size != 0
                                    ? s3_parameter("continuation-token", walk->after, call->arena)
                                    : BYTES("")),
                     walk->after.size != 0 ? "&" : "", OBJECTS_PAGE_KEYS_MAX,
                     BYTES_ARGS(s3_parameter("prefix", walk->prefix, call->arena)));
    err = s3_send(walk->s3, call, &request, &reply);
    if (err == OK)
        err = read_page(call, buf_bytes(&xml), page, &next);
    buf_fini(&xml);
    if (err == OK && next.size != 0 && bytes_equal(next, walk->after)) /* for ever */
        return objects_fail(call, ERR_IO, "S3InternalError",
                            "The list of objects goes on where it just did");
    page->more = next.size != 0;
    arena_release(&walk->arena, walk->behind_prefix);
    walk->after = arena_copy(&walk->arena, next);
    return err;
}

/* *next: where the next page begins; empty: there is none. What is not a whole list must not pass
 * for one: what it leaves out would be left out of an import. */
static enum err read_page(struct objects_call *call, struct bytes xml, struct objects_page *page,
                          struct bytes *next)
{
    struct bytes rest = xml, entry;

    if (!objects_xml_next(&rest, "ListBucketResult", &xml))
        return objects_fail(call, ERR_IO, "S3InternalError",
                            "The list of objects is not one of S3's");
    rest = xml;
    page->entries = arena_new_array(call->arena, struct objects_entry, OBJECTS_PAGE_KEYS_MAX);
    while (page->count < OBJECTS_PAGE_KEYS_MAX && objects_xml_next(&rest, "Contents", &entry)) {
        struct bytes size = objects_xml_text(entry, "Size", call->arena);
        struct objects_entry *each = &page->entries[page->count++];

        each->key = objects_xml_text(entry, "Key", call->arena);
        each->size_bytes = strtoull((const char *)arena_copy(call->arena, size).data, NULL, 10);
    }
    if (objects_xml_next(&rest, "Contents", &entry))
        return objects_fail(call, ERR_IO, "S3InternalError",
                            "The list of objects has more than were asked for");
    *next = BYTES("");
    if (!bytes_equal_string(objects_xml_text(xml, "IsTruncated", call->arena), "true"))
        return OK;
    *next = objects_xml_text(xml, "NextContinuationToken", call->arena);
    return next->size != 0 ? OK
                           : objects_fail(call, ERR_IO, "S3InternalError",
                                          "The list of objects does not say how it goes on");
}

/* ---- reading ---- */

static enum err s3_source_open(void *self, struct objects_call *call, struct bytes key,
                               uint64_t from, struct objects_source **source, uint64_t *size)
{
    struct objects_source *s = mem_zalloc(sizeof(*s));
    enum err err;

    *s = (struct objects_source){
        .s3 = self, .call = call, .key = arena_copy(call->arena, key), .at = from};
    buf_init(&s->piece, PIECE_BYTES);
    err = next_piece(s, true);
    if (err != OK) {
        s3_source_close(s);
        return err;
    }
    *size = s->size;
    *source = s;
    return OK;
}

static enum err s3_source_read(struct objects_source *source, void *out, size_t size, size_t *got)
{
    size_t done = 0;

    while (done < size) {
        size_t left = source->piece.size - source->used;
        size_t take = left < size - done ? left : size - done;
        enum err err;

        if (take != 0)
            memcpy((uint8_t *)out + done, source->piece.data + source->used, take);
        source->used += take;
        done += take;
        if (done == size || source->at >= source->size)
            break;
        err = next_piece(source, false);
        if (err != OK)
            return err;
    }
    *got = done;
    return OK;
}

static void s3_source_close(struct objects_source *source)
{
    buf_fini(&source->piece);
    free(source);
}

/* A request of many, in an arena of its own: of what comes with it, only a failure is kept. */
static enum err send_scoped(struct s3 *s3, struct objects_call *call,
                            const struct s3_request *request, struct arena *scope,
                            struct s3_reply *reply)
{
    struct arena *own = call->arena;
    enum err err;

    call->arena = scope;
    err = s3_send(s3, call, request, reply);
    call->arena = own;
    if (err != OK) {
        call->code = arena_copy(own, call->code);
        call->message = arena_copy(own, call->message);
    }
    return err;
}

static enum err next_piece(struct objects_source *source, bool first)
{
    struct s3_request request = {.method = "GET", .key = source->key, .reply = &source->piece};
    struct s3_reply reply;
    struct arena scope;
    enum err err;

    arena_init(&scope);
    s3_add_header(&request, "range",
                  arena_format(&scope, "bytes=%llu-%llu", (unsigned long long)source->at,
                               (unsigned long long)(source->at + PIECE_BYTES - 1)));
    if (!first)
        s3_add_header(&request, "if-match", source->etag);
    source->used = 0;
    reply = (struct s3_reply){.tries = 0};
    err = first || source->etag.size != 0
              ? send_scoped(source->s3, source->call, &request, &scope, &reply)
              : objects_fail(source->call, ERR_IO, "S3InternalError",
                             "The endpoint sends no ETag to read an object in pieces by (Key: "
                             "%.*s)",
                             BYTES_ARGS(source->key));
    if (err != OK && reply.http.status == 416 && first) { /* nothing from there on */
        source->piece.size = 0;
        err = size_of_reply(source, &reply);
    } else if (err != OK && reply.http.status == 412) {
        err = objects_fail(source->call, ERR_CORRUPT, "S3ObjectChanged",
                           "The object was changed while it was read (Key: %.*s)",
                           BYTES_ARGS(source->key));
    } else if (err == OK) {
        if (first)
            source->etag = arena_copy(source->call->arena, http_client_header(&reply.http, "etag"));
        err = first ? size_of_reply(source, &reply) : OK;
        if (err == OK && source->piece.size == 0 && source->at < source->size)
            err = objects_fail(source->call, ERR_IO, "S3InternalError",
                               "The endpoint sent nothing of a range (Key: %.*s)",
                               BYTES_ARGS(source->key));
        source->at += source->piece.size;
    }
    arena_fini(&scope);
    return err;
}

/* Content-Range: bytes 0-9/443 of a part, bytes * /443 if there is none, and none at all of an
 * endpoint that sent the whole object. */
static enum err size_of_reply(struct objects_source *source, const struct s3_reply *reply)
{
    struct bytes range = http_client_header(&reply->http, "content-range");
    const uint8_t *slash = range.size == 0 ? NULL : memchr(range.data, '/', range.size);

    if (slash != NULL) {
        source->size = strtoull((const char *)slash + 1, NULL, 10);
        return OK;
    }
    if (source->at == 0) {
        source->size = reply->http.status == 416 ? 0 : source->piece.size;
        return OK;
    }
    return objects_fail(source->call, ERR_IO, "S3InternalError",
                        "The endpoint does not send ranges of objects (Key: %.*s)",
                        BYTES_ARGS(source->key));
}

/* ---- writing ---- */

static enum err s3_put(void *self, struct objects_call *call, struct bytes key, struct bytes body,
                       const uint8_t *md5, const struct objects_put_settings *settings)
{
    struct s3_request request = {.method = "PUT", .key = key, .body = body};
    struct s3_reply reply;
    struct buf text;
    enum err err;

    buf_init(&text, REPLY_BYTES_MAX);
    request.reply = &text;
    s3_add_header(&request, "content-md5", md5_text(md5, call->arena));
    add_settings(&request, settings);
    err = s3_send(self, call, &request, &reply);
    buf_fini(&text);
    return err;
}

static enum err s3_upload_begin(void *self, struct objects_call *call, struct bytes key,
                                const struct objects_put_settings *settings,
                                struct objects_upload **upload)
{
    struct s3_request request = {.method = "POST", .key = key, .query = BYTES("uploads=")};
    struct objects_upload *u = mem_zalloc(sizeof(*u));
    struct s3_reply reply;
    enum err err;

    *u = (struct objects_upload){.s3 = self, .call = call, .key = arena_copy(call->arena, key)};
    buf_init(&u->etags, OBJECTS_PARTS_MAX * PART_BYTES_MAX);
    buf_init(&u->reply, REPLY_BYTES_MAX);
    request.reply = &u->reply;
    add_settings(&request, settings);
    err = s3_send(self, call, &request, &reply);
    if (err == OK) {
        u->id = objects_xml_text(buf_bytes(&u->reply), "UploadId", call->arena);
        if (u->id.size == 0)
            err = objects_fail(call, ERR_IO, "S3InternalError",
                               "The endpoint began an upload without an id");
    }
    if (err != OK) {
        upload_free(u);
        return err;
    }
    *upload = u;
    return OK;
}

static struct bytes upload_query(struct objects_upload *upload, unsigned part, struct arena *arena)
{
    struct bytes id = s3_parameter("uploadId", upload->id, arena);

    return part == 0 ? id : arena_format(arena, "partNumber=%u&%.*s", part, BYTES_ARGS(id));
}

static enum err s3_upload_part(struct objects_upload *upload, struct bytes part, const uint8_t *md5)
{
    struct s3_request request = {
        .method = "PUT", .key = upload->key, .body = part, .reply = &upload->reply};
    struct s3_reply reply;
    struct arena scope;
    enum err err;

    arena_init(&scope);
    request.query = upload_query(upload, upload->count + 1, &scope);
    s3_add_header(&request, "content-md5", md5_text(md5, &scope));
    err = send_scoped(upload->s3, upload->call, &request, &scope, &reply);
    if (err == OK)
        err = note_part(upload, http_client_header(&reply.http, "etag"), part.size);
    arena_fini(&scope);
    return err;
}

/* It is the endpoint's word for the part, whatever it is made of, and what the upload is completed
 * with. */
static enum err note_part(struct objects_upload *upload, struct bytes etag, size_t size)
{
    if (etag.size == 0 || etag.size > PART_ETAG_BYTES_MAX)
        return objects_fail(upload->call, ERR_IO, "S3InternalError",
                            "The endpoint took a part of an object without an ETag for it (Key: "
                            "%.*s)",
                            BYTES_ARGS(upload->key));
    upload->count++;
    upload->bytes += size;
    buf_append_format(&upload->etags, "<Part><PartNumber>%u</PartNumber><ETag>", upload->count);
    objects_xml_append(&upload->etags, etag);
    buf_append_lit(&upload->etags, "</ETag></Part>");
    return OK;
}

static enum err s3_upload_finish(struct objects_upload *upload, char etag[OBJECTS_ETAG_SIZE])
{
    struct s3_request request = {.method = "POST", .key = upload->key, .reply = &upload->reply};
    struct objects_call *call = upload->call;
    struct s3_reply reply;
    struct bytes told = {0};
    enum err err;

    request.query = upload_query(upload, 0, call->arena);
    request.body = arena_concat(
        call->arena,
        (struct bytes[]){BYTES("<CompleteMultipartUpload "
                               "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"),
                         buf_bytes(&upload->etags), BYTES("</CompleteMultipartUpload>")},
        3);
    err = s3_send(upload->s3, call, &request, &reply);
    if (err == OK)
        told = unquoted(objects_xml_text(buf_bytes(&upload->reply), "ETag", call->arena));
    if (err != OK && reply.http.status == 404 && look_at_object(upload, etag, &told) == OK) {
        err = OK; /* completed by an earlier try, ours or libcurl's own, whose answer was lost */
        call->code = call->message = BYTES("");
    }
    if (err == OK && told.size == 0 && look_at_object(upload, etag, &told) != OK)
        told = BYTES(""); /* a digest of digests, then: right but where a key encrypts it */
    if (err != OK)
        return err;
    note_etag(told, etag);
    upload_free(upload);
    return OK;
}

/* What the manifest shows is what the endpoint says. */
static void note_etag(struct bytes told, char etag[OBJECTS_ETAG_SIZE])
{
    if (told.size != 0 && told.size < OBJECTS_ETAG_SIZE)
        snprintf(etag, OBJECTS_ETAG_SIZE, "%.*s", BYTES_ARGS(told));
}

/* The object that the upload has become. Its ETag need not be the digest that is expected, as where
 * a key encrypts it; but then it ends with the number of parts. ERR_ABSENT: it is not there. */
static enum err look_at_object(struct objects_upload *upload, const char *expected,
                               struct bytes *etag)
{
    struct s3_request request = {.method = "HEAD", .key = upload->key, .reply = &upload->reply};
    struct objects_call call = *upload->call;
    char parts[16];
    struct s3_reply reply;
    struct bytes size, told;
    uint64_t bytes;
    size_t ending;

    if (s3_send(upload->s3, &call, &request, &reply) != OK)
        return ERR_ABSENT;
    size = arena_copy(call.arena, http_client_header(&reply.http, "content-length"));
    bytes = strtoull((const char *)size.data, NULL, 10);
    told = unquoted(http_client_header(&reply.http, "etag"));
    ending = (size_t)snprintf(parts, sizeof(parts), "-%u", upload->count);
    if (!bytes_equal_string(told, expected) &&
        (size.size == 0 || bytes != upload->bytes || told.size <= ending ||
         memcmp(told.data + told.size - ending, parts, ending) != 0))
        return ERR_ABSENT;
    *etag = told;
    return OK;
}

/* One try of its own: what is left costs room, not correctness, and buckets have rules for it. */
static void s3_upload_abandon(struct objects_upload *upload)
{
    struct s3_request request = {.method = "DELETE", .key = upload->key, .reply = &upload->reply};
    struct objects_call call = *upload->call;
    struct s3_reply reply;
    enum err err;

    call.stopping = NULL; /* it is when a server ends that uploads are given up */
    request.query = upload_query(upload, 0, upload->call->arena);
    err = s3_try(upload->s3, &call, &request, &reply);
    (void)err;
    upload_free(upload);
}

static void upload_free(struct objects_upload *upload)
{
    buf_fini(&upload->etags);
    buf_fini(&upload->reply);
    free(upload);
}

static void add_settings(struct s3_request *request, const struct objects_put_settings *settings)
{
    s3_add_header(request, "content-type", settings->content_type);
    s3_add_header(request, "x-amz-server-side-encryption", settings->encryption);
    s3_add_header(request, "x-amz-server-side-encryption-aws-kms-key-id", settings->kms_key_id);
    if (settings->owner_full_control)
        s3_add_header(request, "x-amz-acl", BYTES("bucket-owner-full-control"));
}

static struct bytes md5_text(const uint8_t *md5, struct arena *arena)
{
    struct buf text;

    buf_init_arena(&text, arena, 64);
    base64_append(&text, bytes_make(md5, OBJECTS_MD5_BYTES));
    return buf_finish_arena(&text);
}

static struct bytes unquoted(struct bytes etag)
{
    if (etag.size >= 2 && etag.data[0] == '"' && etag.data[etag.size - 1] == '"')
        return bytes_make(etag.data + 1, etag.size - 2);
    return etag;
}
