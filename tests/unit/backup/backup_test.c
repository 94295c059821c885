/* backup_test.c - backups begin, are written out, outlive tables and restarts, and end. */
#include "backup/backup.h"
#include "backup/backup_check.h"
#include "backup/backup_priv.h"
#include "backup/block_file.h"
#include "base/clock.h"
#include "table/index_fixture.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_S 20
#define ITEMS  300

struct backup_bed {
    struct index_bed table;
    struct jobs *jobs;
    struct backups *backups;
    char folder[300], checkpoints[300];
    char id[JOB_ID_SIZE]; /* of the newest: the arena does not outlive a restart */
};

static void jobs_begin(struct backup_bed *bed)
{
    struct backups_options options = {.folder = bed->folder, .checkpoints = bed->checkpoints};

    bed->jobs = jobs_open(bed->table.catalog);
    CHECK_OK(backups_open(bed->jobs, &options, &bed->table.fault, &bed->backups));
    CHECK_OK(jobs_start(bed->jobs, &bed->table.fault));
}

static void jobs_end(struct backup_bed *bed)
{
    jobs_stop(bed->jobs);
    backups_close(&bed->backups);
    jobs_close(&bed->jobs);
}

static void bed_open(struct backup_bed *bed)
{
    bed->table.on_disk = true;
    index_bed_open(&bed->table);
    snprintf(bed->folder, sizeof(bed->folder), "%s/backups", unit_temp_dir());
    snprintf(bed->checkpoints, sizeof(bed->checkpoints), "%s/checkpoints", bed->table.path);
    jobs_begin(bed);
}

static void bed_close(struct backup_bed *bed)
{
    jobs_end(bed);
    index_bed_close(&bed->table);
    clock_set_test(0);
}

/* As a kill would have it, but for what was under way. */
static void restart(struct backup_bed *bed)
{
    jobs_end(bed);
    index_bed_close(&bed->table);
    index_bed_open(&bed->table);
    jobs_begin(bed);
}

static struct backup create(struct backup_bed *bed)
{
    struct backup backup = {0};

    CHECK_OK(
        backup_create(bed->backups, bed->table.table, BYTES("abc"), &bed->table.arena, &backup));
    CHECK_U64(backup.status, BACKUP_CREATING);
    memcpy(bed->id, backup.id.data, sizeof(bed->id));
    backup.id = bytes_of_string(bed->id);
    return backup;
}

static enum err find(struct backup_bed *bed, struct bytes id, struct backup *backup)
{
    return backup_find(bed->backups, BYTES("000000000000"), BYTES("us-east-1"), id, true,
                       &bed->table.arena, backup);
}

static void wait_until_done(struct backup_bed *bed)
{
    struct timespec pause = {.tv_nsec = 1000000};
    unsigned tries = 0;

    while (jobs_unfinished(bed->jobs, BACKUP_KIND) != 0 && ++tries < WAIT_S * 1000)
        nanosleep(&pause, NULL); /* sleep: between looks at the list */
    CHECK_U64(jobs_unfinished(bed->jobs, BACKUP_KIND), 0);
}

static bool is_there(const char *folder, struct bytes name, const char *suffix)
{
    char path[400];

    snprintf(path, sizeof(path), "%s/%.*s%s", folder, BYTES_ARGS(name), suffix);
    return access(path, F_OK) == 0;
}

static void leave_file(struct backup_bed *bed, struct bytes name, const char *suffix)
{
    char path[400];
    int fd;

    snprintf(path, sizeof(path), "%s/%.*s%s", bed->folder, BYTES_ARGS(name), suffix);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0);
    close(fd);
}

static void put_items(struct backup_bed *bed, const char *pk, unsigned count)
{
    struct arena *arena = &bed->table.arena;

    for (unsigned i = 0; i < count; i++) {
        struct bytes json =
            arena_format(arena, "{\"pk\":{\"S\":\"%s\"},\"sk\":{\"N\":\"%u\"}}", pk, i);

        CHECK_OK(index_bed_write(&bed->table, bed->table.table, TABLE_PUT,
                                 value_make_map((const char *)json.data, arena), 0));
    }
}

