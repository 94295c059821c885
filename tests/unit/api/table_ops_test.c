/* table_ops_test.c - CreateTable and UpdateTable as handlers: the rules of contract
 * core-api-tables.md 1, 5 and 7 row by row, on a catalog in memory. Bodies are written shortly:
 *   'a'            a JSON string; nothing below is looked for inside
 *   <a:H> <b:R>    elements of a KeySchema
 *   <a:S> <b:N>    elements of AttributeDefinitions
 *   @one           {'IndexName':'one','KeySchema':  of a description that goes on
 *   #5/6           'ProvisionedThroughput' of 5 and 6 units
 *   $word          what the table of words has
 */
#include "api/index_params.h"
#include "api/table_params.h"
#include "base/clock.h"
#include "store/store.h"
#include "unit.h"

#include <stdio.h>
#include <yyjson.h>

struct bed {
    struct store *store;
    struct catalog *catalog;
    struct api api;
    struct arena arena;
    struct buf reply;
    struct req req; /* of the last call */
    yyjson_doc *doc;
};

static void bed_open(struct bed *bed)
{
    struct store_options options = {.cache_bytes = 1 << 20, .queue_bytes_max = 1 << 20};
    struct fault fault;

    *bed = (struct bed){0};
    arena_init(&bed->arena);
    buf_init(&bed->reply, SIZE_MAX);
    fault_init(&fault, &bed->arena);
    CHECK_OK(store_open(&options, &fault, &bed->store));
    CHECK_OK(catalog_open(bed->store, &fault, &bed->catalog));
    bed->api = (struct api){
        .store = bed->store,
        .catalog = bed->catalog,
        .account = BYTES("000000000000"),
        .region = BYTES("us-east-1"),
    };
}

static void end_call(struct bed *bed)
{
    while (bed->req.table_count > 0)
        table_release(&bed->req.tables[--bed->req.table_count]);
    yyjson_doc_free(bed->doc);
    bed->doc = NULL;
}

static void bed_close(struct bed *bed)
{
    end_call(bed);
    catalog_close(&bed->catalog);
    store_close(&bed->store);
    buf_fini(&bed->reply);
    arena_fini(&bed->arena);
}

static const struct {
    const char *word, *text;
} words[] = {
    {"$abc", "'KeySchema':[<a:H>,<b:R>],'AttributeDefinitions':[<a:S>,<b:S>,<c:S>]"},
    {"$ab", "'KeySchema':[<a:H>,<b:R>],'AttributeDefinitions':[<a:S>,<b:S>]"},
    {"$all", "'Projection':{'ProjectionType':'ALL'}"},
    {"$a", "'KeySchema':[<a:H>],'AttributeDefinitions':[<a:S>]"},
    {"$demand", "'BillingMode':'PAY_PER_REQUEST'"},
    {"$local", "'LocalSecondaryIndexes':"},
    {"$global", "'GlobalSecondaryIndexes':"},
    {"$changes", "'GlobalSecondaryIndexUpdates':"},
    {"$stream", "'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'NEW_IMAGE'}"},
};

static void expand(struct buf *out, const char *text);

/* One abbreviation; the rest of the text. */
static const char *expand_one(struct buf *out, const char *text)
{
    char name[8], type;
    unsigned long long read, write;
    int size = 0;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(text, words[i].word, strlen(words[i].word)) == 0) {
            expand(out, words[i].text);
            return text + strlen(words[i].word);
        }
    }
    if (sscanf(text, "<%7[a-z]:%c>%n", name, &type, &size) == 2 && size > 0) {
        bool is_key = type == 'H' || type == 'R';

        buf_append_format(out, "{\"AttributeName\":\"%s\",\"%s\":\"%s\"}", name,
                          is_key ? "KeyType" : "AttributeType",
                          type == 'H'   ? "HASH"
                          : type == 'R' ? "RANGE"
                          : type == 'N' ? "N"
                                        : "S");
    } else if (sscanf(text, "@%7[a-z]%n", name, &size) == 1) {
        buf_append_format(out, "{\"IndexName\":\"%s\",\"KeySchema\":", name);
    } else if (sscanf(text, "#%llu/%llu%n", &read, &write, &size) == 2) {
        buf_append_format(out,
                          "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":%llu,"
                          "\"WriteCapacityUnits\":%llu}",
                          read, write);
    } else {
        buf_append_byte(out, (uint8_t)*text);
        size = 1;
    }
    return text + size;
}

static void expand(struct buf *out, const char *text)
{
    bool in_string = false;

    while (*text != 0) {
        in_string ^= *text == '\'';
        if (*text == '\'' || in_string)
            buf_append_byte(out, *text == '\'' ? '"' : (uint8_t)*text), text++;
        else
            text = expand_one(out, text);
    }
}

static struct bytes expanded(struct bed *bed, const char *text)
{
    struct buf out;

    buf_init_arena(&out, &bed->arena, SIZE_MAX);
    expand(&out, text);
    buf_append_byte(&out, 0);
    out.size--;
    return buf_finish_arena(&out);
}

/* As dispatch.c does it from the checks of the input on. */
static enum err call(struct bed *bed, enum op_id op, const char *body)
{
    struct bytes json = expanded(bed, body);
    static const struct identity root = {.account = BYTES("000000000000"),
                                         .arn = BYTES("arn:aws:iam::000000000000:root")};
    struct req *req = &bed->req;
    enum err err;

    end_call(bed);
    bed->doc = yyjson_read((const char *)json.data, json.size, 0);
    if (bed->doc == NULL) {
        unit_failed(__FILE__, __LINE__, "not JSON: %.*s", BYTES_ARGS(json));
        return ERR_CORRUPT;
    }
    buf_reset(&bed->reply, SIZE_MAX);
    *req = (struct req){
        .api = &bed->api,
        .arena = &bed->arena,
        .op = &ops[op],
        .place = {.partition = BYTES("aws"),
                  .region = BYTES("us-east-1"),
                  .account = BYTES("000000000000")},
        .caller = {.identity = &root},
        .input = yyjson_doc_get_root(bed->doc),
        .reply = &bed->reply,
        .may_wait = true,
    };
    fault_init(&req->fault, &bed->arena);
    err = input_check(req->op, req->input, &req->fault);
    if (err != OK)
        return err;
    return op == OP_ID_CreateTable   ? op_create_table(req)
           : op == OP_ID_UpdateTable ? op_update_table(req)
                                     : op_describe_table(req);
}

