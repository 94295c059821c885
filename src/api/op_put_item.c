/* op_put_item.c - PutItem: create an item, or replace it whole. */
#include "api/item_write.h"

enum err op_put_item(struct req *req)
{
    return item_write_run(req, ITEM_WRITE_PUT, item_write_reply);
}
