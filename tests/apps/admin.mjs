// dynamodb-admin: its pages and what their scripts call, over HTTP as a browser does.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import admin from "dynamodb-admin";

import { range } from "./common.mjs";

let address;
let server;

before(async () => {
  const app = admin.createServer({ dynamoEndpoint: process.env.ENDPOINT, skipDefaultCredentials: true });
  server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  address = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

async function call(method, path, body, status = 200) {
  const response = await fetch(address + path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  assert.equal(response.status, status, `${method} ${path}: ${text.slice(0, 500)}`);
  return text;
}

const page = (path) => call("GET", path);
const json = async (path) => JSON.parse(await page(path));
const items = (query) => json(`/tables/AdminMusic/items?${new URLSearchParams(query)}`);
const filter = (name, operator, value, type = "S") => ({ [name]: { operator, value, type } });

test("create a table on its form", async () => {
  assert.match(await page("/create-table"), /<form/);
  const definition = {
    TableName: "AdminMusic", HashAttributeName: "artist", HashAttributeType: "S", RangeAttributeName: "number",
    RangeAttributeType: "N", ReadCapacityUnits: 3, WriteCapacityUnits: 3,
  };
  const SecondaryIndexes = [
    { IndexName: "byGenre", HashAttributeName: "genre", HashAttributeType: "S", IndexType: "global",
      ReadCapacityUnits: 3, WriteCapacityUnits: 3 },
    { IndexName: "byLength", HashAttributeName: "artist", HashAttributeType: "S",
      RangeAttributeName: "seconds", RangeAttributeType: "N", IndexType: "local" },
  ];
  await call("POST", "/create-table", { TableDefinition: definition, SecondaryIndexes }, 204);
  const { message } = JSON.parse(await call("POST", "/create-table", { TableDefinition: definition }, 500));
  assert.match(message, /Table already exists: AdminMusic|ResourceInUse/);
});

test("list tables", async () => {
  assert.match(await page("/"), /AdminMusic/);
  const found = (await json("/api/tables")).find((each) => each.TableName === "AdminMusic");
  assert.equal(found.ProvisionedThroughput.ReadCapacityUnits, 3);
  assert.equal(found.TableStatus, "ACTIVE");
});

test("add items, show and change one", async () => {
  assert.match(await page("/tables/AdminMusic/add-item"), /artist/);
  for (const i of range(60)) {
    const key = JSON.parse(await call("PUT", "/tables/AdminMusic/add-item", {
      artist: i < 50 ? "Nina" : "Ella", number: i, title: `Song <${i}>`, seconds: 600 - i,
      genre: i % 10 ? "jazz" : "blues", played: [{ at: "Montreux" }, null, true],
    }));
    assert.equal(key.number, i);
  }
  assert.match(await page("/tables/AdminMusic/items/Nina,7"), /Montreux/);
  await call("GET", "/tables/AdminMusic/items/Nina,1000", undefined, 404);
  const changed = JSON.parse(await call("PUT", "/tables/AdminMusic/items/Nina,7",
                                        { artist: "Nina", number: 7, title: "Sinnerman" }));
  assert.equal(changed.title, "Sinnerman");
});

test("browse by pages", async () => {
  assert.match(await page("/tables/AdminMusic"), /AdminMusic/);
  const seen = [];
  let startKey = "";
  for (let number = 1; number <= 4; number += 1) {
    const { Items, nextKey } = await items({ pageNum: number, pageSize: 25, ...(startKey ? { startKey } : {}) });
    seen.push(...Items.map((each) => `${each.artist} ${each.number}`));
    if (!nextKey) {
      break;
    }
    startKey = decodeURIComponent(nextKey);
  }
  assert.equal(seen.length, 60);
  assert.equal(new Set(seen).size, 60);
});

test("search: scan with filters, query with a range", async () => {
  const scanned = await items({ filters: JSON.stringify(filter("title", "=", "Sinnerman")) });
  assert.deepEqual(scanned.Items.map((each) => each.number), [7]);
  const queried = await items({
    operationType: "query", pageSize: 5,
    filters: JSON.stringify({ ...filter("artist", "=", "Nina"), ...filter("number", ">=", "40", "N") }),
  });
  assert.deepEqual(queried.Items.map((each) => each.number), [40, 41, 42, 43, 44]);
  const begins = await items({ filters: JSON.stringify(filter("title", "begins_with", "Song <5")) });
  assert.equal(begins.Items.length, 11);
});

test("search an index", async () => {
  const found = await items({ operationType: "query", queryableSelection: "byGenre",
                              filters: JSON.stringify(filter("genre", "=", "blues")) });
  assert.deepEqual(found.Items.map((each) => each.number).sort((a, b) => a - b), [0, 10, 20, 30, 40, 50]);
});

test("what a table is, and its time to live", async () => {
  assert.match(await page("/tables/AdminMusic/meta"), /AttributeDefinitions/);
  assert.match(await page("/tables/AdminMusic/ttl"), /DISABLED/);
});

test("delete an item, all items, the table", async () => {
  await call("DELETE", "/tables/AdminMusic/items/Nina,7", undefined, 204);
  await call("GET", "/tables/AdminMusic/items/Nina,7", undefined, 404);
  await call("DELETE", "/tables/AdminMusic/all");
  assert.equal((await items({})).Items.length, 0);
  await call("DELETE", "/tables/AdminMusic", undefined, 204);
  assert(!(await json("/api/tables")).some((each) => each.TableName === "AdminMusic"));
  await call("GET", "/tables/AdminMusic", undefined, 500);
});
