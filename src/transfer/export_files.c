/* export_files.c - lines through gzip into uploads, and what tells of them. */
#include "transfer/export_files.h"

#include "api/input.h"
#include "base/assert.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "json/json_write.h"
#include "transfer/objects_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define CHUNK_BYTES        ((size_t)64 << 10)
#define GZIP_WINDOW        (15 + 16) /* zlib: gzip around deflate */
#define GZIP_LEVEL         4         /* a third of the default's time for a tenth more bytes */
#define GZIP_MEMORY        8
#define MANIFEST_BYTES_MAX ((size_t)64 << 20)
#define SUMMARY_BYTES_MAX  ((size_t)64 << 10)

struct export_files {
    struct objects *objects;
    struct objects_call *call;
    const struct export_record *record;
    struct objects_put_settings settings;
    struct objects_writer *writer; /* of the present data file; NULL: there is none */
    struct bytes key;              /* its key */
    z_stream gzip;
    bool gzips;
    unsigned file_count;
    uint64_t line_count; /* of the present file */
    uint64_t text_bytes; /* of the present file */
    struct buf manifest; /* manifest-files.json */
    uint8_t chunk[CHUNK_BYTES];
};

static bool is_of_another(const struct export_record *record);
static enum err put_text(struct export_files *files, const char *name, struct bytes text,
                         bool with_digest);
static struct bytes key_of(const struct export_files *files, const char *name);
static enum err begin_file(struct export_files *files);
static enum err end_file(struct export_files *files);
static enum err gzip_add(struct export_files *files, struct bytes text, int flush);
static void member(struct buf *out, const char *name, struct bytes text);
static void member_or_null(struct buf *out, const char *name, struct bytes text);

enum err export_files_open(struct objects *objects, struct objects_call *call,
                           const struct export_record *record, struct export_files **files)
{
    struct export_files *f = mem_zalloc(sizeof(*f));
    bool kms = bytes_equal_string(record->encryption, "KMS");
    enum err err;

    f->objects = objects;
    f->call = call;
    f->record = record;
    f->settings = (struct objects_put_settings){
        .encryption = kms ? BYTES("aws:kms") : record->encryption,
        .kms_key_id = record->kms_key_id,
        .owner_full_control = is_of_another(record),
    };
    buf_init(&f->manifest, MANIFEST_BYTES_MAX);
    err = put_text(f, "_started", BYTES(""), false);
    if (err != OK) {
        export_files_close(&f);
        return err;
    }
    *files = f;
    return OK;
}

enum err export_files_add(struct export_files *files, struct bytes line)
{
    enum err err = OK;

    if (files->writer != NULL && files->text_bytes >= EXPORT_FILE_BYTES)
        err = end_file(files);
    if (err == OK && files->writer == NULL)
        err = begin_file(files);
    if (err == OK)
        err = gzip_add(files, line, Z_NO_FLUSH);
    files->line_count++;
    files->text_bytes += line.size;
    return err;
}

enum err export_files_finish(struct export_files *files, const struct export_record *record,
                             struct bytes *manifest)
{
    struct bytes summary;
    enum err err = OK;

    if (files->writer == NULL)
        err = begin_file(files);
    if (err == OK)
        err = end_file(files);
    if (err == OK && files->manifest.overflowed)
        err = objects_fail(files->call, ERR_TOO_LARGE, "InternalServerError",
                           "The export has too many files");
    if (err == OK)
        err = put_text(files, "manifest-files.json", buf_bytes(&files->manifest), true);
    if (err != OK)
        return err;
    summary = export_summary(record, key_of(files, "manifest-files.json"), files->call->arena);
    err = put_text(files, "manifest-summary.json", summary, true);
    if (err == OK)
        *manifest = key_of(files, "manifest-summary.json");
    return err;
}

void export_files_close(struct export_files **files)
{
    struct export_files *f = *files;

    if (f == NULL)
        return;
    objects_put_abandon(&f->writer);
    if (f->gzips)
        deflateEnd(&f->gzip);
    buf_fini(&f->manifest);
    free(f);
    *files = NULL;
}

void export_file_name(struct bytes export_id, unsigned number, char name[EXPORT_NAME_SIZE])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t digest[SHA256_BYTES];
    char text[64];

    snprintf(text, sizeof(text), "%.*s/%u", BYTES_ARGS(export_id), number);
    sha256(bytes_of_string(text), digest);
    for (size_t i = 0; i < EXPORT_NAME_SIZE - 1; i++)
        name[i] = letters[digest[i] % 32];
    name[EXPORT_NAME_SIZE - 1] = 0;
}

struct bytes export_summary(const struct export_record *r, struct bytes files_key,
                            struct arena *arena)
{
    struct buf out;

    buf_init_arena(&out, arena, SUMMARY_BYTES_MAX);
    buf_append_byte(&out, '{');
    member(&out, "version", r->is_incremental ? BYTES("2023-08-01") : BYTES("2020-06-30"));
    member(&out, "exportArn", r->arn);
    member(&out, "startTime", clock_text_in(arena, r->start_ms));
    member(&out, "endTime", clock_text_in(arena, r->end_ms));
    member(&out, "tableArn", r->table_arn);
    member(&out, "tableId", r->table_uuid);
    if (r->is_incremental) {
        member(&out, "exportFromTime", clock_text_in(arena, r->from_ms));
        member(&out, "exportToTime", clock_text_in(arena, r->to_ms));
    } else {
        member(&out, "exportTime", clock_text_in(arena, r->time_ms));
    }
    member(&out, "s3Bucket", r->bucket);
    member_or_null(&out, "s3Prefix", r->prefix);
    member(&out, "s3SseAlgorithm", r->encryption.size != 0 ? r->encryption : BYTES("AES256"));
    member_or_null(&out, "s3SseKmsKeyId", r->kms_key_id);
    member(&out, "manifestFilesS3Key", files_key);
    buf_append_format(&out, ",\"billedSizeBytes\":%llu,\"itemCount\":%llu",
                      (unsigned long long)r->billed_bytes, (unsigned long long)r->item_count);
    member(&out, "outputFormat", r->is_ion ? BYTES("ION") : BYTES("DYNAMODB_JSON"));
    if (r->is_incremental) {
        member(&out, "outputView", r->only_new ? BYTES("NEW_IMAGE") : BYTES("NEW_AND_OLD_IMAGES"));
        member(&out, "exportType", BYTES("INCREMENTAL_EXPORT"));
    }
    buf_append_byte(&out, '}');
    return buf_finish_arena(&out);
}