/* A reply must have this text in it. */
static void expect_reply(struct bed *bed, enum op_id op, const char *body, const char *part)
{
    struct bytes wanted = expanded(bed, part);
    enum err err = call(bed, op, body);

    if (err != OK)
        unit_failed(__FILE__, __LINE__, "%s: %s %.*s", body, err_name(err),
                    BYTES_ARGS(bed->req.fault.message));
    else if (memmem(bed->reply.data, bed->reply.size, wanted.data, wanted.size) == NULL)
        unit_failed(__FILE__, __LINE__, "%s:\n    %.*s\n  lacks\n    %.*s", body,
                    BYTES_ARGS(buf_bytes(&bed->reply)), BYTES_ARGS(wanted));
}

struct row {
    const char *members; /* of the body, behind those that all rows have */
    const char *message;
};

static void expect_errors(struct bed *bed, enum op_id op, const char *before, enum err expected,
                          const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes body = arena_format(&bed->arena, "{%s%s}", before, rows[i].members);
        enum err err = call(bed, op, (const char *)body.data);

        if (err != expected || !bytes_equal_string(bed->req.fault.message, rows[i].message))
            unit_failed(__FILE__, __LINE__, "%s: %s\n    %.*s\n  expected %s\n    %s",
                        rows[i].members, err_name(err), BYTES_ARGS(bed->req.fault.message),
                        err_name(expected), rows[i].message);
    }
}

#define EXPECT_ERRORS(bed, op, before, expected, rows) \
    expect_errors((bed), (op), (before), (expected), (rows), sizeof(rows) / sizeof((rows)[0]))

#define P                  "One or more parameter values were invalid: "
#define U                  "Attempt to change a resource which is still in use: "
#define L                  "Subscriber limit exceeded: "
#define NOT_SERVED(member) P "This version of Stele does not serve " member " yet"
/* Added to what is right, for the rows of a list of errors. */
#define REPLICATES     ",'GlobalTableSettingsReplicationMode':'ENABLED'"
#define NOT_REPLICATED NOT_SERVED("GlobalTableSettingsReplicationMode")
#define HIGHER                                                                                    \
    " Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher " \
    "limits."
#define SEE                                                                            \
    "See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-" \
    "capacity-mode.html#on-demand-capacity-mode-initial"

/* --- CreateTable ------------------------------------------------------------------------------ */

