/* cli_backup.c - stele backup and stele restore. */
#include "base/clock.h"
#include "cli/cli_priv.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <yyjson.h>

static enum err list_backups(struct cli *cli);
static enum err delete_backup(struct cli *cli);
static enum err wait_for_backup(struct cli *cli, struct bytes arn);
static enum err wait_for_table(struct cli *cli, struct bytes arn);
static struct bytes default_name(struct cli *cli);

enum err cli_backup(struct cli *cli)
{
    struct cli_options *o = &cli->options;
    struct bytes arn;
    yyjson_val *reply;
    struct buf body;
    enum err err;

    if (o->delete != NULL)
        return delete_backup(cli);
    if (o->list != NULL)
        return list_backups(cli);
    cli_body_begin(cli, &body);
    cli_body_text(&body, "TableName", o->words[0]);
    cli_body_text(&body, "BackupName",
                  o->name != NULL ? o->name : (const char *)default_name(cli).data);
    err = cli_call(cli, "CreateBackup", cli_body_end(&body), &reply);
    if (err != OK)
        return err;
    arn = cli_text(reply, "BackupDetails.BackupArn");
    if (o->no_wait == NULL)
        err = wait_for_backup(cli, arn);
    if (err == OK)
        printf("%.*s\n", BYTES_ARGS(arn));
    return err;
}

/* The table's name, cut if it is long, and the time. */
static struct bytes default_name(struct cli *cli)
{
    const char *table = cli->options.words[0];
    const char *slash = strrchr(table, '/'); /* of an ARN */
    time_t now = (time_t)(clock_wall_ms() / 1000);
    char text[32];
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H.%M.%SZ", &utc);
    return arena_format(&cli->arena, "%.200s-%s", slash != NULL ? slash + 1 : table, text);
}

static enum err wait_for_backup(struct cli *cli, struct bytes arn)
{
    static const struct cli_watched watched = {
        .what = "backup",
        .operation = "DescribeBackup",
        .member = "BackupArn",
        .object = "BackupDescription",
        .status = "BackupDetails.BackupStatus",
        .count = "BackupDetails.BackupSizeBytes",
        .unit = "bytes",
    };
    struct bytes status;
    yyjson_val *last;
    enum err err = cli_watch(cli, &watched, cli_string(cli, arn), &last);

    if (err != OK)
        return err;
    status = cli_text(last, watched.status);
    if (bytes_equal_string(status, "AVAILABLE"))
        return OK;
    return fault_set(&cli->fault, ERR_IO, "the backup %.*s is %.*s", BYTES_ARGS(arn),
                     BYTES_ARGS(status));
}

/* A line for each: ARN, status, name. */
static enum err list_backups(struct cli *cli)
{
    struct bytes last = {0};
    yyjson_val *reply, *each;
    struct buf body;
    size_t i, max;

    do {
        enum err err;

        cli_body_begin(cli, &body);
        cli_body_text(&body, "TableName", cli->options.words[0]);
        cli_body_text(&body, "BackupType", "ALL");
        if (last.size != 0)
            cli_body_text(&body, "ExclusiveStartBackupArn", cli_string(cli, last));
        err = cli_call(cli, "ListBackups", cli_body_end(&body), &reply);
        if (err != OK)
            return err;
        yyjson_arr_foreach(yyjson_obj_get(reply, "BackupSummaries"), i, max, each) printf(
            "%.*s\t%.*s\t%.*s\n", BYTES_ARGS(cli_text(each, "BackupArn")),
            BYTES_ARGS(cli_text(each, "BackupStatus")), BYTES_ARGS(cli_text(each, "BackupName")));
        last = cli_text(reply, "LastEvaluatedBackupArn");
    } while (last.size != 0);
    return OK;
}

static enum err delete_backup(struct cli *cli)
{
    yyjson_val *reply;
    struct buf body;

    cli_body_begin(cli, &body);
    cli_body_text(&body, "BackupArn", cli->options.delete);
    return cli_call(cli, "DeleteBackup", cli_body_end(&body), &reply);
}

/* A first word that is the ARN of a backup, or a table with --time. */
enum err cli_restore(struct cli *cli)
{
    struct cli_options *o = &cli->options;
    bool is_backup = strstr(o->words[0], "/backup/") != NULL;
    struct bytes arn, seconds;
    yyjson_val *reply;
    struct buf body;
    enum err err;

    if (is_backup == (o->time != NULL))
        return fault_set(&cli->fault, ERR_CONFIG,
                         is_backup ? "a backup has a time of its own: leave --time out"
                                   : "%s is no backup's ARN: to restore a table, give --time",
                         o->words[0]);
    cli_body_begin(cli, &body);
    cli_body_text(&body, "TargetTableName", o->words[1]);
    if (is_backup) {
        cli_body_text(&body, "BackupArn", o->words[0]);
    } else {
        cli_body_text(&body,
                      strncmp(o->words[0], "arn:", 4) == 0 ? "SourceTableArn" : "SourceTableName",
                      o->words[0]);
        if (strcmp(o->time, "latest") == 0) {
            cli_body_raw(&body, "UseLatestRestorableTime", BYTES("true"));
        } else {
            err = cli_time(cli, o->time, &seconds);
            if (err != OK)
                return err;
            cli_body_raw(&body, "RestoreDateTime", seconds);
        }
    }
    err = cli_call(cli, is_backup ? "RestoreTableFromBackup" : "RestoreTableToPointInTime",
                   cli_body_end(&body), &reply);
    if (err != OK)
        return err;
    arn = cli_text(reply, "TableDescription.TableArn");
    if (o->no_wait == NULL)
        err = wait_for_table(cli, arn);
    if (err == OK)
        printf("%.*s\n", BYTES_ARGS(arn));
    return err;
}

static enum err wait_for_table(struct cli *cli, struct bytes arn)
{
    static const struct cli_watched watched = {
        .what = "restore",
        .operation = "DescribeTable",
        .member = "TableName",
        .object = "Table",
        .status = "TableStatus",
        .count = "ItemCount",
        .unit = "items",
    };
    struct bytes status;
    yyjson_val *last;
    enum err err = cli_watch(cli, &watched, cli->options.words[1], &last);

    if (err != OK)
        return err;
    status = cli_text(last, watched.status);
    if (bytes_equal_string(status, "ACTIVE"))
        return OK;
    return fault_set(&cli->fault, ERR_IO, "the table %.*s is %.*s", BYTES_ARGS(arn),
                     BYTES_ARGS(status));
}
