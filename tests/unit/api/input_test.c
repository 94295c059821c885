/* input_test.c - bodies against input shapes, row by row from the contract (core-api.md 1.5, 1.6).
 */
#include "api/input.h"
#include "api/ops.h"
#include "api/shape.h"
#include "base/arena.h"
#include "base/buf.h"
#include "unit.h"

#include <stdio.h>
#include <yyjson.h>

struct row {
    enum op_id op;
    const char *body;    /* with ' for " */
    const char *message; /* NULL: the body passes */
};

static enum err check(enum op_id op, const char *body, size_t size, struct fault *fault)
{
    yyjson_doc *doc = yyjson_read(body, size, 0);
    enum err err;

    if (doc == NULL) {
        unit_failed(__FILE__, __LINE__, "not JSON: %.200s", body);
        return OK;
    }
    err = input_check(&ops[op], yyjson_doc_get_root(doc), fault);
    if (err != OK)
        fault->message = arena_copy(fault->arena, fault->message);
    yyjson_doc_free(doc);
    return err;
}

static void run_rows(const struct row *rows, size_t count, enum err expected)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = (const char *)ops[rows[i].op].name.data;
        struct arena arena;
        struct fault fault;
        char *body;
        enum err err;

        arena_init(&arena);
        fault_init(&fault, &arena);
        body = (char *)arena_copy(&arena, bytes_of_string(rows[i].body)).data;
        for (char *at = body; *at != 0; at++)
            *at = *at == '\'' ? '"' : *at;
        err = check(rows[i].op, body, strlen(body), &fault);
        if (rows[i].message == NULL) {
            if (err != OK) {
                unit_failed(__FILE__, __LINE__, "%s %s:\n    %.*s", name, rows[i].body,
                            BYTES_ARGS(fault.message));
            }
        } else if (err != expected || !bytes_equal_string(fault.message, rows[i].message)) {
            unit_failed(__FILE__, __LINE__, "%s %s: %s\n    %.*s\n  expected\n    %s", name,
                        rows[i].body, err_name(err), BYTES_ARGS(fault.message), rows[i].message);
        }
        arena_fini(&arena);
    }
}

#define RUN_ROWS(rows, expected) run_rows((rows), sizeof(rows) / sizeof((rows)[0]), (expected))

#define ONE      "1 validation error detected: "
#define TWO      "2 validation errors detected: "
#define THREE    "3 validation errors detected: "
#define AT(path) "' at '" path "' failed to satisfy constraint: "
#define IS_NULL(path) \
    "Value null at '" path "' failed to satisfy constraint: Member must not be null"
#define LENGTH_MIN(n) "Member must have length greater than or equal to " #n
#define LENGTH_MAX(n) "Member must have length less than or equal to " #n
#define VALUE_MIN(n)  "Member must have value greater than or equal to " #n
#define VALUE_MAX(n)  "Member must have value less than or equal to " #n
#define NAME_PATTERN  "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
#define ONE_OF(set)   "Member must satisfy enum value set: [" set "]"
#define BAD_NAME                                                                                   \
    "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and " \
    "may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
#define NO_TABLE_NAME "The parameter 'TableName' is required but was not present in the request"
#define COMPARISONS \
    "IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS"
#define JAVA "com.amazonaws.dynamodb.v20120810."

/* --- SerializationException ------------------------------------------------------------------ */

