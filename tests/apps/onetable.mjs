// DynamoDB OneTable: a schema of a whole single table, the table made by the library, unique attributes
// kept by transactions.
import assert from "node:assert/strict";
import { test } from "node:test";

import { QueryCommand } from "@aws-sdk/client-dynamodb";
import { Table } from "dynamodb-onetable";

import { allPages, client, range, until } from "./common.mjs";

const table = new Table({
  name: "OneTableSaas",
  client,
  partial: true,
  schema: {
    format: "onetable:1.1.0",
    version: "0.0.1",
    indexes: {
      primary: { hash: "pk", sort: "sk" },
      gs1: { hash: "gs1pk", sort: "gs1sk", project: "all" },
      ls1: { sort: "lsk", type: "local" },
    },
    models: {
      Account: {
        pk: { type: String, value: "account#${id}" },
        sk: { type: String, value: "account#" },
        id: { type: String, generate: "ulid" },
        name: { type: String, required: true, unique: true },
        balance: { type: Number, default: 0 },
      },
      User: {
        pk: { type: String, value: "account#${accountId}" },
        sk: { type: String, value: "user#${email}" },
        accountId: { type: String, required: true },
        email: { type: String, required: true },
        age: { type: Number },
        address: { type: Object, default: {}, schema: { street: { type: String }, zip: { type: Number } } },
        roles: { type: Set },
        registered: { type: Date },
        history: { type: Array, default: [] },
        level: { type: String },
        gs1pk: { type: String, value: "user#" },
        gs1sk: { type: String, value: "user#${email}#${accountId}" },
        lsk: { type: String, value: "role#${level}" },
      },
    },
    params: { isoDates: true, timestamps: true },
  },
});

const Account = table.getModel("Account");
const User = table.getModel("User");
let account;

const failed = (code) => (error) => error.code === code;

test("the library makes its table, and finds it", async () => {
  assert.equal(await table.exists(), false);
  await table.createTable();
  assert.equal(await table.exists(), true);
  const { Table: described } = await table.describeTable();
  assert.equal(described.TableStatus, "ACTIVE");
});

test("unique attributes: a transaction for each", async () => {
  account = await Account.create({ name: "Acme" });
  assert.match(account.id, /^[0-9A-Z]{26}$/);
  await assert.rejects(Account.create({ name: "Acme" }), failed("UniqueError"));
  const second = await Account.create({ name: "Other" });
  await assert.rejects(Account.update({ id: second.id, name: "Acme" }), failed("UniqueError"));
  await Account.update({ id: second.id, name: "Renamed" });
  await Account.create({ name: "Other" });
  await Account.remove({ id: second.id });
  await Account.create({ name: "Renamed" });
  assert.equal((await Account.get({ id: account.id }, { consistent: true })).name, "Acme");
});

test("create, get, and create again", async () => {
  const user = await User.create({
    accountId: account.id, email: "nina@example.com", age: 30, address: { street: "Main 1", zip: 28782 },
    roles: new Set(["admin", "singer"]), registered: new Date(1600000000000), history: ["made"],
    level: "high",
  });
  assert.ok(user.created instanceof Date);
  const found = await User.get({ accountId: account.id, email: "nina@example.com" });
  assert.deepEqual(found.address, { street: "Main 1", zip: 28782 });
  assert.deepEqual(found.roles, new Set(["admin", "singer"]));
  assert.equal(found.registered.getTime(), 1600000000000);
  await assert.rejects(User.create({ accountId: account.id, email: "nina@example.com" }), /Conditional create failed/);
  assert.equal(await User.get({ accountId: account.id, email: "nobody" }), undefined);
});

test("updates: add, push, set, delete, remove, nested, with a condition", async () => {
  const key = { accountId: account.id, email: "nina@example.com" };
  const after = await User.update({ ...key, address: { zip: 10001 } }, {
    add: { age: 2 }, push: { history: ["moved"] }, delete: { roles: new Set(["admin"]) }, remove: ["registered"],
    where: "${age} = {30} AND attribute_exists(${address.street})",
  });
  assert.equal(after.age, 32);
  assert.deepEqual(after.history, ["made", "moved"]);
  assert.deepEqual(after.address, { street: "Main 1", zip: 10001 });
  assert.deepEqual(after.roles, new Set(["singer"]));
  assert.equal(after.registered, undefined);
  const set = await User.update(key, { set: { age: "${age} - {12}", "history[0]": "first" } });
  assert.equal(set.age, 20);
  assert.deepEqual(set.history, ["first", "moved"]);
  await assert.rejects(User.update(key, { add: { age: 1 }, where: "${age} > {20}" }),
                       (error) => /Conditional/.test(error.message) || error.code === "ConditionalCheckFailedException");
  await assert.rejects(User.update({ ...key, email: "nobody", age: 1 }), (error) => error instanceof Error);
  const made = await User.upsert({ ...key, email: "ella@example.com", age: 1 });
  assert.equal(made.age, 1);
});

