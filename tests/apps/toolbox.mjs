// dynamodb-toolbox: a music shop in one table, its entities parsed and formatted by their schemas.
import assert from "node:assert/strict";
import { test } from "node:test";

import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import {
  $add, $append, $delete, $get, $remove, $set, $subtract,
  BatchDeleteRequest, BatchGetCommand, BatchGetRequest, BatchPutRequest, BatchWriteCommand,
  ConditionCheck, DeleteItemCommand, DeletePartitionCommand, DeleteTransaction, Entity, executeBatchGet,
  executeBatchWrite, executeTransactGet, executeTransactWrite, GetItemCommand, GetTransaction, item, list,
  map, number, PutItemCommand, PutTransaction, QueryCommand, record, ScanCommand, set, string, Table,
  UpdateItemCommand, UpdateTransaction,
} from "dynamodb-toolbox";

import { allPages, client, createTable, range } from "./common.mjs";

const shop = new Table({
  name: "ToolboxShop",
  documentClient: DynamoDBDocumentClient.from(client),
  partitionKey: { name: "pk", type: "string" },
  sortKey: { name: "sk", type: "string" },
  indexes: {
    gsi1: { type: "global", partitionKey: { name: "gsi1pk", type: "string" },
            sortKey: { name: "gsi1sk", type: "string" } },
  },
});

const customer = new Entity({
  name: "Customer",
  table: shop,
  schema: item({
    id: string().key(),
    email: string(),
    credit: number().default(0),
    tags: set(string()).optional(),
    addresses: record(string(), map({ street: string(), city: string().optional() })).optional(),
    notes: list(string()).optional(),
  }),
  computeKey: ({ id }) => ({ pk: `CUSTOMER#${id}`, sk: "PROFILE" }),
});

const order = new Entity({
  name: "Order",
  table: shop,
  schema: item({
    customer: string().key(),
    number: number().key(),
    status: string().enum("open", "paid", "sent").default("open"),
    total: number(),
    gsi1pk: string().optional(),
    gsi1sk: string().optional(),
  }),
  computeKey: (key) => ({ pk: `CUSTOMER#${key.customer}`, sk: `ORDER#${String(key.number).padStart(6, "0")}` }),
});

const get = async (id) =>
  (await customer.build(GetItemCommand).key({ id }).options({ consistent: true }).send()).Item;

const orders = (id) => ({ partition: `CUSTOMER#${id}`, range: { beginsWith: "ORDER#" } });

test("create the table", () => createTable("ToolboxShop"));

test("put and get an entity", async () => {
  await customer.build(PutItemCommand).item({
    id: "nina", email: "nina@example.com", tags: new Set(["jazz", "blues"]), notes: ["first"],
    addresses: { home: { street: "Main 1", city: "Tryon" } },
  }).send();
  const found = await get("nina");
  assert.equal(found.credit, 0);
  assert.deepEqual(found.tags, new Set(["jazz", "blues"]));
  assert.deepEqual(found.addresses, { home: { street: "Main 1", city: "Tryon" } });
  assert.ok(found.created && found.modified);
  assert.equal(await get("nobody"), undefined);
});

test("put on a condition, and see the item that failed it", async () => {
  const put = customer.build(PutItemCommand).item({ id: "nina", email: "other@example.com" });
  await assert.rejects(
    put.options({ condition: { attr: "id", exists: false }, returnValuesOnConditionFalse: "ALL_OLD" }).send(),
    (error) => error.name === "ConditionalCheckFailedException" && error.Item.email.S === "nina@example.com",
  );
  const { Attributes } = await put
    .options({ condition: { attr: "email", beginsWith: "nina@" }, returnValues: "ALL_OLD" }).send();
  assert.equal(Attributes.email, "nina@example.com");
});

test("update: set, add, append, delete from a set, remove, deep paths", async () => {
  await customer.build(PutItemCommand)
    .item({ id: "ella", email: "ella@example.com", tags: new Set(["a", "b"]), notes: ["one"], credit: 10,
            addresses: { home: { street: "Main 1" }, work: { street: "Side 2" } } }).send();
  const { Attributes } = await customer.build(UpdateItemCommand).item({
    id: "ella",
    email: "e@example.com",
    credit: $add(5),
    tags: $delete(new Set(["a"])),
    notes: $append(["two", "three"]),
    addresses: { home: $set({ street: "Main 2" }), work: $remove() },
  }).options({ returnValues: "ALL_NEW" }).send();
  assert.equal(Attributes.credit, 15);
  assert.deepEqual(Attributes.tags, new Set(["b"]));
  assert.deepEqual(Attributes.notes, ["one", "two", "three"]);
  assert.deepEqual(Attributes.addresses, { home: { street: "Main 2" } });
  const after = await customer.build(UpdateItemCommand)
    .item({ id: "ella", credit: $subtract($get("credit"), 3), notes: { 1: "TWO" }, tags: $add(new Set(["c"])) })
    .options({ condition: { and: [{ attr: "credit", gte: 15 }, { attr: "tags", contains: "b" },
                                  { size: "notes", eq: 3 }] },
               returnValues: "UPDATED_NEW" }).send();
  assert.equal(after.Attributes.credit, 12);
  const found = await get("ella");
  assert.deepEqual(found.notes, ["one", "TWO", "three"]);
  assert.deepEqual(found.tags, new Set(["b", "c"]));
});

