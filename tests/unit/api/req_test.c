/* req_test.c - what a request carries besides its reply: an error, its members; where it runs. */
#include "api/item_write.h"
#include "expr/expr.h"
#include "unit.h"

struct bed {
    struct arena arena;
    struct buf reply;
    struct req req;
    yyjson_doc *input;
};

static void bed_open(struct bed *bed, const char *input)
{
    *bed = (struct bed){0};
    arena_init(&bed->arena);
    buf_init(&bed->reply, HTTP_REPLY_BYTES_MAX);
    bed->req = (struct req){.arena = &bed->arena, .reply = &bed->reply};
    fault_init(&bed->req.fault, &bed->arena);
    bed->input = yyjson_read(input, strlen(input), 0);
    bed->req.input = yyjson_doc_get_root(bed->input);
}

static void bed_close(struct bed *bed)
{
    yyjson_doc_free(bed->input);
    buf_fini(&bed->reply);
    arena_fini(&bed->arena);
}

/* The item that a failed condition shows must not go out with another error: it may have been read
 * before it was durable, and the other error says that it never was. */
TEST(req_fail_forgets_the_members_of_an_earlier_error)
{
    static const struct item_params params = {.expressions = {"ConditionExpression"}};
    struct item_write write = {.kind = ITEM_WRITE_PUT};
    struct table_change change = {.exists = true};
    struct value stored;
    struct bed bed;

    bed_open(&bed, "{\"ConditionExpression\":\"attribute_not_exists(p)\","
                   "\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\","
                   "\"Item\":{\"p\":{\"S\":\"secret\"}}}");
    CHECK_OK(item_params_expressions(&bed.req, bed.req.input, &params, &write.expressions));
    CHECK_OK(item_params_key(&bed.req, bed.req.input, "Item", &stored));
    CHECK_OK(item_open(item_store(stored, 0, &bed.arena), &change.old));
    write.in = bed.req.input;
    CHECK_ERR(item_write_decide(&bed.req, &write, &change), ERR_CONDITIONAL_CHECK_FAILED);
    CHECK_TEXT(bed.req.fault_members, "\"Item\":{\"p\":{\"S\":\"secret\"}}");
    CHECK_ERR(req_fail(&bed.req, ERR_UNAVAILABLE, "busy"), ERR_UNAVAILABLE);
    CHECK_U64(bed.req.fault_members.size, 0);
    bed_close(&bed);
}

/* Counters are read from disk when they are first asked for. */
TEST(describe_table_leaves_the_loop)
{
    struct bed bed;

    bed_open(&bed, "{\"TableName\":\"Music\"}");
    CHECK_ERR(op_describe_table(&bed.req), ERR_WOULD_BLOCK);
    bed_close(&bed);
}