TEST(input_types_that_cannot_be_converted)
{
    /* clang-format off */
    static const struct row rows[] = {
        /* strings */
        {OP_ID_PutItem, "{'TableName':true}", "TRUE_VALUE cannot be converted to String"},
        {OP_ID_PutItem, "{'TableName':false}", "FALSE_VALUE cannot be converted to String"},
        {OP_ID_PutItem, "{'TableName':-5}", "NUMBER_VALUE cannot be converted to String"},
        {OP_ID_PutItem, "{'TableName':3.5}", "DECIMAL_VALUE cannot be converted to String"},
        {OP_ID_PutItem, "{'TableName':[]}",
         "Unrecognized collection type class java.lang.String"},
        {OP_ID_PutItem, "{'TableName':{}}", "Start of structure or map found where not expected"},
        {OP_ID_PutItem, "{'Item':{'a':{'N':5}}}", "NUMBER_VALUE cannot be converted to String"},
        /* booleans */
        {OP_ID_GetItem, "{'ConsistentRead':1}", "NUMBER_VALUE cannot be converted to Boolean"},
        {OP_ID_GetItem, "{'ConsistentRead':1.5}", "DECIMAL_VALUE cannot be converted to Boolean"},
        {OP_ID_GetItem, "{'ConsistentRead':'maybe'}", "Unexpected token received from parser"},
        {OP_ID_GetItem, "{'ConsistentRead':''}", "Unexpected token received from parser"},
        {OP_ID_GetItem, "{'ConsistentRead':[true]}",
         "Unrecognized collection type class java.lang.Boolean"},
        {OP_ID_GetItem, "{'ConsistentRead':{}}",
         "Start of structure or map found where not expected"},
        /* numbers */
        {OP_ID_Query, "{'Limit':true}", "TRUE_VALUE cannot be converted to Integer"},
        {OP_ID_Query, "{'Limit':false}", "FALSE_VALUE cannot be converted to Integer"},
        {OP_ID_Query, "{'Limit':'1'}", "STRING_VALUE cannot be converted to Integer"},
        {OP_ID_Query, "{'Limit':[1]}", "Unrecognized collection type class java.lang.Integer"},
        {OP_ID_Query, "{'Limit':{}}", "Start of structure or map found where not expected"},
        {OP_ID_CreateTable, "{'ProvisionedThroughput':{'ReadCapacityUnits':'1'}}",
         "STRING_VALUE cannot be converted to Long"},
        {OP_ID_CreateTable, "{'ProvisionedThroughput':{'ReadCapacityUnits':[]}}",
         "Unrecognized collection type class java.lang.Long"},
        {OP_ID_UpdateTableReplicaAutoScaling,
         "{'ProvisionedWriteCapacityAutoScalingUpdate':{'ScalingPolicyUpdate':{"
         "'TargetTrackingScalingPolicyConfiguration':{'TargetValue':'1'}}}}",
         "STRING_VALUE cannot be converted to Double"},
        {OP_ID_ListBackups, "{'TimeRangeLowerBound':'2026'}",
         "STRING_VALUE cannot be converted to Date"},
        /* blobs */
        {OP_ID_PutItem, "{'Item':{'a':{'B':1}}}",
         "only base-64-encoded strings are convertible to bytes"},
        {OP_ID_PutItem, "{'Item':{'a':{'B':true}}}",
         "only base-64-encoded strings are convertible to bytes"},
        {OP_ID_PutItem, "{'Item':{'a':{'B':[]}}}",
         "Unrecognized collection type class java.nio.ByteBuffer"},
        {OP_ID_PutItem, "{'Item':{'a':{'B':{}}}}",
         "Start of structure or map found where not expected"},
        {OP_ID_PutItem, "{'Item':{'a':{'B':'abcde'}}}",
         "Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
        {OP_ID_PutItem, "{'Item':{'a':{'B':'YR=='}}}",
         "Invalid last non-pad Base64 character dectected"},
        {OP_ID_PutItem, "{'Item':{'a':{'B':'YWJ='}}}",
         "Invalid last non-pad Base64 character dectected"},
        {OP_ID_PutItem, "{'Item':{'a':{'B':'YQ.='}}}", "Invalid Base64 character: '.'"},
        {OP_ID_PutItem, "{'Item':{'a':{'B':'Y==='}}}", "Invalid Base64 character: '='"},
        {OP_ID_PutItem, "{'Item':{'a':{'BS':['YQ==','YQ\xc3\xa9']}}}",
         "Invalid Base64 character: '\xc3\xa9'"},
        /* lists */
        {OP_ID_GetItem, "{'AttributesToGet':'a'}", "Unexpected field type"},
        {OP_ID_GetItem, "{'AttributesToGet':1}", "Unexpected field type"},
        {OP_ID_GetItem, "{'AttributesToGet':{}}",
         "Start of structure or map found where not expected"},
        {OP_ID_GetItem, "{'AttributesToGet':['a',1]}",
         "NUMBER_VALUE cannot be converted to String"},
        {OP_ID_PutItem, "{'Item':{'a':{'SS':'x'}}}", "Unexpected field type"},
        {OP_ID_PutItem, "{'Item':{'a':{'SS':[[]]}}}",
         "Unrecognized collection type class java.lang.String"},
        /* maps */
        {OP_ID_PutItem, "{'Item':'x'}", "Unexpected field type"},
        {OP_ID_PutItem, "{'Item':[]}",
         "Unrecognized collection type java.util.Map<java.lang.String, " JAVA "AttributeValue>"},
        {OP_ID_PutItem, "{'Expected':[]}",
         "Unrecognized collection type java.util.Map<java.lang.String, " JAVA
         "ExpectedAttributeValue>"},
        {OP_ID_PutItem, "{'ExpressionAttributeNames':[]}",
         "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>"},
        {OP_ID_BatchWriteItem, "{'RequestItems':[]}",
         "Unrecognized collection type java.util.Map<java.lang.String, java.util.List<" JAVA
         "WriteRequest>>"},
        {OP_ID_BatchGetItem, "{'RequestItems':[]}",
         "Unrecognized collection type java.util.Map<java.lang.String, " JAVA "KeysAndAttributes>"},
        /* structures */
        {OP_ID_CreateTable, "{'ProvisionedThroughput':'x'}", "Unexpected field type"},
        {OP_ID_CreateTable, "{'ProvisionedThroughput':[]}",
         "Unrecognized collection type class " JAVA "ProvisionedThroughput"},
        {OP_ID_CreateTable, "{'KeySchema':['x']}", "Unexpected value type in payload"},
        {OP_ID_CreateTable, "{'KeySchema':[[]]}",
         "Unrecognized collection type class " JAVA "KeySchemaElement"},
        {OP_ID_PutItem, "{'Item':{'a':'x'}}", "Unexpected value type in payload"},
        {OP_ID_PutItem, "{'Item':{'a':[]}}",
         "Unrecognized collection type class " JAVA "AttributeValue"},
        {OP_ID_PutItem, "{'Expected':{'a':{'Value':1}}}", "Unexpected field type"},
        /* containers inside containers */
        {OP_ID_BatchWriteItem, "{'RequestItems':{'t':'x'}}",
         "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to "
         "class java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl "
         "and java.lang.Class are in module java.base of loader 'bootstrap')"},
        {OP_ID_BatchWriteItem, "{'RequestItems':{'t':{}}}",
         "Start of structure or map found where not expected"},
        {OP_ID_BatchGetItem, "{'RequestItems':{'t':{'Keys':[1]}}}",
         "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to "
         "class java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl "
         "and java.lang.Class are in module java.base of loader 'bootstrap')"},
        {OP_ID_BatchGetItem, "{'RequestItems':{'t':{'Keys':[[]]}}}",
         "Unrecognized collection type java.util.Map<java.lang.String, " JAVA "AttributeValue>"},
        /* the whole body */
        {OP_ID_PutItem, "[]", "Unrecognized collection type class " JAVA "PutItemInput"},
        {OP_ID_PutItem, "'x'", "Unexpected value type in payload"},
        {OP_ID_PutItem, "null", "Unexpected value type in payload"},
        /* deep down */
        {OP_ID_PutItem, "{'Item':{'a':{'L':[{'M':{'b':{'L':[{'BOOL':0}]}}}]}}}",
         "NUMBER_VALUE cannot be converted to Boolean"},
        /* order of the shape, not of the body; nothing else is looked at before */
        {OP_ID_PutItem, "{'Item':1,'TableName':2}", "NUMBER_VALUE cannot be converted to String"},
        {OP_ID_PutItem, "{'ReturnValues':'x','Item':1}", "Unexpected field type"},
        {OP_ID_CreateTable, "{'KeySchema':[1]}", "Unexpected value type in payload"},
    };
    /* clang-format on */

    RUN_ROWS(rows, ERR_SERIALIZATION);
}

TEST(input_types_that_can_be_converted)
{
    /* clang-format off */
    static const struct row rows[] = {
        {OP_ID_PutItem,
         "{'TableName':'abc','Item':{'a':{'S':'x'},'b':{'N':'1'},'c':{'B':'YWJj'},'d':{"
         "'BOOL':'YES'},'e':{'NULL':'1'},'f':{'SS':['x'],'NS':['1'],'BS':['YQ==','YWI=','']},"
         "'g':{'L':[],'M':{}},'h':{}}}", NULL},
        {OP_ID_Query, "{'TableName':'abc','Limit':1.9,'ConsistentRead':'No'}", NULL},
        {OP_ID_ListBackups, "{'TimeRangeLowerBound':1.5,'TimeRangeUpperBound':2}", NULL},
        /* null is absent, unknown names are ignored, the last of equal names counts */
        {OP_ID_GetItem,
         "{'TableName':'abc','Key':{'a':{'S':'x','N':null,'X':5}},'Limit':'x',"
         "'ConsistentRead':null,'AttributesToGet':null}", NULL},
        {OP_ID_GetItem, "{'TableName':5,'TableName':'abc','Key':{}}", NULL},
        {OP_ID_GetItem, "{'TableName':'abc','TableName':null,'Key':{}}",
         ONE IS_NULL("tableName")},
        {OP_ID_DescribeLimits, "{'Any':[{}]}", NULL},
    };
    /* clang-format on */

    RUN_ROWS(rows, ERR_VALIDATION);
}

/* What a wrong JSON type gives, for each kind of declared type that inputs have at the top. */
static const char *wrong_type_text(const struct shape *shape, const char *json, char *out,
                                   size_t size)
{
    static const char *const java[] = {
        [SHAPE_STRING] = "String", [SHAPE_BOOLEAN] = "Boolean", [SHAPE_INTEGER] = "Integer",
        [SHAPE_LONG] = "Long",     [SHAPE_TIMESTAMP] = "Date",
    };
    bool scalar =
        shape->kind != SHAPE_STRUCTURE && shape->kind != SHAPE_LIST && shape->kind != SHAPE_MAP;

    if (strcmp(json, "{}") == 0)
        return scalar || shape->kind == SHAPE_LIST
                   ? "Start of structure or map found where not expected"
                   : NULL;
    if (strcmp(json, "true") == 0) {
        if (!scalar)
            return "Unexpected field type";
        if (shape->kind == SHAPE_BOOLEAN)
            return NULL;
        snprintf(out, size, "TRUE_VALUE cannot be converted to %s", java[shape->kind]);
        return out;
    }
    if (shape->kind == SHAPE_LIST)
        return NULL;
    if (shape->kind == SHAPE_STRUCTURE) {
        snprintf(out, size, "Unrecognized collection type class " JAVA "%s", shape->name);
        return out;
    }
    if (shape->kind == SHAPE_MAP) {
        const struct shape *element = &shapes[shape->element];
        bool lists = element->kind == SHAPE_LIST;

        if (lists)
            element = &shapes[element->element];
        snprintf(out, size, "Unrecognized collection type java.util.Map<java.lang.String, %s%s%s>",
                 lists                              ? "java.util.List<" JAVA
                 : element->kind == SHAPE_STRUCTURE ? JAVA
                                                    : "java.lang.",
                 element->kind == SHAPE_STRUCTURE ? element->name : "String", lists ? ">" : "");
        return out;
    }
    snprintf(out, size, "Unrecognized collection type class java.%s.%s",
             shape->kind == SHAPE_TIMESTAMP ? "util" : "lang", java[shape->kind]);
    return out;
}

TEST(input_refuses_wrong_types_in_every_member_of_every_operation)
{
    static const char *const wrong[] = {"[]", "{}", "true"};
    char body[256], text[256];

    for (unsigned op = 0; op < OP_COUNT; op++) {
        const struct shape *input = ops[op].input;

        for (unsigned m = 0; m < input->member_count; m++) {
            for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
                struct row row = {.op = op, .body = body};

                snprintf(body, sizeof(body), "{'%.*s':%s}", BYTES_ARGS(input->members[m].name),
                         wrong[w]);
                row.message =
                    wrong_type_text(input->members[m].shape, wrong[w], text, sizeof(text));
                if (row.message != NULL)
                    run_rows(&row, 1, ERR_SERIALIZATION);
            }
        }
    }
}

