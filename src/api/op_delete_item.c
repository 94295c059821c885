/* op_delete_item.c - DeleteItem: delete one item; that there is none is no error. */
#include "api/item_write.h"

enum err op_delete_item(struct req *req)
{
    return item_write_run(req, ITEM_WRITE_DELETE, item_write_reply);
}