TEST(create_table_checks_local_indexes)
{
    static const struct row rows[] = {
        /* 9b, before what the indexes say */
        {"$abc,$local[]", P "Some AttributeDefinitions are not used. AttributeDefinitions: [a, b,"
                            " c], keys used: [a, b]"},
        {"'KeySchema':[<a:H>],'AttributeDefinitions':[<c:S>,<a:S>,<b:N>],$global[@one[<b:H>],"
         "'Projection':{}},@one[<b:H>,<a:R>],$all}]",
         P "Some AttributeDefinitions are not used. AttributeDefinitions: [c, a, b], keys used: "
           "[a, b]"},
        /* 10, 11 */
        {"$ab,$local[]", P "List of LocalSecondaryIndexes is empty"},
        {"$a,$local[@one[<a:H>],$all}]", P "Table KeySchema does not have a range key, which is "
                                           "required when specifying a LocalSecondaryIndex"},
        /* 12 to 14 */
        {"$ab,$local[@one[<a:H>,<x:R>],$all}]", P "Some index key attributes are not defined in "
                                                  "AttributeDefinitions. Keys: [a, x], "
                                                  "AttributeDefinitions: [a, b]"},
        {"$ab,$local[@one[<a:H>,<a:R>],$all}]",
         "Both the Hash Key and the Range Key element in the KeySchema have the same name"},
        {"$ab,$local[@one[<a:R>,<b:H>],$all}]",
         "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
        {"$ab,$local[@one[<a:H>,<b:H>],$all}]",
         "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"},
        {"$ab,$local[@one[<b:H>],$all}]",
         P "Index KeySchema does not have a range key for index: one"},
        {"$ab,$local[@one[<b:H>,<a:R>],'Projection':{}}]",
         P "Index KeySchema does not have the "
           "same leading hash key as table KeySchema for index: one. "
           "index hash key: b, table hash key: a"},
        /* 15 to 18: one index before the next, projections before names */
        {"$ab,$local[@one[<a:H>,<b:R>],$all},@one[<a:H>,<b:R>],'Projection':{}}]",
         P "Unknown ProjectionType: null"},
        {"$ab,$local[@one[<a:H>,<b:R>],$all},@one[<a:H>,<b:R>],$all}],$global[]",
         P "Duplicate index name: one"},
        /* 19 before 20 */
        {"$ab,$local[@one[<a:H>,<b:R>],$all},@two[<a:H>,<b:R>],$all},@three[<a:H>,<b:R>],$all},"
         "@four[<a:H>,<b:R>],$all},@five[<a:H>,<b:R>],$all},@six[<a:H>,<b:R>],$all}],$global[]",
         P "Number of LocalSecondaryIndexes exceeds per-table limit of 5"},
        /* nothing wrong; the table's own name may be an index's */
        {"$ab,$local[@abc[<a:H>,<b:R>],$all}]" REPLICATES, NOT_REPLICATED},
    };
    struct bed bed;

    bed_open(&bed);
    EXPECT_ERRORS(&bed, OP_ID_CreateTable, "'TableName':'abc',$demand,", ERR_VALIDATION, rows);
    bed_close(&bed);
}

TEST(create_table_checks_global_indexes)
{
    static const struct row rows[] = {
        {"$ab,$local[@one[<a:H>,<b:R>],$all}],$global[]",
         P "List of GlobalSecondaryIndexes is empty"},
        {"$ab,$global[@one[<x:H>],$all}]", P "Some index key attributes are not defined in "
                                             "AttributeDefinitions. Keys: [x], "
                                             "AttributeDefinitions: [a, b]"},
        {"$ab,$global[@one[<a:R>,<b:H>],'Projection':{}}]",
         "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
        {"$ab,$global[@one[<a:H>,<a:R>],$all}]",
         "The KeySchema contains multiple key attributes with the same name"},
        {"$abc,$global[@one[<a:H>,<b:R>,<c:H>],$all}]",
         P "All HASH key attributes must precede RANGE key attributes in the KeySchema"},
        /* 21b before 21c before 21d before projections */
        {"$abc,$global[@one[<a:H>,<b:R>,<c:H>,<c:H>,<c:H>,<c:H>],$all}]",
         P "The KeySchema exceeds the maximum allowed number of HASH key attributes"},
        {"$abc,$global[@one[<a:H>,<b:R>,<b:R>,<b:R>,<b:R>,<c:R>],$all}]",
         P "The KeySchema exceeds the maximum allowed number of RANGE key attributes"},
        {"$abc,$global[@one[<a:H>,<b:H>,<c:R>,<a:R>],'Projection':{}}]",
         "The KeySchema contains multiple key attributes with the same name"},
        {"$abc,$global[@one[<a:H>,<b:H>,<c:R>],'Projection':{}}]",
         P "Unknown ProjectionType: null"},
        {"$ab,$global[@one[<a:H>],'Projection':{'ProjectionType':'KEYS_ONLY',"
         "'NonKeyAttributes':['x']}}]",
         P "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified"},
        {"$ab,$global[@one[<a:H>],'Projection':{'ProjectionType':'INCLUDE'}}]",
         P "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"},
        {"$ab,$global[@one[<a:H>],'Projection':{'ProjectionType':'INCLUDE',"
         "'NonKeyAttributes':['x','y','y','x']}}]",
         P "Duplicate element in NonKeyAttributes: y"},
        /* 18 over both kinds, before 22 */
        {"$ab,$local[@one[<a:H>,<b:R>],$all}],$global[@one[<b:H>],$all,#1/1}]",
         P "Duplicate index name: one"},
        {"$ab,$global[@one[<b:H>],$all,#1/1}]", P "ProvisionedThroughput should not be specified "
                                                  "for index: one when BillingMode is "
                                                  "PAY_PER_REQUEST"},
        /* 26b, 26c */
        {"$ab,$global[@one[<b:H>],$all,'OnDemandThroughput':{'MaxWriteRequestUnits':-1}}]",
         P "Requested MaxWriteRequestUnits for OnDemandThroughput for index : one is outside of "
           "valid range"},
        {"$ab,$global[@one[<b:H>],$all,'WarmThroughput':{'ReadUnitsPerSecond':11999}}]",
         P "Requested ReadUnitsPerSecond for WarmThroughput for index one is lower than initial "
           "throughput for OnDemand. " SEE},
        /* nothing wrong: four and four attributes of the keys, key attributes included by name */
        {"'KeySchema':[<a:H>],'AttributeDefinitions':[<a:S>,<b:N>,<c:S>,<d:S>,<e:S>,<f:S>,"
         "<g:S>,<h:S>],$global[@one[<b:H>,<a:H>,<c:H>,<d:H>,<e:R>,<f:R>,<g:R>,<h:R>],"
         "'Projection':{'ProjectionType':'INCLUDE','NonKeyAttributes':['a','x']}}]" REPLICATES,
         NOT_REPLICATED},
    };
    static const struct row provisioned[] = {
        {"$ab,$global[@one[<b:H>],$all}]",
         P "ProvisionedThroughput is not specified for index: one"},
        {"$ab,$global[@one[<b:H>],$all,#1/1000000000001}]",
         "Given value 1000000000001 for WriteCapacityUnits is out of bounds"},
        {"$ab,$global[@one[<b:H>],$all,#1/1,'OnDemandThroughput':{'MaxReadRequestUnits':0}}]",
         P "MaxReadRequestUnits for OnDemandThroughput for index: one cannot be specified when "
           "table BillingMode is PROVISIONED."},
        {"$ab,$global[@one[<b:H>],$all,#3/3,'WarmThroughput':{'WriteUnitsPerSecond':2}}]",
         P "Requested WriteUnitsPerSecond for WarmThroughput for index one is lower than "
           "WriteCapacityUnits of ProvisionedThroughput"},
        {"$ab,$global[@one[<b:H>],$all,#1/1}]" REPLICATES, NOT_REPLICATED},
    };
    static const struct row quota[] = {
        {"$ab,$global[@one[<b:H>],$all,#1/40001}]",
         "The requested WriteCapacityUnits for index one, 40001, is above the per index maximum "
         "for the account in us-east-1. "
         "Per table maximum: 40000." HIGHER},
        {"$a,'WarmThroughput':{'ReadUnitsPerSecond':40001}",
         L "Requested ReadUnitsPerSecond for "
           "WarmThroughput for table exceeds TableMaxReadCapacityUnits of the account in region "
           "us-east-1"},
    };
    struct bed bed;

    bed_open(&bed);
    EXPECT_ERRORS(&bed, OP_ID_CreateTable, "'TableName':'abc',$demand,", ERR_VALIDATION, rows);
    EXPECT_ERRORS(&bed, OP_ID_CreateTable, "'TableName':'abc',#5/5,", ERR_VALIDATION, provisioned);
    EXPECT_ERRORS(&bed, OP_ID_CreateTable, "'TableName':'abc',#5/5,", ERR_LIMIT_EXCEEDED, quota);
    bed_close(&bed);
}

/* `count` indexes on b, each with `included` attributes. */
static const char *many_indexes(struct bed *bed, unsigned count, unsigned included)
{
    struct buf body;

    buf_init_arena(&body, &bed->arena, SIZE_MAX);
    buf_append_string(&body, "{'TableName':'abc',$demand,$ab,$global[");
    for (unsigned i = 0; i < count; i++) {
        buf_append_format(&body,
                          "%s{'IndexName':'index%u','KeySchema':[<b:H>],"
                          "'Projection':{'ProjectionType':'%s'",
                          i > 0 ? "," : "", i, included > 0 ? "INCLUDE" : "KEYS_ONLY");
        for (unsigned j = 0; j < included; j++)
            buf_append_format(&body, "%s'x%u'", j > 0 ? "," : ",'NonKeyAttributes':[", j);
        buf_append_string(&body, included > 0 ? "]}}" : "}}");
    }
    buf_append_string(&body, "]}");
    buf_append_byte(&body, 0);
    return (const char *)buf_finish_arena(&body).data;
}

TEST(create_table_limits_the_number_of_indexes_and_what_they_include)
{
    struct bed bed;

    bed_open(&bed);
    CHECK_ERR(call(&bed, OP_ID_CreateTable, many_indexes(&bed, 21, 0)), ERR_VALIDATION);
    CHECK_TEXT(bed.req.fault.message,
               P "GlobalSecondaryIndex count exceeds the per-table limit of 20");
    CHECK_OK(call(&bed, OP_ID_CreateTable, many_indexes(&bed, 20, 5)));
    CHECK_ERR(call(&bed, OP_ID_CreateTable, many_indexes(&bed, 6, 20)), ERR_VALIDATION);
    CHECK_TEXT(bed.req.fault.message,
               P "Number of projected attributes exceeds the per-table limit of 100");
    bed_close(&bed);
}

TEST(create_table_checks_encryption_tags_and_modes)
{
    static const struct row rows[] = {
        {"'SSESpecification':{'Enabled':false,'SSEType':'KMS'}",
         P "SSEType can not be specified if Enabled is false"},
        {"'SSESpecification':{'Enabled':false,'KMSMasterKeyId':'x'}",
         "KMSMasterKeyId can not be specified if Enabled is false"},
        {"'SSESpecification':{'Enabled':true,'SSEType':'AES256'}",
         "SSEType AES256 is not supported"},
        {"'SSESpecification':{'Enabled':true,'KMSMasterKeyId':'x'}",
         "SSEType KMS is required if KMSMasterKeyId is specified"},
        {"'Tags':[{'Value':'v'}]", "The Tag Key provided is invalid, Key: null"},
        {"'Tags':[{'Key':'','Value':'v'}]", "The Tag Key provided is invalid, Key: "},
        {"'Tags':[{'Key':'a,b','Value':'v'}]", "The Tag Key provided is invalid, Key: a,b"},
        {"'Tags':[{'Key':'a','Value':'\xf0\x9f\x98\x80'}]",
         "The Tag Value provided is invalid, Value: \xf0\x9f\x98\x80"},
        {"'Tags':[{'Key':'a'}]", "The Tag Value provided is invalid, Value: null"},
        {"'Tags':[{'Key':'a','Value':'#'}]", "The Tag Value provided is invalid, Value: #"},
        {"'Tags':[{'Key':'Aws:a','Value':''}]", "Tag Key cannot be prefixed with aws:, Key: Aws:a"},
        {"'Tags':[{'Key':'a','Value':''},{'Key':'b','Value':''},{'Key':'a','Value':'x'}]",
         "Duplicate Tag Keys provided as input: Duplicate Tag Key found a"},
        {"'Tags':[{'Key':'a +-=._:/@9','Value':'\xd0\x94\xe6\xbc\xa2'},{'Key':'aws','Value':''}],"
         "'GlobalTableSettingsReplicationMode':'ENABLED'",
         NOT_SERVED("GlobalTableSettingsReplicationMode")},
        {"'ResourcePolicy':'{}'",
         P "Invalid policy document: This text appears not to be a policy"},
        {"'GlobalTableSettingsReplicationMode':'ENABLED_WITH_OVERRIDES'",
         "Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' failed to "
         "satisfy constraint: "
         "Only ENABLED and DISABLED settings replication are supported for a Regional Table."},
        {"'GlobalTableSettingsReplicationMode':'ENABLED'",
         NOT_SERVED("GlobalTableSettingsReplicationMode")},
    };
    struct bed bed;

    bed_open(&bed);
    EXPECT_ERRORS(&bed, OP_ID_CreateTable, "'TableName':'abc',$demand,$a,", ERR_VALIDATION, rows);
    bed_close(&bed);
}

/* `count` tags, the key of each of `key_chars` characters of two bytes. */
static const char *many_tags(struct bed *bed, unsigned count, unsigned key_chars,
                             unsigned value_chars)
{
    struct buf body;

    buf_init_arena(&body, &bed->arena, SIZE_MAX);
    buf_append_string(&body, "{'TableName':'abc',$demand,$a,'Tags':[");
    for (unsigned i = 0; i < count; i++) {
        buf_append_format(&body, "%s{'Key':'%02u", i > 0 ? "," : "", i);
        for (unsigned j = 2; j < key_chars; j++)
            buf_append_string(&body, "\xc3\xa9");
        buf_append_string(&body, "','Value':'");
        for (unsigned j = 0; j < value_chars; j++)
            buf_append_string(&body, "\xc3\xa9");
        buf_append_string(&body, "'}");
    }
    buf_append_string(&body, "]}");
    buf_append_byte(&body, 0);
    return (const char *)buf_finish_arena(&body).data;
}

TEST(create_table_counts_tags_and_their_characters)
{
    struct bed bed;

    bed_open(&bed);
    CHECK_OK(call(&bed, OP_ID_CreateTable, many_tags(&bed, 50, 128, 256)));
    CHECK_U64(bed.req.tables[0]->definition.tags.count, 50);
    CHECK_U64(bed.req.tables[0]->definition.tags.list[49].value.size, 512);
    CHECK_ERR(call(&bed, OP_ID_CreateTable, many_tags(&bed, 51, 2, 0)), ERR_VALIDATION);
    CHECK_TEXT(bed.req.fault.message,
               "Number of Tags exceed the current limit for the provided ResourceArn");
    CHECK_ERR(call(&bed, OP_ID_CreateTable, many_tags(&bed, 1, 129, 0)), ERR_VALIDATION);
    CHECK(
        bytes_start_with(bed.req.fault.message, BYTES("The Tag Key provided is invalid, Key: 00")));
    CHECK_ERR(call(&bed, OP_ID_CreateTable, many_tags(&bed, 1, 2, 257)), ERR_VALIDATION);
    CHECK(bytes_start_with(bed.req.fault.message,
                           BYTES("The Tag Value provided is invalid, Value: ")));
    bed_close(&bed);
}

/* What says nothing is taken, and what a name that is taken answers comes before what we lack. */
TEST(create_table_takes_what_means_nothing)
{
    static const struct row taken[] = {
        {"$ab,'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'KEYS_ONLY'}",
         "Table already exists: abc"},
        {"$ab,$global[@one[<b:H>],$all}]", "Table already exists: abc"},
    };
    struct bed bed;

    bed_open(&bed);
    expect_reply(&bed, OP_ID_CreateTable,
                 "{'TableName':'abc',$demand,$a,'SSESpecification':{},'Tags':[],"
                 "'StreamSpecification':{'StreamEnabled':false},'VectorIndexes':[],"
                 "'GlobalTableSettingsReplicationMode':'DISABLED','OnDemandThroughput':{},"
                 "'WarmThroughput':{}}",
                 "'TableStatus':'CREATING'");
    EXPECT_ERRORS(&bed, OP_ID_CreateTable, "'TableName':'abc',$demand,", ERR_RESOURCE_IN_USE,
                  taken);
    bed_close(&bed);
}

/* --- one description, as it is stored ------------------------------------------ */

TEST(index_params_read_fills_the_definition)
{
    struct attribute_definitions definitions;
    struct index_context context = {.definitions = &definitions, .billing = TABLE_PAY_PER_REQUEST};
    struct index_list list;
    struct key_schema schema = {.hash_count = 1,
                                .range_count = 1,
                                .attributes = {{BYTES("a"), VALUE_S}, {BYTES("b"), VALUE_S}}};
    struct bed bed;

    bed_open(&bed);
    CHECK_ERR(call(&bed, OP_ID_CreateTable,
                   "{'TableName':'abc',$demand,'KeySchema':[<a:H>,<b:R>],"
                   "'AttributeDefinitions':[<a:S>,<b:S>,<c:N>],$local[@near[<a:H>,<c:R>],"
                   "'Projection':{'ProjectionType':'KEYS_ONLY'}}],$global[@far[<c:H>,<b:H>,<a:R>],"
                   "'Projection':{'ProjectionType':'INCLUDE','NonKeyAttributes':['z','x','y']},"
                   "'OnDemandThroughput':{'MaxReadRequestUnits':9},"
                   "'WarmThroughput':{'WriteUnitsPerSecond':5000}}]}"),
              OK);
    context.schema = &schema;
    attribute_definitions_read(&bed.req, input_member(bed.req.input, "AttributeDefinitions"),
                               &definitions);
    CHECK_OK(index_params_read_lists(&bed.req, &context, &list));
    CHECK_OK(index_params_limits_of_list(&bed.req, TABLE_PAY_PER_REQUEST, &list));
    CHECK_U64(list.count, 2);

    CHECK_TEXT(list.indexes[0].name, "near");
    CHECK_U64(list.indexes[0].kind, INDEX_LOCAL);
    CHECK_U64(list.indexes[0].projection, INDEX_PROJECTS_KEYS);
    CHECK_U64(list.indexes[0].schema.hash_count, 1);
    CHECK_U64(list.indexes[0].schema.range_count, 1);
    CHECK_U64(list.indexes[0].schema.attributes[1].type, VALUE_N);

    CHECK_TEXT(list.indexes[1].name, "far");
    CHECK_U64(list.indexes[1].kind, INDEX_GLOBAL);
    CHECK_U64(list.indexes[1].schema.hash_count, 2);
    CHECK_U64(list.indexes[1].schema.range_count, 1);
    CHECK_TEXT(list.indexes[1].schema.attributes[0].name, "c");
    CHECK_U64(list.indexes[1].schema.attributes[0].type, VALUE_N);
    CHECK_TEXT(list.indexes[1].schema.attributes[2].name, "a");
    CHECK_U64(list.indexes[1].projection, INDEX_PROJECTS_INCLUDED);
    CHECK_U64(list.indexes[1].included_count, 3);
    CHECK_TEXT(list.indexes[1].included[0], "x");
    CHECK_TEXT(list.indexes[1].included[2], "z");
    CHECK_U64(list.indexes[1].capacity.on_demand_read_max, 9);
    CHECK(list.indexes[1].capacity.on_demand_write_max == -1);
    CHECK_U64(list.indexes[1].capacity.warm_read_units, 12000);
    CHECK_U64(list.indexes[1].capacity.warm_write_units, 5000);
    bed_close(&bed);
}

/* --- UpdateTable ------------------------------------------------------------------------------ */

static void create_tables(struct bed *bed)
{
    expect_reply(bed, OP_ID_CreateTable, "{'TableName':'dem',$demand,$a}", "'dem'");
    expect_reply(bed, OP_ID_CreateTable, "{'TableName':'prov',#5/5,$a}", "'prov'");
}

TEST(update_table_checks_what_may_come_together)
{
    static const struct row rows[] = {
        /* 2 */
        {"'MultiRegionConsistency':'STRONG'",
         "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
         "GlobalSecondaryIndexUpdates, SSESpecification, "
         "ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, "
         "DeletionProtectionEnabled, OnDemandThroughput, "
         "WarmThroughput or TableClass is required"},
        /* 3 before 4 */
        {"'TableClass':'STANDARD',$changes[]", P "List of GlobalSecondaryIndexUpdates is empty"},
        {"'TableClass':'STANDARD','WarmThroughput':{},$changes[]",
         P "List of GlobalSecondaryIndexUpdates is empty"},
        /* 4 */
        {"'WarmThroughput':{'ReadUnitsPerSecond':1},'DeletionProtectionEnabled':true,"
         "'TableClass':'STANDARD','SSESpecification':{}",
         P "Server-Side Encryption modification must be the only operation in the request"},
        {"'WarmThroughput':{'ReadUnitsPerSecond':1},'DeletionProtectionEnabled':true,"
         "'TableClass':'STANDARD'",
         P "TableClass modification must be the only operation in the request"},
        {"'WarmThroughput':{'ReadUnitsPerSecond':1},'DeletionProtectionEnabled':true",
         P "DeletionProtection modification must be the only operation in the request"},
        {"'DeletionProtectionEnabled':false,$stream",
         P "DeletionProtection modification must be the only operation in the request"},
        {"'WarmThroughput':{'ReadUnitsPerSecond':1},$stream",
         P "WarmThroughput must be the only operation in the request"},
        {"'WarmThroughput':{'ReadUnitsPerSecond':1},$changes[{'Create':@one[<a:H>],$all}}]",
         P "Create global secondary index cannot be specified when updating WarmThroughput"},
        {"'WarmThroughput':{'ReadUnitsPerSecond':1},$changes[{'Delete':{'IndexName':'one'}}]",
         P "WarmThroughput must be the only operation in the request"},
        {"$demand,'ReplicaUpdates':[{'Create':{'RegionName':'us-west-2'}}]",
         P "Replica modification must be the only operation in the request"},
        {"$demand,"
         "'GlobalTableWitnessUpdates':[{'Create':{'RegionName':'us-west-2'}}]",
         P "Requests that modify replicas or witnesses must not also modify other fields"},
        /* 5 to 9 */
        {"'BillingMode':'PROVISIONED',$stream",
         P "You cannot modify stream status while updating table IOPS"},
        {"#1/1,$stream,$changes[{'Delete':{'IndexName':'one'}}]",
         P "You cannot modify stream status while updating table IOPS"},
        {"#1/1,$changes[{'Delete':{'IndexName':'one'}}]",
         P "You cannot create or delete index while updating table IOPS"},
        {"$stream,$changes[{'Create':@one[<a:H>],$all}}]",
         P "You cannot create or delete index while changing stream status"},
        {"'OnDemandThroughput':{'MaxReadRequestUnits':5},$stream",
         P "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"},
        {"'OnDemandThroughput':{'MaxReadRequestUnits':5},'BillingMode':'PROVISIONED',#1/1",
         P "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"},
        {"'OnDemandThroughput':{'MaxReadRequestUnits':5},"
         "$changes[{'Update':{'IndexName':'one'}}]",
         P "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"},
        {"'OnDemandThroughput':{'MaxReadRequestUnits':5},'BillingMode':'PROVISIONED'",
         P "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"},
        {"$demand,#1/1000000000001",
         P "ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST"},
        /* 10 to 13 */
        {"#1000000000001/1,$changes[{}]",
         "Given value 1000000000001 for ReadCapacityUnits is out of bounds"},
        {"$changes[{'Update':{'IndexName':'one',#1/1000000000001}}]",
         "This operation cannot be performed with given input values. Please contact DynamoDB "
         "service team for more info: "
         "Action Blocked: IndexUpdate"},
        {"$changes[{'Delete':{'IndexName':'one'}},"
         "{'Delete':{'IndexName':'one'}},{}]",
         P "One of GlobalSecondaryIndexUpdate.Update, "
           "GlobalSecondaryIndexUpdate.Create, "
           "GlobalSecondaryIndexUpdate.Delete must not be "
           "null"},
        {"$changes[{'Delete':{'IndexName':'one'},"
         "'Update':{'IndexName':'two'}}]",
         P "Only one global secondary index action is allowed "
           "per GlobalSecondaryIndexUpdate object"},
        {"$changes[{'Update':{'IndexName':'one','WarmThroughput':{}}},"
         "{'Delete':{'IndexName':'one'}}]",
         P "Only one global secondary index update per index is allowed simultaneously. "
           "Index: one"},
        {"$changes[{'Update':{'IndexName':'one','WarmThroughput':{}}}]",
         P "WarmThroughput must "
           "have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for "
           "index: one"},
    };
    struct bed bed;

    bed_open(&bed);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'nowhere',", ERR_VALIDATION, rows);
    bed_close(&bed);
}

TEST(update_table_checks_against_the_table)
{
    static const struct row dem[] = {
        /* 16 */
        {"$changes[{'Update':{'IndexName':'one','OnDemandThroughput':{}}}]",
         P "The only Updates "
           "for index: one when TableThroughputMode is PAY_PER_REQUEST can be to "
           "OnDemandThroughput, WarmThroughput"},
        {"$changes[{'Update':{'IndexName':'one',#1/1,"
         "'OnDemandThroughput':{'MaxReadRequestUnits':5}}}]",
         P "The only Updates for index: one when TableThroughputMode is PAY_PER_REQUEST can be "
           "to OnDemandThroughput, WarmThroughput"},
        {"$changes[{'Create':@one[<a:H>],$all,#1/1}}]", P "Neither ReadCapacityUnits nor "
                                                          "WriteCapacityUnits can be specified "
                                                          "for index: one when BillingMode is "
                                                          "PAY_PER_REQUEST"},
        /* 19: definitions are those of this request, and what is not used does not matter */
        {"'AttributeDefinitions':[],$changes[{'Create':@one[<a:H>],$all}}]",
         P "AttributeDefinitions is not specified for index: one"},
        {"'AttributeDefinitions':[<b:S>,<b:S>,<c:S>],$changes[{'Create':@one[<b:H>,<a:R>],"
         "$all}}]",
         P "Some index key attributes are not defined in AttributeDefinitions. Keys: [b, a], "
           "AttributeDefinitions: [b, b, c]"},
        {"'AttributeDefinitions':[<b:S>],$changes[{'Create':@one[<b:R>],$all}}]",
         "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
        {"'AttributeDefinitions':[<b:S>],$changes[{'Create':@one[<b:H>],'Projection':{}}}]",
         P "Unknown ProjectionType: null"},
        {"'AttributeDefinitions':[<b:S>],$changes[{'Create':@one[<b:H>],$all,"
         "'OnDemandThroughput':{'MaxReadRequestUnits':-1}}}]",
         P "Requested MaxReadRequestUnits for OnDemandThroughput for index : one is outside of "
           "valid range"},
        {"'AttributeDefinitions':[<b:S>,<a:N>,<c:S>],$changes[{'Create':@one[<b:H>,<a:R>],"
         "$all}}]" REPLICATES,
         NOT_REPLICATED},
        /* 23 */
        {"'StreamSpecification':{'StreamEnabled':false}",
         "Table has no stream to disable: TableName: dem"},
        {"'StreamSpecification':{'StreamEnabled':false,'StreamViewType':'NEW_IMAGE'}",
         "Table has no stream to disable: TableName: dem"},
        {"'StreamSpecification':{'StreamEnabled':true}",
         P "If stream is being enabled then UpdateViewType is required"},
        /* 26 */
        {"'SSESpecification':{'Enabled':false,'SSEType':'KMS'}",
         P "SSEType can not be specified if Enabled is false"},
        {"'SSESpecification':{}", P "Table is already encrypted by default"},
        /* the end */
        {"'VectorIndexUpdates':[{'Delete':{'IndexName':'one'}}]", NOT_SERVED("VectorIndexUpdates")},
        {"'ReplicaUpdates':[{'Create':{'RegionName':'us-west-2'}}],"
         "'MultiRegionConsistency':'STRONG'",
         NOT_SERVED("ReplicaUpdates")},
        {"'GlobalTableSettingsReplicationMode':'ENABLED_WITH_OVERRIDES'",
         "Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' failed to "
         "satisfy constraint: "
         "Only ENABLED and DISABLED settings replication are supported for a Regional Table."},
    };
    static const struct row prov[] = {
        /* 17, 18 */
        {"#5/5,$changes[{'Update':{'IndexName':'one',#1/1}}]",
         "The provisioned throughput for the table will not change. The requested value equals "
         "the current value. Current "
         "ReadCapacityUnits provisioned for the table: 5. Requested ReadCapacityUnits: 5. "
         "Current WriteCapacityUnits provisioned "
         "for the table: 5. Requested WriteCapacityUnits: 5." HIGHER},
        {"$changes[{'Create':@one[<b:H>],$all}}]",
         P "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: one"},
        /* 24 for a new index */
        {"'AttributeDefinitions':[<b:S>],$changes[{'Create':@one[<b:H>],$all,#1/1,"
         "'OnDemandThroughput':{'MaxReadRequestUnits':1}}}]",
         P "MaxReadRequestUnits for OnDemandThroughput for index : one cannot be specified when "
           "the table BillingMode is PROVISIONED"},
    };
    static const struct row unknown_dem[] = {
        {"$changes[{'Delete':{'IndexName':'one'}}]",
         "Requested resource not found: Index one for table dem"},
        {"$changes[{'Update':{'IndexName':'one',"
         "'OnDemandThroughput':{'MaxReadRequestUnits':5}}}]",
         "Requested resource not found: Index one for table dem"},
    };
    static const struct row unknown_prov[] = {
        {"$changes[{'Update':{'IndexName':'one',#1/1}},{'Delete':{'IndexName':'two'}}]",
         "Requested resource not found: Index one for table prov"},
    };
    static const struct row limits[] = {
        /* 15b before 16 */
        {"$changes[{'Delete':{'IndexName':'one'}},{'Create':@two[<a:H>],$all,#1/1}}]",
         L "Only 1 online index can be created or deleted simultaneously per table"},
        {"'OnDemandThroughput':{'MaxWriteRequestUnits':40001}",
         L "Requested "
           "MaxWriteRequestUnits for OnDemandThroughput for table exceeds "
           "TableMaxWriteCapacityUnits of the account in region us-east-1"},
    };
    static const struct row nowhere[] = {
        {"$demand", "Requested resource not found: Table: nowhere not found"},
    };
    struct bed bed;

    bed_open(&bed);
    create_tables(&bed);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'dem',", ERR_VALIDATION, dem);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'prov',", ERR_VALIDATION, prov);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'dem',", ERR_RESOURCE_NOT_FOUND,
                  unknown_dem);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'prov',", ERR_RESOURCE_NOT_FOUND,
                  unknown_prov);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'dem',", ERR_LIMIT_EXCEEDED, limits);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'nowhere',", ERR_RESOURCE_NOT_FOUND,
                  nowhere);
    bed_close(&bed);
}