TEST(input_check_survives_deep_nesting)
{
    enum { DEPTH = 200000 };
    struct arena arena;
    struct fault fault;
    struct buf body;

    arena_init(&arena);
    fault_init(&fault, &arena);
    buf_init(&body, 16 << 20);
    buf_append_lit(&body, "{\"TableName\":\"abc\",\"Item\":{\"a\":");
    for (int i = 0; i < DEPTH; i++)
        buf_append_lit(&body, "{\"L\":[");
    for (int i = 0; i < DEPTH; i++)
        buf_append_lit(&body, "]}");
    buf_append_lit(&body, "}}");
    CHECK_OK(check(OP_ID_PutItem, (const char *)body.data, body.size, &fault));
    buf_reset(&body, 0);
    for (int i = 0; i < DEPTH; i++)
        buf_append_byte(&body, '[');
    for (int i = 0; i < DEPTH; i++)
        buf_append_byte(&body, ']');
    CHECK_ERR(check(OP_ID_PutItem, (const char *)body.data, body.size, &fault), ERR_SERIALIZATION);
    buf_fini(&body);
    arena_fini(&arena);
}

/* --- ValidationException --------------------------------------------------------------------- */

TEST(input_names_of_tables)
{
    /* clang-format off */
    static const struct row rows[] = {
        /* table operations: presence first and alone, then 3 to 255 and the pattern */
        {OP_ID_CreateTable, "{}", NO_TABLE_NAME},
        {OP_ID_CreateTable, "{'BillingMode':'x'}", NO_TABLE_NAME},
        {OP_ID_UpdateTable, "{'TableName':null}", NO_TABLE_NAME},
        {OP_ID_DeleteTable, "{}", NO_TABLE_NAME},
        {OP_ID_DescribeTable, "{}", NO_TABLE_NAME},
        {OP_ID_DescribeTimeToLive, "{}", NO_TABLE_NAME},
        {OP_ID_UpdateTimeToLive, "{}", NO_TABLE_NAME},
        {OP_ID_UpdateTable, "{'TableName':'ab'}", ONE "Value 'ab" AT("tableName") LENGTH_MIN(3)},
        {OP_ID_DescribeTable, "{'TableName':''}",
         TWO "Value '" AT("tableName") LENGTH_MIN(3) "; Value '" AT("tableName") NAME_PATTERN},
        {OP_ID_DescribeTable, "{'TableName':'a b'}",
         ONE "Value 'a b" AT("tableName") NAME_PATTERN},
        {OP_ID_DeleteTable, "{'TableName':'abc'}", NULL},
        {OP_ID_DescribeTable, "{'TableName':'arn:aws:dynamodb:us-east-1:123456789012:table/abc'}",
         NULL},
        {OP_ID_DescribeTable, "{'TableName':'arn:abc'}",
         ONE "Value 'arn:abc" AT("tableName") NAME_PATTERN},
        /* items: from 1 on, the rest is for input_table */
        {OP_ID_GetItem, "{'Key':{}}", ONE IS_NULL("tableName")},
        {OP_ID_GetItem, "{'Key':{},'TableName':''}", ONE "Value '" AT("tableName") LENGTH_MIN(1)},
        {OP_ID_GetItem, "{'Key':{},'TableName':'a b'}", NULL},
        {OP_ID_DeleteItem, "{'TableName':'','ReturnValues':'x'}",
         THREE "Value '" AT("tableName") LENGTH_MIN(1) "; Value 'x" AT("returnValues")
         ONE_OF("ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW") "; " IS_NULL("key")},
        /* PutItem and UpdateItem: a bad one alone, an absent one with the rest */
        {OP_ID_PutItem, "{'TableName':'','ReturnValues':'x'}",
         ONE "Value '" AT("tableName") LENGTH_MIN(1)},
        {OP_ID_PutItem, "{'TableName':'a b','ReturnValues':'x'}", BAD_NAME},
        {OP_ID_UpdateItem, "{'TableName':'ab','ReturnValues':'x'}", BAD_NAME},
        {OP_ID_PutItem, "{}", TWO IS_NULL("tableName") "; " IS_NULL("item")},
        {OP_ID_UpdateItem, "{}", TWO IS_NULL("tableName") "; " IS_NULL("key")},
        {OP_ID_PutItem,
         "{'TableName':'arn:aws:dynamodb:us-east-1:123456789012:table/abc','Item':{}}", NULL},
        /* the sentence that global tables, restores and insights still have */
        {OP_ID_DescribeGlobalTable, "{'GlobalTableName':'ab'}",
         "TableName must be at least 3 characters long and at most 255 characters long"},
        {OP_ID_DescribeGlobalTable, "{'GlobalTableName':'a b'}",
         ONE "Value 'a b" AT("globalTableName") NAME_PATTERN},
        {OP_ID_RestoreTableFromBackup, "{'TargetTableName':''}",
         "TableName must be at least 3 characters long and at most 255 characters long"},
        {OP_ID_UpdateContributorInsights, "{'IndexName':'ab'}",
         "IndexName must be at least 3 characters long and at most 255 characters long"},
        /* pattern before length */
        {OP_ID_ListTables, "{'ExclusiveStartTableName':'$'}",
         TWO "Value '$" AT("exclusiveStartTableName") NAME_PATTERN "; Value '$"
         AT("exclusiveStartTableName") LENGTH_MIN(3)},
        {OP_ID_CreateBackup, "{'TableName':'abc','BackupName':'$'}",
         TWO "Value '$" AT("backupName") NAME_PATTERN "; Value '$" AT("backupName") LENGTH_MIN(3)},
        {OP_ID_Query, "{'TableName':'abc','IndexName':'$'}",
         TWO "Value '$" AT("indexName") LENGTH_MIN(3) "; Value '$" AT("indexName") NAME_PATTERN},
    };
    /* clang-format on */

    RUN_ROWS(rows, ERR_VALIDATION);
}

