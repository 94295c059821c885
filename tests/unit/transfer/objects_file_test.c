/* objects_file_test.c - folders as buckets: keys stay inside, objects are whole, order. */
#include "base/buf.h"
#include "base/mem.h"
#include "transfer/objects.h"
#include "transfer/objects_file_priv.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct arena arena;
    struct objects *objects;
    struct objects_call call;
    const char *dir;
};

static void open_objects(struct fixture *f)
{
    char place[512];
    struct fault fault;

    fault_init(&fault, &f->arena);
    snprintf(place, sizeof(place), "file:%s", f->dir);
    CHECK_OK(objects_open(&(struct objects_options){.place = place}, &fault, &f->objects));
}

static void setup(struct fixture *f)
{
    char path[512];

    arena_init(&f->arena);
    f->dir = unit_temp_dir();
    snprintf(path, sizeof(path), "%s/b", f->dir);
    CHECK(mkdir(path, 0777) == 0);
    f->call = (struct objects_call){.bucket = BYTES("b"), .arena = &f->arena};
    open_objects(f);
}

static void teardown(struct fixture *f)
{
    objects_close(&f->objects);
    arena_fini(&f->arena);
}

static const char *path_of(struct fixture *f, const char *key)
{
    return (const char *)arena_format(&f->arena, "%s/b/%s", f->dir, key).data;
}

static void put(struct fixture *f, const char *key, const char *body)
{
    const struct objects_put_settings none = {.owner_full_control = false};
    struct objects_put_result result;

    CHECK_OK(objects_put(f->objects, &f->call, bytes_of_string(key), bytes_of_string(body), &none,
                         &result));
}

static struct bytes get(struct fixture *f, const char *key, uint64_t from)
{
    struct objects_reader *reader = NULL;
    uint8_t *out = arena_alloc(&f->arena, 64);
    size_t got = 0;

    CHECK_OK(objects_get_open(f->objects, &f->call, bytes_of_string(key), from, &reader));
    if (reader == NULL)
        return BYTES("");
    CHECK_OK(objects_get_read(reader, out, 64, &got));
    objects_get_close(&reader);
    return bytes_make(out, got);
}

TEST(objects_file_reads_what_was_put_and_ranges_of_it)
{
    struct fixture f;
    struct objects_reader *reader;

    setup(&f);
    put(&f, "x/y/z.json", "0123456789");
    CHECK_TEXT(get(&f, "x/y/z.json", 0), "0123456789");
    CHECK_TEXT(get(&f, "x/y/z.json", 7), "789");
    CHECK_TEXT(get(&f, "x/y/z.json", 70), "");
    put(&f, "x/y/z.json", "new");
    CHECK_TEXT(get(&f, "x/y/z.json", 0), "new");
    CHECK_ERR(objects_get_open(f.objects, &f.call, BYTES("x/y"), 0, &reader), ERR_ABSENT);
    CHECK_TEXT(f.call.code, "S3NoSuchKey");
    CHECK_ERR(objects_get_open(f.objects, &f.call, BYTES("x/y/z.json/q"), 0, &reader), ERR_ABSENT);
    CHECK_ERR(objects_get_open(f.objects, &f.call, BYTES("no"), 0, &reader), ERR_ABSENT);
    f.call.bucket = BYTES("none");
    CHECK_ERR(objects_get_open(f.objects, &f.call, BYTES("x"), 0, &reader), ERR_IO);
    CHECK_TEXT(f.call.code, "S3NoSuchBucket");
    CHECK_TEXT(f.call.message, "The specified bucket does not exist (Bucket: none)");
    teardown(&f);
}

