// Dynamoose: models with schemas, the table made by the library itself.
import assert from "node:assert/strict";
import { test } from "node:test";

import { DynamoDB } from "@aws-sdk/client-dynamodb";
import dynamoose from "dynamoose";

import { allPages, range } from "./common.mjs";

dynamoose.aws.ddb.set(new DynamoDB({ endpoint: process.env.ENDPOINT, maxAttempts: 2 }));

const { Condition, Schema } = dynamoose;

const Animal = dynamoose.model("Animal", new Schema({
  kind: { type: String, hashKey: true },
  name: { type: String, rangeKey: true },
  owner: { type: String, index: { name: "byOwner", type: "global", rangeKey: "weight" } },
  weight: Number,
  born: Date,
  photo: Buffer,
  colours: { type: Set, schema: [String] },
  meals: { type: Array, schema: [{ type: Object, schema: { food: String, grams: Number } }] },
  chip: { type: Object, schema: { vendor: String, code: Number } },
  wild: { type: Boolean, default: false },
}, { timestamps: true }));

const Visit = dynamoose.model("Visit", new Schema({
  id: { type: String, hashKey: true },
  cost: { type: Number, required: true },
}));

const zoo = new dynamoose.Table("DynamooseZoo", [Animal],
                                { create: false, update: false, waitForActive: false, throughput: "ON_DEMAND" });
const waitForActive = { enabled: true, check: { timeout: 20000, frequency: 100 } };
const visits = new dynamoose.Table("DynamooseVisits", [Visit], {
  initialize: false, waitForActive, throughput: { read: 5, write: 5 }, tags: { stage: "one", owner: "zoo" },
  expires: { ttl: 60000, attribute: "expires" },
});

const same = (document, expected) =>
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, document[key]])), expected);

test("the library makes its tables, once", async () => {
  await zoo.create();
  await visits.initialize();
  const { TimeToLiveDescription } = await dynamoose.aws.ddb().describeTimeToLive({ TableName: "DynamooseVisits" });
  assert.equal(TimeToLiveDescription.AttributeName, "expires");
  const { Table } = await dynamoose.aws.ddb().describeTable({ TableName: "DynamooseZoo" });
  assert.equal(Table.BillingModeSummary.BillingMode, "PAY_PER_REQUEST");
  await assert.rejects(zoo.create(), (error) => error.name === "ResourceInUseException");
});

test("documents of many types come back", async () => {
  const cat = {
    kind: "cat", name: "Tom", owner: "Nina", weight: 4.5, born: new Date(1600000000000),
    photo: Buffer.from([0, 255, 1]), colours: new Set(["grey", "white"]),
    meals: [{ food: "fish", grams: 90 }, { food: "mouse", grams: 20 }], chip: { vendor: "x", code: 12345678901 },
  };
  await Animal.create(cat);
  const found = await Animal.get({ kind: "cat", name: "Tom" }, { consistent: true });
  same(found, { ...cat, wild: false });
  assert.ok(found.createdAt instanceof Date);
  await assert.rejects(Animal.create(cat), (error) => error.name === "ConditionalCheckFailedException");
  assert.equal(await Animal.get({ kind: "cat", name: "none" }), undefined);
});

test("updates: set, add, append, remove, with a condition", async () => {
  const key = { kind: "cat", name: "Tom" };
  await Animal.update(key, { $ADD: { meals: [{ food: "milk", grams: 10 }] } });
  const after = await Animal.update(key, {
    $SET: { owner: "Ella" }, $REMOVE: ["photo"], $ADD: { weight: 1, colours: new Set(["black"]) },
  }, { condition: new Condition().where("weight").eq(4.5) });
  assert.equal(after.weight, 5.5);
  assert.equal(after.photo, undefined);
  assert.equal(after.meals.length, 3);
  assert.deepEqual([...after.colours].sort(), ["black", "grey", "white"]);
  await assert.rejects(
    Animal.update(key, { owner: "Nobody" }, { condition: new Condition().where("weight").lt(5) }),
    (error) => error.name === "ConditionalCheckFailedException");
  const document = await Animal.get(key);
  document.wild = true;
  await document.save();
  assert.equal((await Animal.get(key)).wild, true);
});