TEST(update_table_refuses_what_a_running_change_excludes)
{
    static const struct row iops[] = {
        {"#7/7", U "Table IOPS are currently being updated. Table: prov"},
        {"$demand", U "Table IOPS are currently being updated. Table: prov"},
        {"$stream",
         U "Can't enable or disable stream while table IOPS are being updated. Table: prov"},
        {"$changes[{'Delete':{'IndexName':'one'}}]",
         U "Can't create or delete indexes while table IOPS are being updated. Table: prov"},
        {"'OnDemandThroughput':{'MaxReadRequestUnits':5}",
         U "OnDemandThroughput cannot be updated while BillingMode update is in progress"},
    };
    static const struct row class[] = {
        {"'TableClass':'STANDARD'", U "Can't update table class when a table class update is in "
                                      "progress. Table: dem TableClassUpdateInProgress: "
                                      "STANDARD_INFREQUENT_ACCESS"},
        {"$demand", U "Can't change table IOPS when a table class update "
                      "is in progress. Table: dem "
                      "TableClassUpdateInProgress: "
                      "STANDARD_INFREQUENT_ACCESS"},
        {"$stream", U "Can't change stream status when a table class update is in progress. "
                      "Table: dem TableClassUpdateInProgress: STANDARD_INFREQUENT_ACCESS"},
        {"$changes[{'Create':@one[<a:H>],$all}}]", U "Can't create or delete an index when a "
                                                     "table class update is in progress. Table: "
                                                     "dem TableClassUpdateInProgress: "
                                                     "STANDARD_INFREQUENT_ACCESS"},
        {"'OnDemandThroughput':{'MaxReadRequestUnits':5}",
         U "OnDemandThroughput cannot be updated while TableClass update is in progress"},
    };
    static const struct row allowed[] = {
        {"'SSESpecification':{}", P "Table is already encrypted by default"},
    };
    struct bed bed;

    bed_open(&bed);
    create_tables(&bed);
    bed.api.table_delay_ms = 600000;
    expect_reply(&bed, OP_ID_UpdateTable, "{'TableName':'prov',#6/6}", "'TableStatus':'UPDATING'");
    expect_reply(&bed, OP_ID_UpdateTable,
                 "{'TableName':'dem','TableClass':'STANDARD_INFREQUENT"
                 "_ACCESS'}",
                 "'TableStatus':'UPDATING'");
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'prov',", ERR_RESOURCE_IN_USE, iops);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'dem',", ERR_RESOURCE_IN_USE, class);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'prov',", ERR_VALIDATION, allowed);
    EXPECT_ERRORS(&bed, OP_ID_UpdateTable, "'TableName':'dem',", ERR_VALIDATION, allowed);

    /* Deletion protection is there at once, while the description is still the old one. */
    expect_reply(&bed, OP_ID_UpdateTable,
                 "{'TableName':'prov','DeletionProtectionEnabled':true"
                 "}",
                 "'DeletionProtectionEnabled':true");
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'prov'}",
                 "'DeletionProtectionEnabled':true");
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'prov'}",
                 "'ReadCapacityUnits':5,'WriteCapacityUnits':5}");
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'prov'}", "'TableStatus':'UPDATING'");
    bed_close(&bed);
}