test("batches of writes, again while something is unprocessed", async () => {
  for (let first = 1; first <= 60; first += 20) {
    const puts = range(20).map((i) =>
      order.build(BatchPutRequest).item({ customer: "nina", number: first + i, total: 10 * (first + i),
                                          gsi1pk: "STATUS#open", gsi1sk: `${1000 + first + i}` }));
    await executeBatchWrite({ maxAttempts: 5 }, shop.build(BatchWriteCommand).requests(...puts));
  }
  await executeBatchWrite(shop.build(BatchWriteCommand).requests(
    order.build(BatchDeleteRequest).key({ customer: "nina", number: 60 }),
    customer.build(BatchPutRequest).item({ id: "miriam", email: "m@example.com" }),
  ));
});

test("query in pages, forwards, backwards, filtered", async () => {
  const found = await allPages(async (exclusiveStartKey) => {
    const { Items, LastEvaluatedKey } = await shop.build(QueryCommand).entities(order).query(orders("nina"))
      .options({ limit: 25, exclusiveStartKey }).send();
    return { items: Items, next: LastEvaluatedKey };
  }, 3);
  assert.deepEqual(found.map((each) => each.number), range(59).map((i) => i + 1));
  const last = await shop.build(QueryCommand).entities(order).query(orders("nina"))
    .options({ limit: 2, reverse: true, consistent: true }).send();
  assert.deepEqual(last.Items.map((each) => each.total), [590, 580]);
  const between = await shop.build(QueryCommand).entities(order)
    .query({ partition: "CUSTOMER#nina", range: { between: ["ORDER#000010", "ORDER#000019"] } })
    .options({ filters: { Order: { attr: "total", gt: 150 } }, maxPages: Infinity }).send();
  assert.deepEqual(between.Items.map((each) => each.number), [16, 17, 18, 19]);
  const mixed = await shop.build(QueryCommand).entities(customer, order)
    .query({ partition: "CUSTOMER#nina" }).options({ maxPages: Infinity }).send();
  assert.equal(mixed.Count, 60);
});

test("batches of reads", async () => {
  const { Responses } = await executeBatchGet(shop.build(BatchGetCommand).requests(
    customer.build(BatchGetRequest).key({ id: "nina" }),
    customer.build(BatchGetRequest).key({ id: "nobody" }),
    order.build(BatchGetRequest).key({ customer: "nina", number: 7 }),
  ).options({ consistent: true }));
  assert.equal(Responses[0][0].email, "other@example.com");
  assert.equal(Responses[0][1], undefined);
  assert.equal(Responses[0][2].total, 70);
});

test("scan by entity, in parallel segments", async () => {
  const segments = await Promise.all(range(3).map((segment) =>
    shop.build(ScanCommand).entities(customer, order)
      .options({ segment, totalSegments: 3, maxPages: Infinity, consistent: true }).send()));
  assert.equal(segments.reduce((sum, each) => sum + each.Count, 0), 62);
});

test("transactions: all or nothing, with reasons", async () => {
  await executeTransactWrite(
    { clientRequestToken: "toolbox-transaction-1" },
    customer.build(UpdateTransaction).item({ id: "ella", credit: $add(-12) })
      .options({ condition: { attr: "credit", gte: 12 } }),
    order.build(PutTransaction).item({ customer: "ella", number: 1, total: 12, status: "paid" })
      .options({ condition: { attr: "total", exists: false } }),
    customer.build(ConditionCheck).key({ id: "nina" }).condition({ attr: "email", exists: true }),
    order.build(DeleteTransaction).key({ customer: "nina", number: 59 }),
  );
  await assert.rejects(
    executeTransactWrite(
      customer.build(UpdateTransaction).item({ id: "ella", credit: $add(-12) })
        .options({ condition: { attr: "credit", gte: 12 } }),
      order.build(PutTransaction).item({ customer: "ella", number: 2, total: 12 }),
    ),
    (error) => {
      assert.equal(error.name, "TransactionCanceledException");
      assert.deepEqual(error.CancellationReasons.map((each) => each.Code), ["ConditionalCheckFailed", "None"]);
      return true;
    },
  );
  const { Responses } = await executeTransactGet(
    customer.build(GetTransaction).key({ id: "ella" }),
    order.build(GetTransaction).key({ customer: "ella", number: 1 }),
    order.build(GetTransaction).key({ customer: "ella", number: 2 }),
    order.build(GetTransaction).key({ customer: "nina", number: 59 }),
  );
  assert.deepEqual(Responses.map((each) => each.Item && (each.Item.credit ?? each.Item.status)),
                   [0, "paid", undefined, undefined]);
});

test("query of an index, and an item that leaves it", async () => {
  const open = () => shop.build(QueryCommand).entities(order)
    .query({ index: "gsi1", partition: "STATUS#open", range: { lt: "1011" } })
    .options({ maxPages: Infinity }).send();
  assert.deepEqual((await open()).Items.map((each) => each.number), range(10).map((i) => i + 1));
  await order.build(UpdateItemCommand)
    .item({ customer: "nina", number: 4, status: "sent", gsi1pk: $remove(), gsi1sk: $remove() }).send();
  assert.deepEqual((await open()).Items.map((each) => each.number), [1, 2, 3, 5, 6, 7, 8, 9, 10]);
});

test("delete an entity, then its whole partition", async () => {
  const { Attributes } = await customer.build(DeleteItemCommand).key({ id: "miriam" })
    .options({ returnValues: "ALL_OLD", condition: { attr: "email", eq: "m@example.com" } }).send();
  assert.equal(Attributes.email, "m@example.com");
  await shop.build(DeletePartitionCommand).entities(order).query({ partition: "CUSTOMER#nina" }).send();
  const left = await shop.build(QueryCommand).query({ partition: "CUSTOMER#nina" }).send();
  assert.deepEqual(left.Items.map((each) => each.sk), ["PROFILE"]);
});