test("batches", async () => {
  for (const start of [0, 25, 50]) {
    const { unprocessedItems } = await Animal.batchPut(range(25).map((i) => ({
      kind: "bird", name: `b${String(start + i).padStart(3, "0")}`, weight: start + i, owner: i % 2 ? "Nina" : "Ella",
    })));
    assert.deepEqual(unprocessedItems, []);
  }
  const found = await Animal.batchGet(range(80).map((i) => ({ kind: "bird", name: `b${String(i).padStart(3, "0")}` })));
  assert.equal(found.length, 75);
  assert.deepEqual(found.unprocessedKeys, []);
  await Animal.batchDelete([{ kind: "bird", name: "b074" }, { kind: "bird", name: "b073" }]);
});

test("query: ranges, order, filter, pages, count", async () => {
  const birds = await allPages(async (key) => {
    const query = Animal.query("kind").eq("bird").limit(30);
    const found = await (key ? query.startAt(key) : query).exec();
    return { items: [...found], next: found.lastKey };
  }, 3);
  assert.deepEqual(birds.map((each) => each.weight), range(73));
  const heavy = await Animal.query("kind").eq("bird").where("name").between("b010", "b020")
    .filter("weight").gt(15).sort("descending").exec();
  assert.deepEqual(heavy.map((each) => each.weight), [20, 19, 18, 17, 16]);
  const { count } = await Animal.query("kind").eq("bird").where("name").beginsWith("b00").count().exec();
  assert.equal(count, 10);
  const names = await Animal.query("kind").eq("cat").attributes(["name"]).exec();
  assert.deepEqual(names.map((each) => ({ ...each })), [{ name: "Tom" }]);
});

test("scan: filters and segments", async () => {
  const all = await Animal.scan().parallel(4).exec();
  assert.equal(all.count, 74);
  const some = await Animal.scan(new Condition().where("weight").ge(70).or().where("kind").eq("cat")).all().exec();
  assert.deepEqual(some.map((each) => each.weight).sort((a, b) => a - b), [5.5, 70, 71, 72]);
});

test("transactions over two tables", async () => {
  await dynamoose.transaction([
    Visit.transaction.create({ id: "v1", cost: 10 }),
    Animal.transaction.update({ kind: "cat", name: "Tom" }, { $ADD: { weight: -1 } }),
    Animal.transaction.delete({ kind: "bird", name: "b000" }),
    Animal.transaction.condition({ kind: "bird", name: "b001" }, new Condition().where("weight").eq(1)),
  ]);
  await assert.rejects(dynamoose.transaction([
    Animal.transaction.update({ kind: "cat", name: "Tom" }, { $ADD: { weight: -1 } }),
    Visit.transaction.create({ id: "v1", cost: 20 }),
  ]), (error) => error.name === "TransactionCanceledException" &&
    error.CancellationReasons.map((each) => each.Code).join() === "None,ConditionalCheckFailed");
  const found = await dynamoose.transaction([
    Visit.transaction.get({ id: "v1" }), Animal.transaction.get({ kind: "cat", name: "Tom" }),
  ]);
  assert.equal(found[0].cost, 10);
  assert.equal(found[1].weight, 4.5);
});

test("query of an index", async () => {
  const found = await Animal.query("owner").eq("Nina").using("byOwner").where("weight").lt(10).exec();
  assert.deepEqual(found.map((each) => each.weight), [1, 3, 5, 7, 9]);
});

test("a later version of the application changes its table", async () => {
  const Later = dynamoose.model("Later", new Schema({
    id: { type: String, hashKey: true }, cost: Number, kind: { type: String, index: { name: "byKind", type: "global" } },
  }));
  await new dynamoose.Table("DynamooseVisits", [Later], {
    initialize: false, update: true, waitForActive, throughput: "ON_DEMAND", tableClass: "infrequentAccess",
    tags: { stage: "two", team: "birds" },
  }).initialize();
  const { Table } = await dynamoose.aws.ddb().describeTable({ TableName: "DynamooseVisits" });
  assert.equal(Table.BillingModeSummary.BillingMode, "PAY_PER_REQUEST");
  assert.equal(Table.TableClassSummary.TableClass, "STANDARD_INFREQUENT_ACCESS");
  const { Tags } = await dynamoose.aws.ddb().listTagsOfResource({ ResourceArn: Table.TableArn });
  assert.deepEqual(Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])), { stage: "two", team: "birds" });
  await Later.create({ id: "v2", cost: 3, kind: "dentist" });
  assert.deepEqual((await Later.query("kind").eq("dentist").exec()).map((each) => each.cost), [3]);
  assert.equal((await Visit.get({ id: "v1" })).cost, 10);
});

test("delete", async () => {
  await Animal.delete({ kind: "cat", name: "Tom" });
  assert.equal(await Animal.get({ kind: "cat", name: "Tom" }), undefined);
});
