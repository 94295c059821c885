/* ops.c - operations by name: a binary search, for the rows are sorted by service and name. */
#include "api/ops.h"

#include "api/shape.h"
#include "base/assert.h"

#define OP_ROW(op_name, op_service, op_access, op_input, op_summary, has_handler) \
    [OP_ID_##op_name] = {OP_ID_##op_name,                                         \
                         {(const uint8_t *)#op_name, sizeof(#op_name) - 1},       \
                         SERVICE_##op_service,                                    \
                         ACCESS_##op_access,                                      \
                         &shapes[SHAPE_##op_input],                               \
                         op_summary,                                              \
                         has_handler},

const struct op ops[OP_COUNT] = {
#define OP(name, handler, service, access, input, summary) \
    OP_ROW(name, service, access, input, summary, true)
#define OP_NONE(name, service, access, input, summary) \
    OP_ROW(name, service, access, input, summary, false)
#include "api/ops.def"
};

static const struct bytes targets[SERVICE_COUNT] = {
#define SERVICE(name, target) {(const uint8_t *)target, sizeof(target) - 1},
#include "api/ops.def"
};

static const struct op *find_in_service(enum op_service service, struct bytes name);

const struct op *op_find(struct bytes target)
{
    for (enum op_service service = 0; service < SERVICE_COUNT; service++) {
        struct bytes prefix = targets[service];

        if (bytes_start_with(target, prefix) && target.size > prefix.size &&
            target.data[prefix.size] == '.')
            return find_in_service(service, bytes_skip(target, prefix.size + 1));
    }
    return NULL;
}

struct bytes op_service_target(enum op_service service)
{
    ASSERT((unsigned)service < SERVICE_COUNT);
    return targets[service];
}

const char *op_access_name(enum op_access access)
{
    static const char *const names[] = {
        [ACCESS_LIST] = "LIST",
        [ACCESS_READ] = "READ",
        [ACCESS_WRITE] = "WRITE",
        [ACCESS_TAGGING] = "TAGGING",
        [ACCESS_PERMISSIONS] = "PERMISSIONS",
    };

    ASSERT((unsigned)access < sizeof(names) / sizeof(names[0]));
    return names[access];
}

static const struct op *find_in_service(enum op_service service, struct bytes name)
{
    unsigned low = 0, high = OP_COUNT;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct op *op = &ops[middle];
        int order = op->service != service ? (int)op->service - (int)service
                                           : bytes_compare(op->name, name);

        if (order == 0)
            return op;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
