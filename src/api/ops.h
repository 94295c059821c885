/* ops.h - the API's operations, as rows: one for each of the service models, served or not.
 * Handlers are dispatch.c's to declare and call; here is what is known of an operation without.
 * Ownership: rows are constant.
 * Source:    ops.def.
 */
#pragma once

#include "base/bytes.h"

struct shape;

enum op_service {
#define SERVICE(name, target) SERVICE_##name,
#include "api/ops.def"
    SERVICE_COUNT
};

/* The service's own level of access, which its policies and our listings group by. */
enum op_access { ACCESS_LIST, ACCESS_READ, ACCESS_WRITE, ACCESS_TAGGING, ACCESS_PERMISSIONS };

/* Positions in ops[]: OP_ID_PutItem and so on. */
enum op_id {
#define OP(name, handler, service, access, input, summary) OP_ID_##name,
#define OP_NONE(name, service, access, input, summary)     OP_ID_##name,
#include "api/ops.def"
    OP_COUNT
};

struct op {
    enum op_id id;
    struct bytes name; /* PutItem; NUL-terminated too */
    enum op_service service;
    enum op_access access;
    const struct shape *input;
    const char *summary;
    bool served; /* has a handler */
};

extern const struct op ops[OP_COUNT];

/* The row for an X-Amz-Target, service prefix and name joined by exactly one dot; NULL: unknown. */
const struct op *op_find(struct bytes target);

/* DynamoDB_20120810 */
struct bytes op_service_target(enum op_service service);
/* LIST, READ, ... for listings. */
const char *op_access_name(enum op_access access);