TEST(objects_file_no_key_leads_out_of_its_bucket)
{
    static const char *const bad[] = {"",          "/etc/x", "..",   "../b2/x",
                                      "x/../../y", "x//y",   "x/",   ".",
                                      "./x",       "x/./y",  "x/..", ".stele-uploads/x"};
    const struct objects_put_settings none = {.owner_full_control = false};
    struct objects_put_result result;
    struct objects_reader *reader;
    struct fixture f;
    char deep[400] = "", long_part[300];

    setup(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct bytes key = bytes_of_string(bad[i]);

        CHECK(!objects_file_key_valid(key));
        CHECK_ERR(objects_put(f.objects, &f.call, key, BYTES("x"), &none, &result), ERR_IO);
        CHECK_TEXT(f.call.code, "S3InvalidKey");
        CHECK_ERR(objects_get_open(f.objects, &f.call, key, 0, &reader), ERR_ABSENT);
    }
    CHECK(!objects_file_key_valid(BYTES("x\0y")));
    for (unsigned i = 0; i < 64; i++)
        strcat(deep, "a/");
    CHECK(!objects_file_key_valid(bytes_of_string(strcat(deep, "a"))));
    CHECK(objects_file_key_valid(bytes_of_string(deep + 2)));
    memset(long_part, 'a', 256);
    CHECK(!objects_file_key_valid(bytes_make(long_part, 256)));
    CHECK(objects_file_key_valid(bytes_make(long_part, 255)));
    CHECK(objects_file_key_valid(BYTES("..x/.y/z..")));

    /* Links lead out, so they are no part of a key. */
    CHECK(symlink("/tmp", path_of(&f, "link")) == 0);
    CHECK_ERR(objects_put(f.objects, &f.call, BYTES("link/x"), BYTES("x"), &none, &result), ERR_IO);
    CHECK_TEXT(f.call.code, "S3InvalidKey");
    CHECK(symlink("/etc/passwd", path_of(&f, "file")) == 0);
    CHECK_ERR(objects_get_open(f.objects, &f.call, BYTES("file"), 0, &reader), ERR_ABSENT);

    static const char *const buckets[] = {"", ".", "..", "b/x", "../b", "c"};
    for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
        f.call.bucket = bytes_of_string(buckets[i]);
        CHECK_ERR(objects_put(f.objects, &f.call, BYTES("x"), BYTES("x"), &none, &result), ERR_IO);
        CHECK_TEXT(f.call.code, "S3NoSuchBucket");
    }
    teardown(&f);
}

/* As somebody who may not write everywhere; for one who may, there is nothing to see. */
TEST(objects_file_says_why_a_folder_cannot_be_made)
{
    const struct objects_put_settings none = {.owner_full_control = false};
    struct objects_put_result result;
    struct fixture f;

    setup(&f);
    CHECK(chmod(f.dir, 0755) == 0 && chmod(path_of(&f, ""), 0777) == 0);
    CHECK(mkdir(path_of(&f, "closed"), 0555) == 0);
    if (geteuid() != 0 || seteuid(65534) == 0) {
        CHECK_ERR(objects_put(f.objects, &f.call, BYTES("closed/x/y"), BYTES("x"), &none, &result),
                  ERR_IO);
        CHECK_TEXT(f.call.code, "S3AccessDenied");
        CHECK_TEXT(f.call.message, "Access Denied (cannot make a folder: Permission denied)");
        CHECK(getuid() != 0 || seteuid(0) == 0);
    }
    teardown(&f);
}

static enum err first_page(struct fixture *f, const char *prefix, struct objects_page *page)
{
    struct objects_list *list = NULL;
    enum err err = objects_list_open(f->objects, &f->call, bytes_of_string(prefix), &list);

    if (err == OK)
        err = objects_list_page(list, page);
    objects_list_close(&list);
    return err;
}

/* An import would otherwise end well without what is there. */
TEST(objects_file_lists_all_or_says_why_not)
{
    struct objects_page page;
    struct fixture f;

    setup(&f);
    put(&f, "a", "a");
    put(&f, "closed/x", "x");
    CHECK(chmod(f.dir, 0755) == 0 && chmod(path_of(&f, ""), 0755) == 0);
    CHECK(chmod(path_of(&f, "closed"), 0) == 0);
    if (geteuid() != 0 || seteuid(65534) == 0) {
        CHECK_ERR(first_page(&f, "", &page), ERR_IO);
        CHECK_TEXT(f.call.code, "S3AccessDenied");
        CHECK_OK(first_page(&f, "a", &page));
        CHECK_U64(page.count, 1);
        CHECK(getuid() != 0 || seteuid(0) == 0);
    }
    CHECK(chmod(path_of(&f, "closed"), 0755) == 0);
    teardown(&f);
}