TEST(input_enums_and_numbers)
{
    /* clang-format off */
    static const struct row rows[] = {
        {OP_ID_Query, "{'TableName':'abc','Select':'x','Limit':-1}",
         TWO "Value 'x" AT("select")
         ONE_OF("SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES")
         "; Value '-1" AT("limit") VALUE_MIN(1)},
        {OP_ID_Query, "{'TableName':'abc','Limit':0}", ONE "Value '0" AT("limit") VALUE_MIN(1)},
        {OP_ID_Query, "{'TableName':'abc','Limit':0.9}", ONE "Value '0" AT("limit") VALUE_MIN(1)},
        {OP_ID_Query, "{'TableName':'abc','Limit':-0.5}",
         ONE "Value '-1" AT("limit") VALUE_MIN(1)},
        {OP_ID_ListTables, "{'Limit':0}", ONE "Value '0" AT("limit") VALUE_MIN(1)},
        {OP_ID_ListTables, "{'Limit':101}", ONE "Value '101" AT("limit") VALUE_MAX(100)},
        {OP_ID_ListTables, "{'Limit':100}", NULL},
        {OP_ID_Scan, "{'TableName':'abc','Limit':0}", NULL},
        /* a rule of its own words */
        {OP_ID_Scan, "{'TableName':'abc','Segment':-1,'TotalSegments':1000001}",
         TWO "Value '1000001" AT("totalSegments") VALUE_MAX(1000000) "; Value '-1" AT("segment")
         VALUE_MIN(0)},
        {OP_ID_Scan, "{'TableName':'abc','Segment':1000000,'TotalSegments':0}",
         TWO "Value '0" AT("totalSegments") VALUE_MIN(1) "; Value '1000000" AT("segment")
         VALUE_MAX(999999)},
        {OP_ID_PutItem,
         "{'TableName':'abc','Item':{},'ReturnConsumedCapacity':'x','ReturnValues':'y',"
         "'ReturnItemCollectionMetrics':''}",
         THREE "Value 'x" AT("returnConsumedCapacity") ONE_OF("INDEXES, TOTAL, NONE") "; Value 'y"
         AT("returnValues") ONE_OF("ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW") "; Value '"
         AT("returnItemCollectionMetrics") ONE_OF("SIZE, NONE")},
        {OP_ID_PutItem,
         "{'TableName':'abc','Item':{},'ReturnValuesOnConditionCheckFailure':'ALL'}",
         ONE "Value 'ALL" AT("returnValuesOnConditionCheckFailure") ONE_OF("ALL_OLD, NONE")},
        {OP_ID_PutItem, "{'TableName':'abc','Item':{},'ReturnValues':'ALL_OLD'}", NULL},
        {OP_ID_PutItem, "{'TableName':'abc','Item':{},'ReturnValues':'ALL_OLD, NONE'}",
         ONE "Value 'ALL_OLD, NONE" AT("returnValues")
         ONE_OF("ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")},
        {OP_ID_PutItem, "{'TableName':'abc','Item':{},'ReturnValues':'all_old'}",
         ONE "Value 'all_old" AT("returnValues")
         ONE_OF("ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")},
        /* UpdateItem stops at the first bad enum, ReturnValues before the others */
        {OP_ID_UpdateItem, "{'TableName':'abc','ReturnConsumedCapacity':'x','ReturnValues':'y'}",
         ONE "Value 'y" AT("returnValues")
         ONE_OF("ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")},
        {OP_ID_UpdateItem, "{'TableName':'abc','ReturnConsumedCapacity':'x'}",
         ONE "Value 'x" AT("returnConsumedCapacity") ONE_OF("INDEXES, TOTAL, NONE")},
        {OP_ID_PutItem,
         "{'TableName':'abc','Item':{},'ConditionalOperator':'x','Expected':{'a':{"
         "'ComparisonOperator':'y'}}}",
         TWO "Value 'x" AT("conditionalOperator") ONE_OF("OR, AND") "; Value 'y"
         AT("expected.a.member.comparisonOperator") ONE_OF(COMPARISONS)},
        {OP_ID_Query, "{'TableName':'abc','KeyConditions':{'a':{}}}",
         ONE IS_NULL("keyConditions.a.member.comparisonOperator")},
        {OP_ID_UpdateItem, "{'TableName':'abc','Key':{},'AttributeUpdates':{'a':{'Action':'x'}}}",
         ONE "Value 'x" AT("attributeUpdates.a.member.action") ONE_OF("ADD, PUT, DELETE")},
        {OP_ID_UpdateContributorInsights,
         "{'TableName':'abc','ContributorInsightsAction':'x','ContributorInsightsMode':'y'}",
         TWO "Value 'x" AT("contributorInsightsAction") ONE_OF("ENABLE, DISABLE") "; Value 'y"
         AT("contributorInsightsMode") ONE_OF("THROTTLED_KEYS, ACCESSED_AND_THROTTLED_KEYS")},
    };
    /* clang-format on */

    RUN_ROWS(rows, ERR_VALIDATION);
}