/* While a table leaves PAY_PER_REQUEST, that mode sent again is taken and forgotten. */
TEST(update_table_forgets_the_mode_a_table_is_leaving)
{
    struct bed bed;

    bed_open(&bed);
    create_tables(&bed);
    bed.api.table_delay_ms = 600000;
    expect_reply(&bed, OP_ID_UpdateTable, "{'TableName':'dem','BillingMode':'PROVISIONED',#3/3}",
                 "'BillingModeSummary':{'BillingMode':'PROVISIONED'}");
    expect_reply(&bed, OP_ID_UpdateTable, "{'TableName':'dem',$demand}",
                 "'TableStatus':'UPDATING'");
    CHECK_U64(bed.req.tables[0]->definition.settings.billing, TABLE_PROVISIONED);
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'dem'}", "'TableStatus':'UPDATING'");
    CHECK_U64(bed.req.tables[0]->definition.settings.billing, TABLE_PROVISIONED);
    CHECK_U64(bed.req.tables[0]->definition.settings.capacity.throughput.read_units, 3);
    bed_close(&bed);
}

/* The reply to what is sent again says UPDATING; the table never is. */
TEST(update_table_of_what_is_so_already)
{
    struct bed bed;

    bed_open(&bed);
    create_tables(&bed);
    bed.api.table_delay_ms = 600000;
    expect_reply(&bed, OP_ID_UpdateTable, "{'TableName':'dem',$demand}",
                 "'TableStatus':'UPDATING'");
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'dem'}", "'TableStatus':'ACTIVE'");
    expect_reply(&bed, OP_ID_UpdateTable, "{'TableName':'dem','TableClass':'STANDARD'}",
                 "'TableStatus':'UPDATING'");
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'dem'}", "'TableStatus':'ACTIVE'");
    expect_reply(&bed, OP_ID_UpdateTable,
                 "{'TableName':'dem','OnDemandThroughput':{'MaxReadReq"
                 "uestUnits':7}}",
                 "'TableStatus':'ACTIVE'");
    expect_reply(&bed, OP_ID_UpdateTable,
                 "{'TableName':'dem','OnDemandThroughput':{'MaxReadRequestUnits':-1}}",
                 "'OnDemandThroughput':{'MaxReadRequestUnits':-1}");
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'dem'}",
                 "'LastUpdateToPayPerRequestDateTime'");
    CHECK(memmem(bed.reply.data, bed.reply.size, "OnDemandThroughput", 18) == NULL);
    bed_close(&bed);
}