/* One folder below the other. Leaves the descriptor of the last one. */
static int make_deep(struct fixture *f, const char *part, unsigned depth)
{
    int fd = open(path_of(f, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC), below;

    for (unsigned i = 0; i < depth; i++) {
        CHECK(mkdirat(fd, part, 0755) == 0);
        below = openat(fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = below;
    }
    CHECK(fd >= 0);
    return fd;
}

static void make_file(int folder_fd, const char *name)
{
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    CHECK(fd >= 0);
    close(fd);
    close(folder_fd);
}

/* What cannot be a key is not passed over: an import would be complete without it. */
TEST(objects_file_lists_no_bucket_with_paths_that_are_no_keys)
{
    static char part[201];
    struct objects_page page;
    struct fixture f;

    setup(&f);
    put(&f, "other", "x");
    make_file(make_deep(&f, "d", 63), "x"); /* the deepest key */
    CHECK_OK(first_page(&f, "", &page));
    CHECK_U64(page.count, 2);
    CHECK(objects_file_key_valid(page.entries[0].key));
    make_file(make_deep(&f, "e", 64), "x");
    CHECK_ERR(first_page(&f, "", &page), ERR_IO);
    CHECK_TEXT(f.call.code, "S3InternalError");
    CHECK(memmem(f.call.message.data, f.call.message.size, "no key", 6) != NULL);
    CHECK_OK(first_page(&f, "other", &page)); /* it is none of these */
    CHECK_U64(page.count, 1);
    memset(part, 'p', 200);
    make_file(make_deep(&f, part, 5), "1234567890123456789"); /* 1024 bytes */
    CHECK_OK(first_page(&f, "p", &page));
    CHECK_U64(page.count, 1);
    CHECK_U64(page.entries[0].key.size, OBJECTS_KEY_BYTES_MAX);
    memset(part, 'q', 200);
    make_file(make_deep(&f, part, 5), "12345678901234567890");
    CHECK_ERR(first_page(&f, "q", &page), ERR_IO);
    teardown(&f);
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

TEST(objects_file_stops_in_folders_without_objects)
{
    struct objects_page page;
    struct fixture f;

    setup(&f);
    CHECK(mkdir(path_of(&f, "empty"), 0755) == 0);
    f.call.stopping = always;
    CHECK_ERR(first_page(&f, "", &page), ERR_CANCELLED);
    teardown(&f);
}

/* They go into records of jobs, which are JSON, and those must be readable again. */
TEST(objects_failures_are_short_texts)
{
    struct objects_reader *reader;
    struct fixture f;
    char long_text[8000];

    setup(&f);
    CHECK_ERR(objects_get_open(f.objects, &f.call, BYTES("caf\xe9"), 0, &reader), ERR_ABSENT);
    CHECK_TEXT(f.call.message,
               "The specified key does not exist (Bucket: b; Key: caf\xef\xbf\xbd)");
    memset(long_text, 'a', sizeof(long_text));
    CHECK_ERR(objects_fail(&f.call, ERR_IO, "S3\xff", "%.*s", (int)sizeof(long_text), long_text),
              ERR_IO);
    CHECK_TEXT(f.call.code, "S3\xef\xbf\xbd");
    CHECK_U64(f.call.message.size, 4096);
    teardown(&f);
}

TEST(objects_file_writes_in_parts_with_the_etag_of_a_multipart_upload)
{
    const struct objects_put_settings none = {.owner_full_control = false};
    struct objects_put_result result;
    struct objects_writer *writer;
    struct fixture f;
    size_t size = OBJECTS_PART_BYTES + 5;
    uint8_t *data = mem_zalloc(size);
    struct stat info;

    setup(&f);
    CHECK_OK(objects_put_open(f.objects, &f.call, BYTES("d/big"), &none, &writer));
    CHECK_OK(objects_put_write(writer, bytes_make(data, 7)));
    CHECK_OK(objects_put_write(writer, bytes_make(data, size - 7)));
    CHECK(stat(path_of(&f, "d/big"), &info) != 0); /* not before the end */
    CHECK_OK(objects_put_finish(&writer, &result));
    CHECK(writer == NULL);
    CHECK_U64(result.size_bytes, size);
    CHECK(stat(path_of(&f, "d/big"), &info) == 0 && (size_t)info.st_size == size);
    /* md5(md5(8 MiB of zeros) md5(5 zeros)) */
    CHECK_TEXT(bytes_of_string(result.etag), "d0c7881e231c1813f32b129fed17b901-2");

    /* One part: the digest of its digest. */
    CHECK_OK(objects_put_open(f.objects, &f.call, BYTES("d/small"), &none, &writer));
    CHECK_OK(objects_put_write(writer, BYTES("hello")));
    CHECK_OK(objects_put_finish(&writer, &result));
    CHECK_TEXT(bytes_of_string(result.etag), "62109206880d38a4010a98e11243924a-1");
    CHECK_OK(objects_put_open(f.objects, &f.call, BYTES("d/empty"), &none, &writer));
    CHECK_OK(objects_put_finish(&writer, &result));
    CHECK_TEXT(bytes_of_string(result.etag), "59adb24ef3cdbe0297f05b395827453f-1");
    CHECK_TEXT(get(&f, "d/empty", 0), "");

    CHECK_OK(objects_put_open(f.objects, &f.call, BYTES("d/none"), &none, &writer));
    CHECK_OK(objects_put_write(writer, bytes_make(data, size)));
    objects_put_abandon(&writer);
    CHECK(writer == NULL);
    CHECK(stat(path_of(&f, "d/none"), &info) != 0);
    CHECK(rmdir(path_of(&f, ".stele-uploads")) == 0); /* nothing is left in it */
    free(data);
    teardown(&f);
}

TEST(objects_file_removes_what_a_server_that_ended_left)
{
    struct fixture f;
    int fd;

    setup(&f);
    put(&f, "x", "1");
    fd = open(path_of(&f, ".stele-uploads/dead"), O_CREAT | O_WRONLY, 0666);
    close(fd);
    fd = open(path_of(&f, ".stele-uploads/alive"), O_CREAT | O_WRONLY, 0666);
    CHECK(flock(fd, LOCK_EX) == 0);
    objects_close(&f.objects);
    open_objects(&f);
    CHECK(access(path_of(&f, ".stele-uploads/dead"), F_OK) != 0);
    CHECK(access(path_of(&f, ".stele-uploads/alive"), F_OK) == 0);
    close(fd);
    teardown(&f);
}

/* All keys below a prefix, joined by blanks. */
static struct bytes list(struct fixture *f, const char *prefix, unsigned *pages)
{
    struct objects_list *keys = NULL;
    struct objects_page page;
    struct buf all;

    *pages = 0;
    buf_init_arena(&all, &f->arena, 1 << 20);
    CHECK_OK(objects_list_open(f->objects, &f->call, bytes_of_string(prefix), &keys));
    do {
        CHECK_OK(objects_list_page(keys, &page));
        for (size_t i = 0; i < page.count; i++) {
            if (all.size != 0)
                buf_append_byte(&all, ' ');
            buf_append_bytes(&all, page.entries[i].key);
        }
        (*pages)++;
    } while (page.more && *pages < 100);
    objects_list_close(&keys);
    return buf_bytes(&all);
}

TEST(objects_file_lists_in_the_order_of_keys)
{
    struct objects_page page;
    struct fixture f;
    unsigned pages;

    setup(&f);
    CHECK_TEXT(list(&f, "", &pages), "");
    put(&f, "a/b", "1");
    put(&f, "a.txt", "22");
    put(&f, "a0", "333");
    put(&f, "a/c/d", "");
    put(&f, "z", "");
    CHECK(symlink("z", path_of(&f, "link")) == 0);
    CHECK_TEXT(list(&f, "", &pages), "a.txt a/b a/c/d a0 z");
    CHECK_TEXT(list(&f, "a", &pages), "a.txt a/b a/c/d a0");
    CHECK_TEXT(list(&f, "a/", &pages), "a/b a/c/d");
    CHECK_TEXT(list(&f, "a/c", &pages), "a/c/d");
    CHECK_TEXT(list(&f, "a/c/d/e", &pages), "");
    CHECK_TEXT(list(&f, "../", &pages), "");
    f.call.bucket = BYTES("none");
    CHECK_ERR(first_page(&f, "", &page), ERR_IO);
    CHECK_TEXT(f.call.code, "S3NoSuchBucket");
    teardown(&f);
}

/* Files "00000" and on, in an order of no meaning, in the bucket's folder; "": in the bucket. */
static void make_files(struct fixture *f, const char *folder, unsigned count)
{
    char path[600];

    for (unsigned i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/b/%s/%05u", f->dir, folder, i * 2677 % count);
        close(open(path, O_CREAT | O_WRONLY, 0666));
    }
}

/* How many there are, all behind each other; the arena is given back. */
static void check_order(const struct objects_page *page, char last[16], size_t *count)
{
    for (size_t i = 0; i < page->count; i++) {
        CHECK(bytes_compare(bytes_of_string(last), page->entries[i].key) < 0);
        snprintf(last, 16, "%.*s", BYTES_ARGS(page->entries[i].key));
    }
    *count += page->count;
}

TEST(objects_file_lists_page_after_page)
{
    struct objects_list *list = NULL;
    struct objects_page page;
    struct fixture f;
    char last[16] = "";
    size_t count = 0;
    unsigned pages = 0;

    setup(&f);
    CHECK(mkdir(path_of(&f, "00000m"), 0777) == 0);
    make_files(&f, "", 2500);
    make_files(&f, "00000m", 2500);
    CHECK_OK(objects_list_open(f.objects, &f.call, BYTES(""), &list));
    do {
        CHECK_OK(objects_list_page(list, &page));
        check_order(&page, last, &count);
        pages++;
    } while (page.more && pages < 20);
    CHECK_U64(pages, 5);
    CHECK_U64(count, 5000);
    objects_list_close(&list);
    teardown(&f);
}

/* Reading a folder again for each page, an import of n files would cost n * n / 1000 names. */
TEST(objects_file_reads_a_folder_once_for_all_pages)
{
    struct objects_list *list = NULL;
    struct objects_page page;
    struct fixture f;
    size_t count = 0;

    setup(&f);
    CHECK(mkdir(path_of(&f, "m"), 0777) == 0);
    make_files(&f, "m", 3000);
    CHECK_OK(objects_list_open(f.objects, &f.call, BYTES("m/"), &list));
    CHECK_OK(objects_list_page(list, &page));
    CHECK_U64(page.count, 1000);
    put(&f, "m/zzz", ""); /* whoever reads it again finds this one */
    CHECK(unlink(path_of(&f, "m/01999")) == 0);
    while (page.more) {
        CHECK_OK(objects_list_page(list, &page));
        count += page.count;
    }
    CHECK_U64(count, 1999);
    objects_list_close(&list);
    teardown(&f);
}

TEST(objects_file_lists_folders_of_more_names_than_are_kept)
{
    struct objects_walk *walk = NULL;
    struct files files;
    struct fixture f;
    char last[16] = "";
    size_t count = 0;
    bool more = true;

    setup(&f);
    CHECK(mkdir(path_of(&f, "00700m"), 0777) == 0);
    make_files(&f, "", 2500);
    make_files(&f, "00700m", 2500);
    files.dir = (char *)(uintptr_t)f.dir;
    CHECK_OK(files_walk_open_with(&files, &f.call, BYTES(""), 800, &walk));
    while (more && count < 10000) {
        struct objects_page page = {.count = 0};

        CHECK_OK(files_walk_page(walk, &page));
        check_order(&page, last, &count);
        more = page.more;
    }
    CHECK_U64(count, 5000);
    files_walk_close(walk);
    teardown(&f);
}

/* The rest of it is not there any more, which is no end of the list. */
TEST(objects_file_says_that_the_bucket_went)
{
    struct objects_list *list = NULL;
    struct objects_page page;
    struct fixture f;

    setup(&f);
    make_files(&f, "", 1001);
    CHECK_OK(objects_list_open(f.objects, &f.call, BYTES(""), &list));
    CHECK_OK(objects_list_page(list, &page));
    CHECK(page.more);
    CHECK(rename(path_of(&f, ""), path_of(&f, "../gone")) == 0);
    CHECK_ERR(objects_list_page(list, &page), ERR_IO);
    CHECK_TEXT(f.call.code, "S3NoSuchBucket");
    objects_list_close(&list);
    teardown(&f);
}

TEST(objects_places_that_are_none)
{
    static const char *const bad[] = {"", "file:", "files", "ftp://x", "s3", "s3:ftp://x"};
    struct objects *objects = NULL;
    struct objects_list *list;
    struct objects_call call = {.bucket = BYTES("b")};
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_ERR(objects_open(&(struct objects_options){.place = bad[i]}, &fault, &objects),
                  ERR_CONFIG);
    call.arena = &arena;
    CHECK_OK(objects_open(&(struct objects_options){.place = NULL}, &fault, &objects));
    CHECK_ERR(objects_list_open(objects, &call, BYTES(""), &list), ERR_IO);
    CHECK_TEXT(call.code, "S3NoSuchBucket");
    objects_close(&objects);
    arena_fini(&arena);
}