TEST(input_constraints_of_tables)
{
    /* clang-format off */
    static const struct row rows[] = {
        {OP_ID_CreateTable, "{'TableName':'abc'}",
         TWO IS_NULL("attributeDefinitions") "; " IS_NULL("keySchema")},
        {OP_ID_CreateTable,
         "{'TableName':'abc;','AttributeDefinitions':[{'AttributeName':'','AttributeType':'x'}],"
         "'KeySchema':[],'BillingMode':'z','ProvisionedThroughput':{'ReadCapacityUnits':0,"
         "'WriteCapacityUnits':-1}}",
         "7 validation errors detected: Value 'x"
         AT("attributeDefinitions.1.member.attributeType") ONE_OF("B, N, S") "; Value '"
         AT("attributeDefinitions.1.member.attributeName") LENGTH_MIN(1) "; Value 'abc;"
         AT("tableName") NAME_PATTERN "; Value 'z" AT("billingMode")
         ONE_OF("PROVISIONED, PAY_PER_REQUEST") "; Value '-1"
         AT("provisionedThroughput.writeCapacityUnits") VALUE_MIN(1) "; Value '0"
         AT("provisionedThroughput.readCapacityUnits") VALUE_MIN(1) "; Value '[]" AT("keySchema")
         LENGTH_MIN(1)},
        {OP_ID_CreateTable,
         "{'TableName':'abc','AttributeDefinitions':[],'KeySchema':[{},{'KeyType':'x',"
         "'AttributeName':'a'},null]}",
         "5 validation errors detected: Value '[" JAVA "KeySchemaElement@0, " JAVA
         "KeySchemaElement@0, null]" AT("keySchema") LENGTH_MAX(2) "; "
         IS_NULL("keySchema.1.member.attributeName") "; " IS_NULL("keySchema.1.member.keyType")
         "; Value 'x" AT("keySchema.2.member.keyType") ONE_OF("HASH, RANGE") "; "
         IS_NULL("keySchema.3.member")},
        /* a global index may have more key attributes, a local one may not */
        {OP_ID_CreateTable,
         "{'TableName':'abc','AttributeDefinitions':[],'KeySchema':[{'AttributeName':'a',"
         "'KeyType':'HASH'}],'GlobalSecondaryIndexes':[{'IndexName':'i','KeySchema':[{"
         "'AttributeName':'a','KeyType':'HASH'},{'AttributeName':'b','KeyType':'HASH'},{"
         "'AttributeName':'c','KeyType':'HASH'}],'Projection':{}}],'LocalSecondaryIndexes':[{"
         "'IndexName':'i-1','KeySchema':[{'AttributeName':'a','KeyType':'HASH'},{"
         "'AttributeName':'b','KeyType':'HASH'},{'AttributeName':'c','KeyType':'HASH'}]}]}",
         THREE IS_NULL("localSecondaryIndexes.1.member.projection") "; Value '[" JAVA
         "KeySchemaElement@0, " JAVA "KeySchemaElement@0, " JAVA "KeySchemaElement@0]"
         AT("localSecondaryIndexes.1.member.keySchema") LENGTH_MAX(2) "; Value 'i"
         AT("globalSecondaryIndexes.1.member.indexName") LENGTH_MIN(3)},
        {OP_ID_CreateTable,
         "{'TableName':'abc','AttributeDefinitions':[],'KeySchema':[{'AttributeName':'a',"
         "'KeyType':'HASH'}],'LocalSecondaryIndexes':[{'IndexName':'i-1','KeySchema':[{"
         "'AttributeName':'a','KeyType':'HASH'}],'Projection':{'ProjectionType':'x',"
         "'NonKeyAttributes':[]}}]}",
         TWO "Value 'x" AT("localSecondaryIndexes.1.member.projection.projectionType")
         ONE_OF("ALL, INCLUDE, KEYS_ONLY") "; Value '[]"
         AT("localSecondaryIndexes.1.member.projection.nonKeyAttributes") LENGTH_MIN(1)},
        {OP_ID_UpdateTable,
         "{'TableName':'abc','GlobalSecondaryIndexUpdates':[{'Update':{}},{'Create':{"
         "'IndexName':'a','KeySchema':[],'Projection':{}}}]}",
         THREE IS_NULL("globalSecondaryIndexUpdates.1.member.update.indexName") "; Value 'a"
         AT("globalSecondaryIndexUpdates.2.member.create.indexName") LENGTH_MIN(3) "; Value '[]"
         AT("globalSecondaryIndexUpdates.2.member.create.keySchema") LENGTH_MIN(1)},
        {OP_ID_UpdateTable,
         "{'TableName':'abc','SSESpecification':{'KMSMasterKeyId':''},'ReplicaUpdates':[],"
         "'StreamSpecification':{},'ProvisionedThroughput':{}}",
         "5 validation errors detected: " IS_NULL("provisionedThroughput.writeCapacityUnits") "; "
         IS_NULL("provisionedThroughput.readCapacityUnits") "; "
         IS_NULL("streamSpecification.streamEnabled") "; Value '"
         AT("sSESpecification.kMSMasterKeyId") LENGTH_MIN(1) "; Value '[]" AT("replicaUpdates")
         LENGTH_MIN(1)},
        {OP_ID_UpdateTable, "{'TableName':'abc','TableClass':''}",
         ONE "Value '" AT("tableClass") ONE_OF("STANDARD, STANDARD_INFREQUENT_ACCESS")},
        {OP_ID_UpdateTable, "{'TableName':'abc','TableClass':'GLACIER'}", NULL},
        {OP_ID_CreateTable,
         "{'TableName':'abc','AttributeDefinitions':[],'KeySchema':[{'AttributeName':'a',"
         "'KeyType':'HASH'}],'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'x'}}",
         ONE "Value 'x" AT("streamSpecification.streamViewType")
         ONE_OF("OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES, NEW_IMAGE")},
        {OP_ID_UpdateTimeToLive, "{'TableName':'abc'}", ONE IS_NULL("timeToLiveSpecification")},
        {OP_ID_UpdateTimeToLive, "{'TableName':'abc','TimeToLiveSpecification':{}}",
         TWO IS_NULL("timeToLiveSpecification.attributeName") "; "
         IS_NULL("timeToLiveSpecification.enabled")},
        {OP_ID_DeleteTable, "{'TableName':'abc'}", NULL},
        /* tags have words of their own for all of it */
        {OP_ID_TagResource, "{}", NULL},
        {OP_ID_UntagResource, "{'ResourceArn':'','TagKeys':['']}", NULL},
        {OP_ID_ListTagsOfResource, "{}", NULL},
    };
    /* clang-format on */

    RUN_ROWS(rows, ERR_VALIDATION);
}

