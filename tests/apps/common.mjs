// What the scenarios in JavaScript share.
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";

const endpoint = process.env.ENDPOINT;
export const client = new DynamoDBClient({ endpoint, maxAttempts: 2 });

/** A table of single-table design: pk and sk, and an index over gsi1pk and gsi1sk. */
export async function createTable(TableName) {
  const string = (AttributeName) => ({ AttributeName, AttributeType: "S" });
  const keys = (hash, range) => [
    { AttributeName: hash, KeyType: "HASH" },
    { AttributeName: range, KeyType: "RANGE" },
  ];
  await client.send(new CreateTableCommand({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: ["pk", "sk", "gsi1pk", "gsi1sk"].map(string),
    KeySchema: keys("pk", "sk"),
    GlobalSecondaryIndexes: [
      { IndexName: "gsi1", KeySchema: keys("gsi1pk", "gsi1sk"), Projection: { ProjectionType: "ALL" } },
    ],
  }));
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 2 }, { TableName });
}

/** Reads `page(key)` until it says there is no more; asserts that there were at least so many pages. */
export async function allPages(page, atLeast = 1) {
  const items = [];
  let key;
  let count = 0;
  do {
    const found = await page(key);
    items.push(...found.items);
    key = found.next;
    count += 1;
    assert(count < 1000, "pages without an end");
  } while (key);
  assert(count >= atLeast, `${count} pages`);
  return items;
}

/** Waits until a condition holds. */
export async function until(holds) {
  const deadline = Date.now() + 20000;
  while (!(await holds())) {
    assert(Date.now() < deadline, "it does not come true");
    await setTimeout(20); // sleep: between looks at the condition
  }
}

export const range = (count) => [...Array(count).keys()];