/* Whether the bucket's owner is told, and is not the table's. */
static bool is_of_another(const struct export_record *record)
{
    struct input_arn arn;

    return record->owner.size != 0 && input_arn_split(record->arn, &arn) &&
           !bytes_equal(arn.account, record->owner);
}

/* The digest of NAME.json is the object NAME.md5, and comes first: the text says that both are
 * there. */
static enum err put_text(struct export_files *files, const char *name, struct bytes text,
                         bool with_digest)
{
    struct objects_put_result result;
    struct buf digest;
    enum err err = OK;

    if (with_digest) {
        struct bytes key = key_of(files, name);
        uint8_t md5[OBJECTS_MD5_BYTES];

        key = arena_format(files->call->arena, "%.*s.md5", (int)(key.size - 5), key.data);
        objects_md5(text, md5);
        buf_init_arena(&digest, files->call->arena, 64);
        base64_append(&digest, bytes_make(md5, sizeof(md5)));
        err = objects_put(files->objects, files->call, key, buf_finish_arena(&digest),
                          &files->settings, &result);
    }
    if (err == OK)
        err = objects_put(files->objects, files->call, key_of(files, name), text, &files->settings,
                          &result);
    return err;
}

/* Of what only this export has. */
static struct bytes key_of(const struct export_files *files, const char *name)
{
    struct arena *arena = files->call->arena;

    return arena_format(arena, "%.*s%.*s/%s", BYTES_ARGS(export_folder(files->record, arena)),
                        BYTES_ARGS(export_id(files->record)), name);
}

/* Data files of incremental exports share a folder. */
static enum err begin_file(struct export_files *files)
{
    const struct export_record *r = files->record;
    struct arena *arena = files->call->arena;
    struct bytes folder = export_folder(r, arena), id = export_id(r);
    char name[EXPORT_NAME_SIZE];
    int ok;

    export_file_name(id, files->file_count++, name);
    files->key = r->is_incremental
                     ? arena_format(arena, "%.*sdata/%s.%s.gz", BYTES_ARGS(folder), name,
                                    r->is_ion ? "ion" : "json")
                     : arena_format(arena, "%.*s%.*s/data/%s.%s.gz", BYTES_ARGS(folder),
                                    BYTES_ARGS(id), name, r->is_ion ? "ion" : "json");
    files->line_count = 0;
    files->text_bytes = 0;
    ok = files->gzips ? deflateReset(&files->gzip)
                      : deflateInit2(&files->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                                     Z_DEFAULT_STRATEGY);
    ASSERT(ok == Z_OK); /* fails for a lack of memory alone */
    files->gzips = true;
    return objects_put_open(files->objects, files->call, files->key, &files->settings,
                            &files->writer);
}

static enum err end_file(struct export_files *files)
{
    struct objects_put_result result;
    enum err err = gzip_add(files, BYTES(""), Z_FINISH);

    if (err == OK)
        err = objects_put_finish(&files->writer, &result);
    if (err != OK)
        return err;
    buf_append_format(&files->manifest, "{\"itemCount\":%llu,\"md5Checksum\":\"",
                      (unsigned long long)files->line_count);
    base64_append(&files->manifest, bytes_make(result.md5, sizeof(result.md5)));
    buf_append_byte(&files->manifest, '"');
    member(&files->manifest, "etag", bytes_of_string(result.etag));
    member(&files->manifest, "dataFileS3Key", files->key);
    buf_append_lit(&files->manifest, "}\n");
    return OK;
}

static enum err gzip_add(struct export_files *files, struct bytes text, int flush)
{
    z_stream *gzip = &files->gzip;
    enum err err = OK;
    int more;

    gzip->next_in = (Bytef *)(uintptr_t)text.data;
    gzip->avail_in = (uInt)text.size; /* a line, so far under 4 GiB */
    do {
        size_t size;

        gzip->next_out = files->chunk;
        gzip->avail_out = CHUNK_BYTES;
        more = deflate(gzip, flush);
        ASSERT(more != Z_STREAM_ERROR);
        size = CHUNK_BYTES - gzip->avail_out;
        if (size != 0)
            err = objects_put_write(files->writer, bytes_make(files->chunk, size));
    } while (err == OK && (flush == Z_FINISH ? more != Z_STREAM_END : gzip->avail_out == 0));
    return err;
}

static void member(struct buf *out, const char *name, struct bytes text)
{
    if (out->size != 0 && out->data[out->size - 1] != '{')
        buf_append_byte(out, ',');
    buf_append_format(out, "\"%s\":", name);
    json_append_string(out, text);
}

static void member_or_null(struct buf *out, const char *name, struct bytes text)
{
    if (text.size != 0)
        member(out, name, text);
    else
        buf_append_format(out, ",\"%s\":null", name);
}