TEST(input_constraints_of_maps_and_lists)
{
    /* clang-format off */
    static const struct row rows[] = {
        {OP_ID_BatchGetItem, "{}", ONE IS_NULL("requestItems")},
        {OP_ID_BatchGetItem, "{'RequestItems':{}}",
         ONE "Value '{}" AT("requestItems") LENGTH_MIN(1)},
        {OP_ID_BatchGetItem, "{'RequestItems':{'abc':{}}}",
         ONE IS_NULL("requestItems.abc.member.keys")},
        {OP_ID_BatchGetItem, "{'RequestItems':{'abc':{'Keys':[]}}}",
         ONE "Value '[]" AT("requestItems.abc.member.keys") LENGTH_MIN(1)},
        {OP_ID_BatchGetItem, "{'RequestItems':{'':{'Keys':[{}]}}}",
         ONE "Value '{=" JAVA "KeysAndAttributes@0}" AT("requestItems")
         "Map keys must satisfy constraint: [" LENGTH_MAX(1024) ", " LENGTH_MIN(1) "]"},
        {OP_ID_BatchGetItem, "{'RequestItems':{'abc':null}}",
         ONE IS_NULL("requestItems.abc.member")},
        {OP_ID_BatchWriteItem, "{'RequestItems':{'abc':[]}}",
         ONE "Value '{abc=[]}" AT("requestItems") "Map value must satisfy constraint: ["
         LENGTH_MAX(25) ", " LENGTH_MIN(1) "]"},
        {OP_ID_BatchWriteItem,
         "{'RequestItems':{'abc':[{'PutRequest':{}},{'DeleteRequest':{}},{}]}}",
         TWO IS_NULL("requestItems.abc.member.1.member.putRequest.item") "; "
         IS_NULL("requestItems.abc.member.2.member.deleteRequest.key")},
        {OP_ID_TransactWriteItems, "{'TransactItems':[]}",
         ONE "Value '[]" AT("transactItems") LENGTH_MIN(1)},
        {OP_ID_TransactWriteItems,
         "{'TransactItems':[{'Put':{'TableName':'abc'}},{'Update':{'Key':{},'TableName':'abc'}}]}",
         TWO IS_NULL("transactItems.1.member.put.item") "; "
         IS_NULL("transactItems.2.member.update.updateExpression")},
        {OP_ID_TransactGetItems, "{'TransactItems':[{}]}",
         ONE IS_NULL("transactItems.1.member.get")},
        {OP_ID_ExecuteStatement, "{'Statement':'','Parameters':[]}",
         TWO "Value '" AT("statement") LENGTH_MIN(1) "; Value '[]" AT("parameters") LENGTH_MIN(1)},
        {OP_ID_GetItem, "{'TableName':'abc','Key':{},'AttributesToGet':[]}",
         ONE "Value '[]" AT("attributesToGet") LENGTH_MIN(1)},
        {OP_ID_ImportTable,
         "{'S3BucketSource':{'S3Bucket':'ab'},'InputFormat':'CSV','InputFormatOptions':{'Csv':{"
         "'HeaderList':['a','',',']}},'TableCreationParameters':{'TableName':'abc',"
         "'AttributeDefinitions':[],'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}]}}",
         ONE "Value '[a, , ,]" AT("inputFormatOptions.csv.headerList")
         "Member must satisfy constraint: [" LENGTH_MAX(65536) ", " LENGTH_MIN(1)
         ", Member must satisfy regular expression pattern: [\\x20-\\x21\\x23-\\x2B\\x2D-\\x7E]*]"},
        {OP_ID_StartBulkPutItems,
         "{'TableName':'abc','InputS3Configuration':{'S3Bucket':'ab','InputFormat':'ION'},"
         "'OutputS3Configuration':{'OutputType':['ERROR','x']}}",
         ONE "Value '[ERROR, x]" AT("outputS3Configuration.outputType")
         "Member must satisfy constraint: [" ONE_OF("ERROR, CONDITION_CHECK_FAILURE") "]"},
    };
    /* clang-format on */

    RUN_ROWS(rows, ERR_VALIDATION);
}