test("batches of writes and reads", async () => {
  for (const start of [0, 25]) {
    const batch = {};
    for (const i of range(25)) {
      await User.create({ accountId: "many", email: `u${String(start + i).padStart(3, "0")}`, age: start + i,
                          level: String(9 - (i % 10)) }, { batch, exists: null });
    }
    assert.equal(await table.batchWrite(batch), true);
  }
  const batch = {};
  for (const i of range(60)) {
    await User.get({ accountId: "many", email: `u${String(i).padStart(3, "0")}` }, { batch });
  }
  const found = await table.batchGet(batch, { parse: true, hidden: false, consistent: true });
  assert.equal(found.length, 50);
});

test("find: pages both ways, ranges, filters, counts", async () => {
  const users = await allPages(async (next) => {
    const page = await User.find({ accountId: "many" }, { limit: 20, next });
    return { items: [...page], next: page.next };
  }, 3);
  assert.deepEqual(users.map((each) => each.age), range(50));
  const last = await User.find({ accountId: "many", sk: { begins: "user#u04" } }, { reverse: true, limit: 3 });
  assert.deepEqual(last.map((each) => each.age), [49, 48, 47]);
  const some = await User.find({ accountId: "many", sk: { between: ["user#u010", "user#u019"] } },
                               { where: "${age} >= {15} AND ${age} <> {17}" });
  assert.deepEqual(some.map((each) => each.age), [15, 16, 18, 19]);
  const { count } = await User.find({ accountId: "many" }, { count: true });
  assert.equal(count, 50);
  const scanned = await User.scan({}, { where: "${age} < {3}", many: true });
  assert.deepEqual(scanned.map((each) => each.age).sort((a, b) => a - b), [0, 1, 1, 2]);
  const all = await table.queryItems({ pk: `account#${account.id}` }, { parse: true, hidden: true });
  const types = table.groupByType(all);
  assert.deepEqual([types.Account.length, types.User.length], [1, 2]);
});

test("transactions", async () => {
  const transaction = {};
  await Account.update({ id: account.id }, { add: { balance: 100 }, transaction });
  await User.create({ accountId: account.id, email: "miriam@example.com" }, { transaction });
  await User.remove({ accountId: "many", email: "u049" }, { transaction });
  await Account.check({ id: account.id }, { where: "${balance} = {0}", transaction: {} });
  await table.transact("write", transaction);
  const bad = {};
  await Account.update({ id: account.id }, { add: { balance: -100 }, transaction: bad });
  await User.create({ accountId: account.id, email: "miriam@example.com" }, { transaction: bad });
  await assert.rejects(table.transact("write", bad), (error) => error instanceof Error);
  const read = {};
  await Account.get({ id: account.id }, { transaction: read });
  await User.get({ accountId: account.id, email: "miriam@example.com" }, { transaction: read });
  const [found, user] = await table.transact("get", read, { parse: true, hidden: false });
  assert.equal(found.balance, 100);
  assert.equal(user.email, "miriam@example.com");
});

test("find by a global and by a local index", async () => {
  const [found] = await User.find({ email: "nina@example.com", gs1sk: { begins: "user#nina" } }, { index: "gs1" });
  assert.equal(found.age, 20);
  const high = await User.find({ accountId: "many", lsk: { begins: "role#9" } }, { index: "ls1" });
  assert.deepEqual(high.map((each) => each.age).sort((a, b) => a - b), [0, 10, 20, 25, 35, 45]);
});

test("an index made later has what was there, and goes again", async () => {
  const index = async () => {
    const { Table: described } = await table.describeTable();
    return described.GlobalSecondaryIndexes.find((each) => each.IndexName === "gs2");
  };
  await table.updateTable({ create: { name: "gs2", hash: "email", sort: "sk", project: ["age", "name"] } });
  await until(async () => (await index()).IndexStatus === "ACTIVE");
  const { Items } = await client.send(new QueryCommand({
    TableName: "OneTableSaas", IndexName: "gs2", KeyConditionExpression: "email = :email",
    ExpressionAttributeValues: { ":email": { S: "u007" } },
  }));
  assert.deepEqual(Items, [{ pk: { S: "account#many" }, sk: { S: "user#u007" }, email: { S: "u007" }, age: { N: "7" } }]);
  await table.updateTable({ remove: { name: "gs2" } });
  await until(async () => !(await index()));
});

test("remove, one and many, and the table", async () => {
  const gone = await User.remove({ accountId: account.id, email: "miriam@example.com" });
  assert.equal(gone.email, "miriam@example.com");
  await User.remove({ accountId: "many" }, { many: true });
  assert.equal((await User.find({ accountId: "many" })).length, 0);
  await table.deleteTable("DeleteTableForever");
  assert.equal(await table.exists(), false);
});