/* Over midnight: the dates of the message, and the new day's budget. */
TEST(update_table_says_when_units_may_be_lowered_again)
{
    static const uint64_t late_ms = 1791501648000u; /* 2026-10-08T23:20:48Z */
    const struct row fifth = {
        "#5/5",
        L "Provisioned throughput decreases are limited within a given UTC day. After the first 4 "
          "decreases, each subsequent decrease in the same UTC day can be performed at most once "
          "every 3600 seconds. Number of decreases today: 4. Last decrease at Thursday, October 8, "
          "2026 at 11:20:48 PM Coordinated Universal Time. Next decrease can be made at Friday, "
          "October 9, 2026 at 12:00:00 AM Coordinated Universal Time",
    };
    struct bed bed;

    bed_open(&bed);
    clock_set_test(late_ms);
    expect_reply(&bed, OP_ID_CreateTable, "{'TableName':'lower',$a,#9/9}", "'CREATING'");
    for (unsigned units = 9; units > 5; units--) {
        struct bytes body =
            arena_format(&bed.arena, "{'TableName':'lower',#%u/%u}", units - 1, units - 1);

        expect_reply(&bed, OP_ID_UpdateTable, (const char *)body.data, "'UPDATING'");
    }
    expect_errors(&bed, OP_ID_UpdateTable, "'TableName':'lower',", ERR_LIMIT_EXCEEDED,
                  &(struct row){"#4/5", fifth.message}, 1);
    expect_reply(&bed, OP_ID_UpdateTable, "{'TableName':'lower',#6/6}", "'UPDATING'");
    clock_set_test(late_ms + 39 * 60000 + 11999);
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'lower'}", "'NumberOfDecreasesToday':4");
    expect_errors(&bed, OP_ID_UpdateTable, "'TableName':'lower',", ERR_LIMIT_EXCEEDED, &fifth, 1);
    clock_set_test(late_ms + 39 * 60000 + 12000);
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'lower'}", "'NumberOfDecreasesToday':0");
    expect_reply(&bed, OP_ID_UpdateTable, "{'TableName':'lower',#5/5}", "'UPDATING'");
    expect_reply(&bed, OP_ID_DescribeTable, "{'TableName':'lower'}", "'NumberOfDecreasesToday':1");
    clock_set_test(0);
    bed_close(&bed);
}