/* The rows of a backup's file; what the text in front says of it. */
static unsigned count_rows(struct backup_bed *bed, struct bytes id, struct backup *said)
{
    struct index_bed *table = &bed->table;
    const char *path = (const char *)backup_path(bed->backups, id, &table->arena).data;
    struct block_reader *reader;
    struct bytes key, value;
    unsigned rows = 0;
    enum err err;

    CHECK_OK(block_reader_open(path, BACKUP_FILE_KIND, &table->fault, &reader));
    CHECK_OK(backup_read(block_reader_about(reader), &table->arena, said));
    while ((err = block_reader_next(reader, &key, &value, &table->fault)) == OK)
        rows++;
    CHECK_ERR(err, ERR_ABSENT);
    block_reader_close(&reader);
    return rows;
}

TEST(backup_has_what_was_there_and_nothing_later)
{
    struct backup_bed bed = {0};
    struct backup backup, found;

    bed_open(&bed);
    index_bed_create(&bed.table, 3);
    put_items(&bed, "a", ITEMS);
    backup = create(&bed);
    put_items(&bed, "b", 10);
    CHECK_OK(find(&bed, backup.id, &found));
    CHECK_U64(found.count.items, ITEMS);
    wait_until_done(&bed);
    CHECK_OK(find(&bed, backup.id, &found));
    CHECK_U64(found.status, BACKUP_AVAILABLE);
    CHECK_U64(found.count.items, ITEMS);
    CHECK_TEXT(found.name, "abc");
    CHECK_TEXT(found.table.name, "Music");
    CHECK_U64(found.table.index_count, 3);
    CHECK_U64(count_rows(&bed, backup.id, &found), ITEMS);
    CHECK_U64(found.status, BACKUP_AVAILABLE);
    CHECK_TEXT(found.table.name, "Music");
    CHECK(!is_there(bed.checkpoints, backup.id, ""));
    bed_close(&bed);
}

/* The checkpoint and the record are all that is left of the request. */
TEST(backup_that_was_begun_is_written_after_a_restart)
{
    struct backup_bed bed = {0};
    struct backup backup, found;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    put_items(&bed, "a", ITEMS);
    jobs_stop(bed.jobs); /* nobody writes it yet */
    backup = create(&bed);
    CHECK(is_there(bed.checkpoints, backup.id, ""));
    put_items(&bed, "b", 10);
    restart(&bed);
    wait_until_done(&bed);
    CHECK_OK(find(&bed, backup.id, &found));
    CHECK_U64(found.status, BACKUP_AVAILABLE);
    CHECK_U64(count_rows(&bed, backup.id, &found), ITEMS);
    CHECK(!is_there(bed.checkpoints, backup.id, ""));
    CHECK(!is_there(bed.folder, backup.id, ".stelebackup.tmp"));
    bed_close(&bed);
}

/* Killed between the checkpoint and the record, or between the last record and its removal. */
TEST(backup_checkpoints_that_nobody_needs_go_at_the_start)
{
    struct backup_bed bed = {0};
    struct backup backup, found;
    char lost[400], half[400];

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    backup = create(&bed);
    wait_until_done(&bed);
    snprintf(lost, sizeof(lost), "%s/01489602797149-73d8d5bc", bed.checkpoints);
    snprintf(half, sizeof(half), "%s/01489602797149-73d8d5bd.tmp", bed.checkpoints);
    CHECK_OK(store_checkpoint(bed.table.store, lost, &bed.table.fault));
    CHECK(mkdir(half, 0700) == 0);
    snprintf(half, sizeof(half), "%s/01489602797149-73d8d5bd.tmp/file", bed.checkpoints);
    close(open(half, O_CREAT | O_WRONLY, 0600));
    restart(&bed);
    CHECK(access(lost, F_OK) != 0);
    CHECK(access(half, F_OK) != 0);
    CHECK_OK(find(&bed, backup.id, &found));
    bed_close(&bed);
}

TEST(backup_that_is_deleted_leaves_nothing)
{
    struct backup_bed bed = {0};
    struct backup backup, found;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    put_items(&bed, "a", 3);
    backup = create(&bed);
    wait_until_done(&bed);
    CHECK(is_there(bed.folder, backup.id, ".stelebackup"));
    CHECK_OK(find(&bed, backup.id, &found));
    jobs_stop(bed.jobs);
    CHECK_OK(backup_delete(bed.backups, &found));
    CHECK_ERR(find(&bed, backup.id, &found), ERR_ABSENT); /* at once */
    restart(&bed);
    wait_until_done(&bed);
    CHECK_ERR(find(&bed, backup.id, &found), ERR_ABSENT);
    CHECK(!is_there(bed.folder, backup.id, ".stelebackup"));
    bed_close(&bed);
}