TEST(input_constraints_of_the_other_operations)
{
    /* clang-format off */
    static const struct row rows[] = {
        {OP_ID_BatchExecuteStatement, "{}", ONE IS_NULL("statements")},
        {OP_ID_BatchExecuteStatement, "{'Statements':[{}]}",
         ONE IS_NULL("statements.1.member.statement")},
        {OP_ID_CancelBulkOperation, "{}", ONE IS_NULL("bulkOperationArn")},
        {OP_ID_CreateBackup, "{}", TWO IS_NULL("tableName") "; " IS_NULL("backupName")},
        {OP_ID_CreateGlobalTable, "{}",
         TWO IS_NULL("globalTableName") "; " IS_NULL("replicationGroup")},
        {OP_ID_DeleteBackup, "{'BackupArn':'x'}", ONE "Value 'x" AT("backupArn") LENGTH_MIN(37)},
        {OP_ID_DeleteResourcePolicy, "{}", ONE IS_NULL("resourceArn")},
        {OP_ID_DescribeBackup, "{}", ONE IS_NULL("backupArn")},
        {OP_ID_DescribeBulkOperation, "{}", ONE IS_NULL("bulkOperationArn")},
        {OP_ID_DescribeContinuousBackups, "{}", ONE IS_NULL("tableName")},
        {OP_ID_DescribeContributorInsights, "{}", ONE IS_NULL("tableName")},
        {OP_ID_DescribeEndpoints, "{}", NULL},
        {OP_ID_DescribeExport, "{}", ONE IS_NULL("exportArn")},
        {OP_ID_DescribeGlobalTableSettings, "{}", ONE IS_NULL("globalTableName")},
        {OP_ID_DescribeImport, "{}", ONE IS_NULL("importArn")},
        {OP_ID_DescribeKinesisStreamingDestination, "{'TableName':'ab'}",
         ONE "Value 'ab" AT("tableName") LENGTH_MIN(3)},
        {OP_ID_DescribeTableReplicaAutoScaling, "{}", ONE IS_NULL("tableName")},
        {OP_ID_DisableKinesisStreamingDestination, "{'TableName':'abc'}",
         ONE IS_NULL("streamArn")},
        {OP_ID_EnableKinesisStreamingDestination, "{}",
         TWO IS_NULL("tableName") "; " IS_NULL("streamArn")},
        {OP_ID_ExecuteTransaction,
         "{'TransactStatements':[],'ClientRequestToken':'1234567890123456789012345678901234567'}",
         TWO "Value '[]" AT("transactStatements") LENGTH_MIN(1)
         "; Value '1234567890123456789012345678901234567" AT("clientRequestToken") LENGTH_MAX(36)},
        {OP_ID_ExportTableToPointInTime, "{'S3Bucket':'-'}",
         TWO IS_NULL("tableArn") "; Value '-" AT("s3Bucket")
         "Member must satisfy regular expression pattern: ^[a-z0-9A-Z]+[\\.\\-\\w]*[a-z0-9A-Z]+$"},
        {OP_ID_GetResourcePolicy, "{'ResourceArn':''}",
         ONE "Value '" AT("resourceArn") LENGTH_MIN(1)},
        {OP_ID_ListContributorInsights, "{'MaxResults':101}",
         ONE "Value '101" AT("maxResults") VALUE_MAX(100)},
        {OP_ID_ListBulkOperations, "{'NextToken':'xyz'}",
         ONE "Value 'xyz" AT("nextToken")
         "Member must satisfy regular expression pattern: ([0-9a-f]{16})+"},
        {OP_ID_ListExports, "{'MaxResults':26}", ONE "Value '26" AT("maxResults") VALUE_MAX(25)},
        {OP_ID_ListImports, "{'PageSize':0}", ONE "Value '0" AT("pageSize") VALUE_MIN(1)},
        {OP_ID_ListGlobalTables, "{'Limit':0}", ONE "Value '0" AT("limit") VALUE_MIN(1)},
        {OP_ID_PutResourcePolicy, "{'ResourceArn':'x'}", ONE IS_NULL("policy")},
        {OP_ID_RestoreTableToPointInTime, "{}", ONE IS_NULL("targetTableName")},
        {OP_ID_SearchVectors, "{'TableName':'abc','IndexName':'abc','TopK':0}",
         TWO IS_NULL("searchVector") "; Value '0" AT("topK") VALUE_MIN(1)},
        {OP_ID_UpdateContinuousBackups,
         "{'TableName':'abc','PointInTimeRecoverySpecification':{'RecoveryPeriodInDays':36}}",
         TWO IS_NULL("pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled") "; Value '36"
         AT("pointInTimeRecoverySpecification.recoveryPeriodInDays") VALUE_MAX(35)},
        {OP_ID_UpdateGlobalTable, "{'GlobalTableName':'abc','ReplicaUpdates':[{'Create':{}}]}",
         ONE IS_NULL("replicaUpdates.1.member.create.regionName")},
        {OP_ID_UpdateGlobalTableSettings, "{}", ONE IS_NULL("globalTableName")},
        {OP_ID_UpdateKinesisStreamingDestination,
         "{'TableName':'abc','StreamArn':'1234567890123456789012345678901234567',"
         "'UpdateKinesisStreamingConfiguration':{'ApproximateCreationDateTimePrecision':'x'}}",
         ONE "Value 'x"
         AT("updateKinesisStreamingConfiguration.approximateCreationDateTimePrecision")
         ONE_OF("MILLISECOND, MICROSECOND")},
        {OP_ID_UpdateTableReplicaAutoScaling, "{'TableName':'abc','ReplicaUpdates':[{}]}",
         ONE IS_NULL("replicaUpdates.1.member.regionName")},
        {OP_ID_DescribeStream, "{'Limit':101}",
         TWO IS_NULL("streamArn") "; Value '101" AT("limit") VALUE_MAX(100)},
        {OP_ID_GetRecords, "{'ShardIterator':'x','Limit':1001}",
         ONE "Value '1001" AT("limit") VALUE_MAX(1000)},
        {OP_ID_GetShardIterator, "{}",
         THREE IS_NULL("streamArn") "; " IS_NULL("shardId") "; " IS_NULL("shardIteratorType")},
        {OP_ID_ListStreams, "{'TableName':'ab'}", ONE "Value 'ab" AT("tableName") LENGTH_MIN(3)},
    };
    /* clang-format on */

    RUN_ROWS(rows, ERR_VALIDATION);
}

/* An empty object tells exactly the members that are needed, for every operation. */
TEST(input_tells_what_is_missing_for_every_operation)
{
    for (unsigned op = 0; op < OP_COUNT; op++) {
        const struct shape *input = ops[op].input;
        struct row row = {.op = op, .body = "{}"};
        unsigned missing = 0;
        bool before = false;
        char head[64];
        struct buf text;

        buf_init(&text, 4096);
        for (unsigned m = 0; m < input->member_count; m++) {
            const struct shape_member *member = &input->members[m];

            if ((member->need & NEED_REQUIRED) == 0)
                continue;
            before = before || (member->need & NEED_BEFORE) != 0;
            buf_append_format(&text,
                              "%sValue null at '%c%.*s' failed to satisfy constraint: Member must "
                              "not be null",
                              missing == 0 ? "" : "; ", member->name.data[0] + 'a' - 'A',
                              BYTES_ARGS(bytes_skip(member->name, 1)));
            missing++;
        }
        if (missing != 0) {
            struct buf whole;

            snprintf(head, sizeof(head), "%u validation error%s detected: ", missing,
                     missing == 1 ? "" : "s");
            buf_init(&whole, 8192);
            buf_append_string(&whole, head);
            buf_append_bytes(&whole, buf_bytes(&text));
            buf_append_byte(&whole, 0);
            row.message = before ? NO_TABLE_NAME : (const char *)whole.data;
            run_rows(&row, 1, ERR_VALIDATION);
            buf_fini(&whole);
        } else {
            run_rows(&row, 1, ERR_VALIDATION);
        }
        buf_fini(&text);
    }
}

TEST(input_lengths_count_characters_or_bytes)
{
    struct buf body;
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    buf_init(&body, 1 << 20);
    buf_append_lit(&body, "{\"Statement\":\"");
    for (int i = 0; i < 8192; i++)
        buf_append_lit(&body, "\xc3\xa9");
    buf_append_lit(&body, "\"}");
    CHECK_OK(check(OP_ID_ExecuteStatement, (const char *)body.data, body.size, &fault));
    body.size -= 2;
    buf_append_lit(&body, "x\"}");
    CHECK_ERR(check(OP_ID_ExecuteStatement, (const char *)body.data, body.size, &fault),
              ERR_VALIDATION);
    buf_reset(&body, 1 << 20);
    buf_append_lit(&body, "{\"TableName\":\"abc\",\"TimeToLiveSpecification\":{\"Enabled\":true,"
                          "\"AttributeName\":\"");
    for (int i = 0; i < 128; i++)
        buf_append_lit(&body, "\xc3\xa9"); /* 256 bytes */
    buf_append_lit(&body, "\"}}");
    CHECK_ERR(check(OP_ID_UpdateTimeToLive, (const char *)body.data, body.size, &fault),
              ERR_VALIDATION);
    buf_fini(&body);
    arena_fini(&arena);
}

