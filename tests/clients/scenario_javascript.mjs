// The AWS SDK for JavaScript v3 as an application uses it: the client and the document client.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DuplicateItemException,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  paginateListTables,
  paginateScan as paginateRawScan,
  PutItemCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
  BatchExecuteStatementCommand,
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  GetCommand,
  NumberValue,
  paginateQuery,
  paginateScan,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";

const { ENDPOINT: endpoint, AUTH: auth, PHASE: phase } = process.env;
const TableName = "JavaScriptMusic";
const orders = "JavaScriptOrders";
const client = new DynamoDBClient({ endpoint, maxAttempts: 3 });
const documents = DynamoDBDocumentClient.from(client);
const exact = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint }), {
  unmarshallOptions: { wrapNumbers: true },
});

const document = {
  pk: "document",
  sk: 0,
  text: "Grüße, 世界 😀 \" \\ \n\t",
  empty: "",
  integer: 9007199254740991,
  fraction: -0.125,
  yes: true,
  no: false,
  nothing: null,
  bytes: new Uint8Array(256).map((_, i) => i),
  strings: new Set(["a", "b", "ü"]),
  numbers: new Set([1, 2.5, -3]),
  list: ["x", 1, null, [true, { deep: ["deeper"] }], {}],
  map: { "a.b": { c: [1.5] } },
};

const sorted = (values) => [...values].sort((a, b) => (a < b ? -1 : 1));

async function batchKeys() {
  const found = [];
  for await (const page of paginateQuery({ client: documents, pageSize: 9 }, {
    TableName,
    KeyConditionExpression: "pk = :p",
    ExpressionAttributeValues: { ":p": "batch" },
    ProjectionExpression: "sk",
  })) {
    found.push(...page.Items.map((item) => item.sk));
  }
  return found;
}

// By day and then, as these are equal, by customer and order.
async function openOrders(day) {
  const found = [];
  for await (const page of paginateQuery({ client: documents, pageSize: 3 }, {
    TableName: orders,
    IndexName: "ByStatus",
    KeyConditionExpression: "#s = :s AND #d = :d",
    ExpressionAttributeNames: { "#s": "status", "#d": "day" },
    ExpressionAttributeValues: { ":s": "open", ":d": day },
  })) {
    found.push(...page.Items.map((item) => item.order));
  }
  return sorted(found);
}