/* Not the error of a full queue, which a client is to try again. */
TEST(backups_that_are_written_at_a_time_have_a_limit)
{
    struct backup_bed bed = {0};
    struct backup backup;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    jobs_stop(bed.jobs);
    for (unsigned i = 0; i < BACKUP_UNFINISHED_MAX; i++)
        create(&bed);
    CHECK_ERR(backup_create(bed.backups, bed.table.table, BYTES("abc"), &bed.table.arena, &backup),
              ERR_LIMIT_EXCEEDED);
    bed_close(&bed);
}

struct creator {
    struct backup_bed *bed;
    pthread_t thread;
    enum err err;
};

static void *create_one(void *arg)
{
    struct creator *creator = arg;
    struct backup backup;
    struct arena arena;

    arena_init(&arena);
    creator->err = backup_create(creator->bed->backups, creator->bed->table.table, BYTES("abc"),
                                 &arena, &backup);
    arena_fini(&arena);
    return NULL;
}

/* Each makes a checkpoint before its record is there for others to count. */
TEST(backups_that_begin_together_keep_to_the_limit)
{
    struct backup_bed bed = {0};
    struct creator creators[8];
    unsigned begun = 0;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    jobs_stop(bed.jobs);
    for (unsigned i = 0; i < BACKUP_UNFINISHED_MAX - 1; i++)
        create(&bed);
    for (unsigned i = 0; i < 8; i++) {
        creators[i].bed = &bed;
        CHECK(pthread_create(&creators[i].thread, NULL, create_one, &creators[i]) == 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        pthread_join(creators[i].thread, NULL);
        CHECK(creators[i].err == OK || creators[i].err == ERR_LIMIT_EXCEEDED);
        begun += creators[i].err == OK;
    }
    CHECK_U64(begun, 1);
    bed_close(&bed);
}

/* A folder in the place of the file cannot be removed like one. */
TEST(backup_is_forgotten_after_its_file)
{
    struct backup_bed bed = {0};
    struct backup backup, found;
    struct job_record record;
    const char *path;
    struct job job;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    backup = create(&bed);
    wait_until_done(&bed);
    CHECK_OK(find(&bed, backup.id, &found));
    jobs_stop(bed.jobs);
    CHECK_OK(backup_delete(bed.backups, &found));
    path = (const char *)backup_path(bed.backups, backup.id, &bed.table.arena).data;
    CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
    job = (struct job){.name = backup_job_name(&found), .jobs = bed.jobs};
    CHECK_OK(jobs_find(bed.jobs, &job.name, true, &bed.table.arena, &record));
    job.text = record.text;
    CHECK_ERR(backup_job_run(&job, bed.backups), ERR_IO);
    CHECK_OK(jobs_find(bed.jobs, &job.name, true, &bed.table.arena, &record));
    CHECK(rmdir(path) == 0);
    CHECK_OK(backup_job_run(&job, bed.backups));
    CHECK_ERR(jobs_find(bed.jobs, &job.name, true, &bed.table.arena, &record), ERR_ABSENT);
    bed_close(&bed);
}

/* What cannot be written, and never will be, is gone with all that it holds. */
TEST(backup_without_its_checkpoint_is_given_up)
{
    struct backup_bed bed = {0};
    struct backup backup, found;
    struct bytes path;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    put_items(&bed, "a", 3);
    jobs_stop(bed.jobs);
    backup = create(&bed);
    path = arena_format(&bed.table.arena, "%s/%.*s", bed.checkpoints, BYTES_ARGS(backup.id));
    store_checkpoint_remove(bed.table.store, (const char *)path.data);
    mkdir(bed.folder, 0700);
    leave_file(&bed, backup.id, ".stelebackup.tmp"); /* killed while it was written */
    restart(&bed);
    wait_until_done(&bed);
    CHECK_ERR(find(&bed, backup.id, &found), ERR_ABSENT);
    CHECK(!is_there(bed.folder, backup.id, ".stelebackup"));
    CHECK(!is_there(bed.folder, backup.id, ".stelebackup.tmp"));
    bed_close(&bed);
}

static enum err run_after(struct backup_bed *bed, const struct backup *backup, uint64_t failing_ms)
{
    struct job job = {.name = backup_job_name(backup), .jobs = bed->jobs, .failing_ms = failing_ms};
    struct job_record record;

    CHECK_OK(jobs_find(bed->jobs, &job.name, true, &bed->table.arena, &record));
    job.text = record.text;
    return backup_job_run(&job, bed->backups);
}

/* An operator may mend it; but what the checkpoint holds would fill the disk in the end. */
TEST(backup_whose_folder_stays_away_is_given_up_in_the_end)
{
    struct backup_bed bed = {0};
    struct backup backup, found;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    put_items(&bed, "a", 3);
    jobs_stop(bed.jobs);
    backup = create(&bed);
    CHECK_OK(find(&bed, backup.id, &found));
    close(open(bed.folder, O_WRONLY | O_CREAT, 0600)); /* not a folder */
    CHECK_ERR(run_after(&bed, &found, 0), ERR_IO);
    CHECK_ERR(run_after(&bed, &found, JOB_PATIENCE_MS - 1), ERR_IO);
    CHECK_OK(find(&bed, backup.id, &found));
    CHECK(is_there(bed.checkpoints, backup.id, ""));
    CHECK_OK(run_after(&bed, &found, JOB_PATIENCE_MS));
    CHECK_ERR(find(&bed, backup.id, &found), ERR_ABSENT);
    CHECK(!is_there(bed.checkpoints, backup.id, ""));
    bed_close(&bed);
}

TEST(backup_ends_with_its_time)
{
    struct backup_bed bed = {0};
    struct backup backup, found;
    struct store_mutation *mutation = store_mutation_create();
    struct timespec pause = {.tv_nsec = 1000000};
    struct job_name name;
    unsigned tries = 0;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    backup = create(&bed);
    wait_until_done(&bed);
    CHECK_OK(find(&bed, backup.id, &found));
    found.expires_ms = clock_wall_ms() + 3600000;
    name =
        (struct job_name){BYTES("000000000000"), BYTES("us-east-1"), BYTES(BACKUP_KIND), backup.id};
    jobs_put(mutation, &name, JOB_FINISHED, backup_text(&found, &bed.table.arena));
    CHECK_OK(store_submit_and_wait(bed.table.store, NULL, &mutation));
    CHECK_OK(find(&bed, backup.id, &found));
    clock_set_test(found.expires_ms);
    CHECK_ERR(find(&bed, backup.id, &found), ERR_ABSENT); /* before anybody looked after it */
    while (is_there(bed.folder, backup.id, ".stelebackup") && ++tries < WAIT_S * 1000)
        nanosleep(&pause, NULL); /* sleep: between looks at the file */
    CHECK(!is_there(bed.folder, backup.id, ".stelebackup"));
    bed_close(&bed);
}

TEST(backup_records_read_back)
{
    struct table_index index = {
        .id = 1,
        .status = INDEX_ACTIVE,
        .definition = {.name = BYTES("Local"),
                       .kind = INDEX_LOCAL,
                       .schema = {1, 1, {{BYTES("pk"), VALUE_S}, {BYTES("l"), VALUE_N}}}},
    };
    struct backup backup = {
        .id = BYTES("01489602797149-73d8d5bc"),
        .name = BYTES("a\"b"),
        .type = BACKUP_SYSTEM,
        .status = BACKUP_DELETED,
        .created_ms = 1489602797149,
        .expires_ms = 7,
        .count = {3, 4},
        .table = index_bed_table,
    };
    struct backup read;
    struct arena arena;
    struct bytes text;

    arena_init(&arena);
    backup.table.id = 9;
    backup.table.indexes = &index;
    backup.table.index_count = 1;
    backup.table.next_index_id = 2;
    text = backup_text(&backup, &arena);
    CHECK(bytes_start_with(text, BYTES("{\"id\":\"01489602797149-73d8d5bc\",\"name\":\"a\\\"b\","
                                       "\"type\":\"system\",\"status\":\"deleted\","
                                       "\"createdMs\":1489602797149,\"expiresMs\":7,"
                                       "\"items\":3,\"bytes\":4,\"tableFormat\":1,\"table\":{")));
    CHECK_OK(backup_read(text, &arena, &read));
    CHECK_TEXT(read.id, "01489602797149-73d8d5bc");
    CHECK_TEXT(read.name, "a\"b");
    CHECK_U64(read.type, BACKUP_SYSTEM);
    CHECK_U64(read.status, BACKUP_DELETED);
    CHECK_U64(read.created_ms, 1489602797149);
    CHECK_U64(read.expires_ms, 7);
    CHECK_U64(read.count.items, 3);
    CHECK_U64(read.count.bytes, 4);
    CHECK_U64(read.table.id, 9);
    CHECK_TEXT(read.table.indexes[0].definition.name, "Local");
    CHECK_TEXT(backup_arn(&read, &arena),
               "arn:aws:dynamodb:us-east-1:000000000000:table/Music/backup/"
               "01489602797149-73d8d5bc");
    CHECK_ERR(backup_read(BYTES("{}"), &arena, &read), ERR_CORRUPT);
    CHECK_ERR(backup_read(BYTES("{\"id\":"), &arena, &read), ERR_CORRUPT);
    arena_fini(&arena);
}

static bool has_rows(struct backup_bed *bed, uint32_t table_id)
{
    struct store_cursor *cursor = store_cursor_open(
        bed->table.store, NULL, STORE_DATA, table_items_range(table_id, &bed->table.arena), true);
    struct bytes key, value;
    bool found = store_cursor_next(cursor, &key, &value) == OK;

    store_cursor_close(&cursor);
    return found;
}

/* Killed right after the deletion: the rows wait for their backup, and go after it. */
TEST(backup_of_a_deleted_table_is_written_before_its_rows_go)
{
    struct backup_bed bed = {0};
    struct table_definition definition = index_bed_table;
    struct store_mutation *mutation = store_mutation_create();
    struct timespec pause = {.tv_nsec = 1000000};
    struct backup found;
    struct job_name job;
    unsigned tries = 0;
    uint32_t table_id;

    bed_open(&bed);
    definition.recovery.period_days = 35;
    index_bed_put_definition(&bed.table, &definition);
    table_id = bed.table.table->definition.id;
    put_items(&bed, "a", ITEMS);
    jobs_stop(bed.jobs);
    catalog_change_begin(bed.table.catalog);
    CHECK(backup_keep_deleted(bed.backups, bed.table.table, mutation, &bed.table.arena, &job));
    CHECK_OK(catalog_drop_with(bed.table.catalog, bed.table.table, 0, mutation));
    catalog_change_end(bed.table.catalog);
    CHECK(!catalog_drop_is_quiet(bed.table.catalog, table_id)); /* held by the test */
    memcpy(bed.id, job.id.data, sizeof(bed.id));
    table_release(&bed.table.table);
    CHECK(catalog_drop_is_quiet(bed.table.catalog, table_id));
    close(open(bed.folder, O_WRONLY | O_CREAT, 0600)); /* not a folder */
    CHECK_OK(find(&bed, bytes_of_string(bed.id), &found));
    CHECK_ERR(run_after(&bed, &found, JOB_PATIENCE_MS), ERR_IO); /* nobody can take it again */
    CHECK(unlink(bed.folder) == 0);
    restart(&bed);
    wait_until_done(&bed);
    CHECK_OK(find(&bed, bytes_of_string(bed.id), &found));
    CHECK_U64(found.status, BACKUP_AVAILABLE);
    CHECK_U64(found.type, BACKUP_SYSTEM);
    CHECK_U64(found.count.items, ITEMS);
    CHECK_TEXT(found.name, "Music$DeletedTableBackup");
    CHECK_U64(found.expires_ms, found.created_ms + BACKUP_SYSTEM_LIFE_MS);
    CHECK_U64(count_rows(&bed, bytes_of_string(bed.id), &found), ITEMS);
    while (has_rows(&bed, table_id) && ++tries < WAIT_S * 1000)
        nanosleep(&pause, NULL); /* sleep: between looks at the rows */
    CHECK(!has_rows(&bed, table_id));
    bed_close(&bed);
}

static void keep_deleted(struct backup_bed *bed)
{
    struct store_mutation *mutation = store_mutation_create();
    struct job_name job = {0};

    CHECK(backup_keep_deleted(bed->backups, bed->table.table, mutation, &bed->table.arena, &job));
    CHECK_OK(store_submit_and_wait(bed->table.store, NULL, &mutation));
    memcpy(bed->id, job.id.data, sizeof(bed->id));
}

/* The file and the record of one would take the place of the other's. */
TEST(backups_have_different_ids_also_when_the_clock_was_set_back)
{
    struct backup_bed bed = {0};
    struct table_definition definition = index_bed_table;
    char first[JOB_ID_SIZE];
    struct backup found;

    clock_set_test(UINT64_C(1800000000000));
    bed_open(&bed);
    definition.recovery.period_days = 35;
    index_bed_put_definition(&bed.table, &definition);
    jobs_stop(bed.jobs);
    keep_deleted(&bed);
    CHECK_TEXT(bytes_of_string(bed.id), "01800000000000-00000000");
    memcpy(first, bed.id, sizeof(first));
    restart(&bed);
    index_bed_find(&bed.table);
    jobs_stop(bed.jobs);
    clock_set_test(UINT64_C(1800000000000) - 1000);
    keep_deleted(&bed);
    CHECK(strcmp(bed.id, first) > 0);
    CHECK_OK(find(&bed, bytes_of_string(bed.id), &found));
    CHECK_U64(found.created_ms, UINT64_C(1800000000000) - 1000);
    bed_close(&bed);
}

static void note_fault(void *ctx, const char *text)
{
    snprintf(ctx, 400, "%s", text);
}

static enum err check(struct backup_bed *bed, struct backup_check_report *report, char said[400])
{
    said[0] = 0;
    return backup_check(bed->jobs, bed->folder, note_fault, said, report);
}

TEST(backup_files_are_checked_against_their_records)
{
    struct backup_bed bed = {0};
    struct backup_check_report report;
    struct backup backup, found;
    char path[400], said[400], wanted[500];
    struct store_mutation *mutation = store_mutation_create();
    struct job_name name;
    uint8_t byte = 0;
    int fd;

    bed_open(&bed);
    index_bed_create(&bed.table, 1);
    put_items(&bed, "a", ITEMS);
    backup = create(&bed);
    wait_until_done(&bed);
    CHECK_OK(check(&bed, &report, said));
    CHECK_U64(report.files, 1);
    CHECK_U64(report.items, ITEMS);
    snprintf(path, sizeof(path), "%s/%s.stelebackup", bed.folder, bed.id);
    CHECK_OK(backup_check_file(path, note_fault, said, &report));
    CHECK_U64(report.items, ITEMS);

    CHECK_OK(find(&bed, backup.id, &found)); /* another number */
    found.count.items++;
    name =
        (struct job_name){BYTES("000000000000"), BYTES("us-east-1"), BYTES(BACKUP_KIND), backup.id};
    jobs_put(mutation, &name, JOB_FINISHED, backup_text(&found, &bed.table.arena));
    CHECK_OK(store_submit_and_wait(bed.table.store, NULL, &mutation));
    CHECK_ERR(check(&bed, &report, said), ERR_CORRUPT);
    snprintf(wanted, sizeof(wanted), "%s has %u items, its record says %u", path, ITEMS, ITEMS + 1);
    CHECK_TEXT(bytes_of_string(said), wanted);

    fd = open(path, O_RDWR); /* damage, which is told with its place */
    CHECK(pread(fd, &byte, 1, 2000) == 1);
    byte ^= 1;
    CHECK(pwrite(fd, &byte, 1, 2000) == 1);
    close(fd);
    CHECK_ERR(check(&bed, &report, said), ERR_CORRUPT);
    snprintf(wanted, sizeof(wanted), "%s is damaged at byte ", path);
    CHECK(bytes_start_with(bytes_of_string(said), bytes_of_string(wanted)));
    CHECK_ERR(backup_check_file(path, note_fault, said, &report), ERR_CORRUPT);
    CHECK_U64(report.faults, 1);

    unlink(path);
    CHECK_ERR(check(&bed, &report, said), ERR_CORRUPT);
    snprintf(wanted, sizeof(wanted), "cannot read %s: ", path);
    CHECK(bytes_start_with(bytes_of_string(said), bytes_of_string(wanted)));
    bed_close(&bed);
}