TEST(input_messages_tell_ten_faults_at_most_and_cut_long_values)
{
    struct arena arena;
    struct fault fault;
    struct buf body;

    arena_init(&arena);
    fault_init(&fault, &arena);
    buf_init(&body, 4 << 20);
    buf_append_lit(&body, "{\"Statements\":[");
    for (int i = 0; i < 12; i++)
        buf_append_string(&body, i == 0 ? "{}" : ",{}");
    buf_append_lit(&body, "]}");
    CHECK_ERR(check(OP_ID_BatchExecuteStatement, (const char *)body.data, body.size, &fault),
              ERR_VALIDATION);
    CHECK(bytes_start_with(fault.message, BYTES("10 validation errors detected: Value null at "
                                                "'statements.1.member.statement'")));

    buf_reset(&body, 4 << 20);
    buf_append_lit(&body, "{\"TableName\":\"abc\",\"Item\":{},\"ReturnValues\":\"x");
    for (int i = 0; i < 1 << 20; i++)
        buf_append_lit(&body, "\xc3\xa9");
    buf_append_lit(&body, "\"}");
    CHECK_ERR(check(OP_ID_PutItem, (const char *)body.data, body.size, &fault), ERR_VALIDATION);
    CHECK(fault.message.size < INPUT_VALUE_BYTES_MAX + 500);
    CHECK(memmem(fault.message.data, fault.message.size, "\xc3\xa9' at 'returnValues'", 20) !=
          NULL);

    buf_reset(&body, 4 << 20);
    buf_append_lit(&body, "{\"TransactItems\":[{}");
    for (int i = 0; i < 100000; i++)
        buf_append_lit(&body, ",{}");
    buf_append_lit(&body, "]}");
    CHECK_ERR(check(OP_ID_TransactGetItems, (const char *)body.data, body.size, &fault),
              ERR_VALIDATION);
    CHECK(fault.message.size < INPUT_VALUE_BYTES_MAX + 4096);
    buf_fini(&body);
    arena_fini(&arena);
}

TEST(input_messages_keep_nul_characters)
{
    static const char body[] = "{\"TableName\":\"abc\",\"Item\":{},\"ReturnValues\":\"a\\u0000b\"}";
    struct arena arena;
    struct fault fault;

    arena_init(&arena);
    fault_init(&fault, &arena);
    CHECK_ERR(check(OP_ID_PutItem, body, sizeof(body) - 1, &fault), ERR_VALIDATION);
    CHECK(bytes_start_with(fault.message, BYTES("1 validation error detected: Value 'a\0b' at '")));
    arena_fini(&arena);
}

/* --- reading --------------------------------------------------------------------------------- */

TEST(input_readers_see_what_was_checked)
{
    static const char body[] =
        "{\"a\":1,\"a\":\"last\",\"gone\":\"x\",\"gone\":null,\"yes\":\"YeS\",\"no\":\"0\","
        "\"true\":true,\"floor\":-1.5,\"huge\":1e30,\"big\":18446744073709551615,\"int\":-7,"
        "\"m\":{\"k\":1,\"n\":null,\"k\":2,\"o\":3,\"n\":4,\"o\":null}}";
    yyjson_doc *doc = yyjson_read(body, sizeof(body) - 1, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct bytes text = BYTES("untouched");
    struct input_walk walk;

    CHECK(input_member(root, "nothing") == NULL);
    CHECK(input_member(root, "gone") == NULL);
    CHECK(input_member(NULL, "a") == NULL);
    CHECK(!input_string(root, "gone", &text));
    CHECK_TEXT(text, "untouched");
    CHECK(input_string(root, "a", &text));
    CHECK_TEXT(text, "last");
    CHECK(input_bool(root, "yes", false));
    CHECK(!input_bool(root, "no", true));
    CHECK(input_bool(root, "true", false));
    CHECK(input_bool(root, "gone", true));
    CHECK(!input_bool(root, "gone", false));
    CHECK(input_integer(root, "floor", 0) == -2);
    CHECK(input_integer(root, "huge", 0) == INT64_MAX);
    CHECK(input_integer(root, "big", 0) == INT64_MAX);
    CHECK(input_integer(root, "int", 0) == -7);
    CHECK(input_integer(root, "gone", 9) == 9);

    walk = input_walk_begin(input_member(root, "m"));
    CHECK(input_walk_next(&walk));
    CHECK_TEXT(walk.name, "k");
    CHECK_U64(yyjson_get_uint(walk.value), 2);
    CHECK(input_walk_next(&walk));
    CHECK_TEXT(walk.name, "n");
    CHECK_U64(yyjson_get_uint(walk.value), 4);
    CHECK(!input_walk_next(&walk));
    walk = input_walk_begin(NULL);
    CHECK(!input_walk_next(&walk));
    yyjson_doc_free(doc);
}

TEST(input_table_takes_names_and_arns_of_this_place)
{
    static const struct {
        const char *given, *name;
        enum err err;
        const char *message;
    } rows[] = {
        {"abc", "abc", OK, ""},
        {"ab", "", ERR_VALIDATION, BAD_NAME},
        {"a b", "", ERR_VALIDATION, BAD_NAME},
        {"arn:x", "", ERR_VALIDATION, BAD_NAME},
        {"arn:aws:dynamodb:us-east-1:123456789012:table/abc", "abc", OK, ""},
        {"arn:aws:dynamodb:us-east-1:123456789012:table/ab", "", ERR_VALIDATION, BAD_NAME},
        {"arn:aws:dynamodb:us-east-1:123456789012:table/", "", ERR_VALIDATION, BAD_NAME},
        {"arn:aws:dynamodb:eu-west-2:123456789012:table/abc", "", ERR_VALIDATION,
         ONE "Invalid AWS region in 'arn:aws:dynamodb:eu-west-2:123456789012:table/abc'"},
        {"arn:aws-cn:dynamodb:us-east-1:123456789012:table/abc", "", ERR_VALIDATION,
         ONE "Invalid AWS partition in 'arn:aws-cn:dynamodb:us-east-1:123456789012:table/abc'"},
        {"arn:aws:dynamodb:us-east-1:123456789012:table/abc/index/i", "", ERR_VALIDATION,
         ONE "Invalid resource type in "
             "'arn:aws:dynamodb:us-east-1:123456789012:table/abc/index/i'"},
        {"arn:aws:dynamodb:us-east-1:123456789012:table/abc/stream/2026-01-01T00:00:00.000", "",
         ERR_VALIDATION,
         ONE "Invalid resource type in "
             "'arn:aws:dynamodb:us-east-1:123456789012:table/abc/stream/2026-01-01T00:00:00.000'"},
        {"arn:aws:s3:us-east-1:123456789012:table/abc", "", ERR_VALIDATION,
         ONE "Invalid resource type in 'arn:aws:s3:us-east-1:123456789012:table/abc'"},
        {"arn:aws:dynamodb:us-east-1:210987654321:table/abc", "", ERR_ACCESS_DENIED,
         "Access is denied"},
    };
    struct input_place place = {BYTES("aws"), BYTES("us-east-1"), BYTES("123456789012")};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct input_table table = {.name = BYTES("")};
        struct arena arena;
        struct fault fault;

        arena_init(&arena);
        fault_init(&fault, &arena);
        CHECK_ERR(input_table(bytes_of_string(rows[i].given), &place, &fault, &table), rows[i].err);
        CHECK_TEXT(table.name, rows[i].name);
        if (rows[i].err == OK)
            CHECK_TEXT(table.given, rows[i].given);
        else
            CHECK_TEXT(fault.message, rows[i].message);
        arena_fini(&arena);
    }
}