if (phase === "before") {
  test("create a table, wait for it, describe it", async () => {
    const request = {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "N" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    };
    const { TableDescription } = await client.send(new CreateTableCommand(request));
    assert.equal(TableDescription.TableStatus, "CREATING");
    assert(TableDescription.CreationDateTime instanceof Date);
    await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 2 }, { TableName });
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    assert.equal(Table.TableStatus, "ACTIVE");
    assert.equal(Table.ItemCount, 0);
    await assert.rejects(client.send(new CreateTableCommand(request)), ResourceInUseException);
  });

  test("list tables, paged", async () => {
    const names = [];
    for await (const page of paginateListTables({ client, pageSize: 1 }, {})) {
      names.push(...page.TableNames);
    }
    assert(names.includes(TableName));
  });

  test("every type comes back as it was", async () => {
    await documents.send(new PutCommand({ TableName, Item: document }));
    const { Item } = await documents.send(
      new GetCommand({ TableName, Key: { pk: "document", sk: 0 }, ConsistentRead: true }),
    );
    assert.deepEqual(Item, document);
    const absent = await documents.send(new GetCommand({ TableName, Key: { pk: "document", sk: 1 } }));
    assert.equal(absent.Item, undefined);
  });

  test("38 digits come back exactly", async () => {
    const value = "12345678901234567890.123456789012345678";
    const Key = { pk: "exact", sk: 0 };
    await exact.send(new PutCommand({ TableName, Item: { ...Key, n: NumberValue.from(value) } }));
    const { Attributes } = await exact.send(new DeleteCommand({ TableName, Key, ReturnValues: "ALL_OLD" }));
    assert.equal(Attributes.n.toString(), value);
  });

  test("attribute values and consumed capacity through the plain client", async () => {
    const Item = { pk: { S: "plain" }, sk: { N: "1" }, bs: { BS: [new Uint8Array([1]), new Uint8Array([2, 3])] } };
    const put = await client.send(new PutItemCommand({ TableName, Item, ReturnConsumedCapacity: "TOTAL" }));
    assert.equal(put.ConsumedCapacity.CapacityUnits, 1);
    const got = await client.send(
      new GetItemCommand({ TableName, Key: { pk: Item.pk, sk: Item.sk }, ReturnConsumedCapacity: "INDEXES" }),
    );
    assert.deepEqual(sorted(got.Item.bs.BS.map((b) => b.length)), [1, 2]);
    assert.equal(got.ConsumedCapacity.Table.CapacityUnits, 0.5);
    assert.match(got.$metadata.requestId, /^[A-Z0-9]{52}$/);
  });

  test("a failed condition is a ConditionalCheckFailedException with the item", async () => {
    const Item = { pk: "condition", sk: 1, v: 1 };
    const ConditionExpression = "attribute_not_exists(pk)";
    await documents.send(new PutCommand({ TableName, Item, ConditionExpression }));
    await assert.rejects(
      documents.send(
        new PutCommand({
          TableName, Item: { ...Item, v: 2 }, ConditionExpression,
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      ),
      (error) => {
        assert(error instanceof ConditionalCheckFailedException);
        assert.equal(error.message, "The conditional request failed");
        assert.deepEqual(error.Item, { pk: { S: "condition" }, sk: { N: "1" }, v: { N: "1" } });
        return true;
      },
    );
    const { Attributes } = await documents.send(
      new DeleteCommand({ TableName, Key: { pk: "condition", sk: 1 }, ReturnValues: "ALL_OLD" }),
    );
    assert.deepEqual(Attributes, Item);
  });

  test("updates, and concurrent increments add up", async () => {
    const Key = { pk: "counter", sk: 0 };
    await Promise.all(
      Array.from({ length: 40 }, () =>
        documents.send(
          new UpdateCommand({
            TableName, Key, UpdateExpression: "ADD v :one", ExpressionAttributeValues: { ":one": 1 },
          }),
        ),
      ),
    );
    const { Attributes } = await documents.send(
      new UpdateCommand({
        TableName, Key, UpdateExpression: "SET #s = :s", ExpressionAttributeNames: { "#s": "status" },
        ExpressionAttributeValues: { ":s": new Set(["done"]) }, ReturnValues: "ALL_NEW",
      }),
    );
    assert.deepEqual(Attributes, { ...Key, v: 40, status: new Set(["done"]) });
  });

  test("batches, with what came back unprocessed sent again", async () => {
    for (let from = 0; from < 75; from += 25) {
      let RequestItems = {
        [TableName]: Array.from({ length: 25 }, (_, i) => ({
          PutRequest: { Item: { pk: "batch", sk: from + i, fill: "x".repeat(20000) } },
        })),
      };
      while (Object.keys(RequestItems).length > 0) {
        ({ UnprocessedItems: RequestItems } = await documents.send(new BatchWriteCommand({ RequestItems })));
      }
    }
    const found = [];
    let RequestItems = { [TableName]: { Keys: Array.from({ length: 80 }, (_, i) => ({ pk: "batch", sk: i })) } };
    while (Object.keys(RequestItems).length > 0) {
      const reply = await documents.send(new BatchGetCommand({ RequestItems }));
      found.push(...reply.Responses[TableName].map((item) => item.sk));
      RequestItems = reply.UnprocessedKeys;
    }
    assert.equal(found.length, 75);
    assert.equal(new Set(found).size, 75);
  });

  test("queries: pages, order, filters", async () => {
    assert.deepEqual(await batchKeys(), Array.from({ length: 75 }, (_, i) => i));
    const backwards = await documents.send(
      new QueryCommand({
        TableName, KeyConditionExpression: "pk = :p AND sk BETWEEN :a AND :b", ScanIndexForward: false,
        ExpressionAttributeValues: { ":p": "batch", ":a": 3, ":b": 5 },
      }),
    );
    assert.deepEqual(backwards.Items.map((item) => item.sk), [5, 4, 3]);
    const filtered = await documents.send(
      new QueryCommand({
        TableName, KeyConditionExpression: "pk = :p AND sk < :b", FilterExpression: "size(fill) < :n",
        ExpressionAttributeValues: { ":p": "batch", ":b": 10, ":n": 5 },
      }),
    );
    assert.deepEqual([filtered.Count, filtered.ScannedCount], [0, 10]);
  });

  test("scans: pages of one connection, segments of many", async () => {
    const scan = async (segment) => {
      const found = [];
      for await (const page of paginateScan({ client: documents, pageSize: 7 }, { TableName, ...segment })) {
        found.push(...page.Items.map((item) => `${item.pk}/${item.sk}`));
      }
      return found;
    };
    const whole = await scan({});
    const parts = await Promise.all([0, 1, 2, 3].map((Segment) => scan({ Segment, TotalSegments: 4 })));
    assert.deepEqual(sorted(parts.flat()), sorted(whole));
    let count = 0;
    for await (const page of paginateRawScan({ client }, { TableName, Select: "COUNT" })) count += page.Count;
    assert.equal(count, whole.length);
  });

  test("a global and a local index: pages, order, fetched attributes, capacity", async () => {
    const attribute = (AttributeName) => ({ AttributeName, AttributeType: "S" });
    const keys = (hash, range) => [
      { AttributeName: hash, KeyType: "HASH" },
      { AttributeName: range, KeyType: "RANGE" },
    ];
    await client.send(
      new CreateTableCommand({
        TableName: orders,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: ["customer", "order", "status", "day"].map(attribute),
        KeySchema: keys("customer", "order"),
        LocalSecondaryIndexes: [
          { IndexName: "ByDay", KeySchema: keys("customer", "day"), Projection: { ProjectionType: "KEYS_ONLY" } },
        ],
        GlobalSecondaryIndexes: [
          { IndexName: "ByStatus", KeySchema: keys("status", "day"), Projection: { ProjectionType: "ALL" } },
        ],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 2 }, { TableName: orders });
    for (let i = 0; i < 30; i++) {
      const Item = { customer: `c${i % 2}`, order: `o${100 + i}`, status: "open", day: `d${i % 3}`, price: i };
      await documents.send(new PutCommand({ TableName: orders, Item }));
    }
    assert.deepEqual(await openOrders("d1"), Array.from({ length: 10 }, (_, i) => `o${101 + 3 * i}`));
    const shipped = await documents.send(
      new UpdateCommand({
        TableName: orders, Key: { customer: "c1", order: "o101" }, UpdateExpression: "SET #s = :s",
        ExpressionAttributeNames: { "#s": "status" }, ExpressionAttributeValues: { ":s": "shipped" },
        ReturnConsumedCapacity: "INDEXES", ReturnItemCollectionMetrics: "SIZE",
      }),
    );
    assert.deepEqual(shipped.ConsumedCapacity.GlobalSecondaryIndexes, { ByStatus: { CapacityUnits: 2 } });
    assert.deepEqual(shipped.ItemCollectionMetrics.ItemCollectionKey, { customer: "c1" });
    const own = await documents.send(
      new QueryCommand({
        TableName: orders, IndexName: "ByDay", KeyConditionExpression: "customer = :c AND #d = :d",
        ExpressionAttributeNames: { "#d": "day" }, ExpressionAttributeValues: { ":c": "c1", ":d": "d1" },
        ProjectionExpression: "price", ScanIndexForward: false, ConsistentRead: true,
      }),
    );
    assert.deepEqual(own.Items.map((item) => item.price), [25, 19, 13, 7, 1]);
  });

  test("PartiQL: statements, pages of them, batches, transactions", async () => {
    const run = (Statement, Parameters, more) =>
      documents.send(new ExecuteStatementCommand({ Statement, Parameters, ...more }));
    const insert = `INSERT INTO "${TableName}" VALUE {'pk': ?, 'sk': ?, 'tags': ?, 'deep': ?}`;
    await run(insert, ["statement", 1, new Set(["a", "b"]), { list: [1, "x", null] }]);
    await assert.rejects(run(insert, ["statement", 1, new Set(["a"]), {}]), DuplicateItemException);
    const { Items } = await run(
      `UPDATE "${TableName}" SET deep."list"[0] = deep."list"[0] + ?, tags = set_delete(tags, ?)
       WHERE pk = 'statement' AND sk = 1 RETURNING ALL NEW *`,
      [41, new Set(["b"])],
    );
    assert.deepEqual(Items, [{ pk: "statement", sk: 1, tags: new Set(["a"]), deep: { list: [42, "x", null] } }]);

    const found = [];
    let NextToken;
    do {
      const page = await run(
        `SELECT sk FROM "${TableName}" WHERE pk = ? AND sk BETWEEN ? AND ? ORDER BY sk DESC`,
        ["batch", 3, 17],
        { Limit: 4, NextToken },
      );
      found.push(...page.Items.map((item) => item.sk));
      ({ NextToken } = page);
    } while (NextToken);
    assert.deepEqual(found, Array.from({ length: 15 }, (_, i) => 17 - i));

    const select = (sk) => ({
      Statement: `SELECT deep FROM "${TableName}" WHERE pk = ? AND sk = ?`,
      Parameters: ["statement", sk],
    });
    const batch = await documents.send(
      new BatchExecuteStatementCommand({ Statements: [select(1), { Statement: "SELECT" }] }),
    );
    assert.deepEqual(batch.Responses[0].Item, { deep: { list: [42, "x", null] } });
    assert.equal(batch.Responses[1].Error.Code, "ValidationError");
    await documents.send(
      new ExecuteTransactionCommand({
        TransactStatements: [
          { Statement: `DELETE FROM "${TableName}" WHERE pk = 'statement' AND sk = 1` },
          { Statement: `EXISTS(SELECT * FROM "${TableName}" WHERE pk = 'document' AND sk = ? AND yes = ?)`, Parameters: [0, true] },
        ],
      }),
    );
    const { Responses } = await documents.send(new ExecuteTransactionCommand({ TransactStatements: [select(1)] }));
    assert.deepEqual(Responses, [{}]);
  });

  test("errors have their classes", async () => {
    const send = (table, Key) => documents.send(new GetCommand({ TableName: table, Key }));
    await assert.rejects(send("NoSuchTable", { pk: "a", sk: 1 }), ResourceNotFoundException);
    await assert.rejects(send(TableName, { pk: "a" }), { name: "ValidationException", $fault: "client" });
  });

  test("wrong keys are refused where keys are verified, and taken where access is open", async () => {
    const list = (accessKeyId, secretAccessKey) =>
      new DynamoDBClient({ endpoint, credentials: { accessKeyId, secretAccessKey } }).send(new ListTablesCommand({}));
    if (auth === "keys") {
      await assert.rejects(list(process.env.AWS_ACCESS_KEY_ID, "wrong"), { name: "InvalidSignatureException" });
      await assert.rejects(list("AKIDNOBODY", "wrong"), { name: "UnrecognizedClientException" });
    } else {
      await list("AKIDNOBODY", "wrong");
    }
  });
} else {
  test("what was written before the server was killed is there", async () => {
    const { Item } = await documents.send(new GetCommand({ TableName, Key: { pk: "document", sk: 0 } }));
    assert.deepEqual(Item, document);
    assert.deepEqual(await batchKeys(), Array.from({ length: 75 }, (_, i) => i));
    assert.equal((await openOrders("d1")).length, 9);
    const counter = await documents.send(new GetCommand({ TableName, Key: { pk: "counter", sk: 0 } }));
    assert.equal(counter.Item.v, 40);
  });

  test("delete the table and wait until it is gone", async () => {
    await client.send(new DeleteTableCommand({ TableName: orders }));
    await client.send(new DeleteTableCommand({ TableName }));
    await waitUntilTableNotExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 2 }, { TableName });
  });
}
