// ElectroDB: entities of one table behind a service, with collections over item collections.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Entity, Service } from "electrodb";

import { client, createTable, range } from "./common.mjs";

const table = "ElectroWork";

const tasks = new Entity({
  model: { entity: "task", version: "1", service: "work" },
  attributes: {
    team: { type: "string", required: true },
    project: { type: "string", required: true },
    task: { type: "string", required: true },
    status: { type: ["open", "done"], default: "open" },
    points: { type: "number", required: true, padding: { length: 4, char: "0" } },
    tags: { type: "set", items: "string" },
    comments: { type: "list", items: { type: "map", properties: { user: { type: "string" }, body: { type: "string" } } } },
    count: { type: "number", default: 0 },
    updated: { type: "number", watch: "*", set: () => 1 },
  },
  indexes: {
    assigned: {
      collection: "overview",
      pk: { field: "pk", composite: ["team"] },
      sk: { field: "sk", composite: ["project", "task"] },
    },
    byStatus: {
      index: "gsi1",
      pk: { field: "gsi1pk", composite: ["status"] },
      sk: { field: "gsi1sk", composite: ["points", "project", "task"] },
    },
  },
}, { client, table });

const employees = new Entity({
  model: { entity: "employee", version: "1", service: "work" },
  attributes: {
    team: { type: "string", required: true },
    employee: { type: "string", required: true },
    name: { type: "string", required: true },
    salary: { type: "number" },
    skills: { type: "any" },
  },
  indexes: {
    team: {
      collection: "overview",
      pk: { field: "pk", composite: ["team"] },
      sk: { field: "sk", composite: ["employee"] },
    },
  },
}, { client, table });

const work = new Service({ tasks, employees }, { client, table });
const first = { team: "blue", project: "stage", task: "lights" };

test("create the table", () => createTable(table));

test("create, get, and create again", async () => {
  const created = await tasks.create({ ...first, points: 3, tags: ["x", "y"] }).go();
  assert.equal(created.data.status, "open");
  const { data } = await tasks.get(first).go({ consistent: true });
  assert.deepEqual({ ...data, tags: [...data.tags].sort() },
                   { ...first, status: "open", points: 3, tags: ["x", "y"], count: 0, updated: 1 });
  await assert.rejects(tasks.create({ ...first, points: 4 }).go(),
                       (error) => error.cause.name === "ConditionalCheckFailedException");
  assert.equal((await tasks.get({ ...first, task: "none" }).go()).data, null);
});

test("update: set, add, subtract, append, sets, remove, with a condition", async () => {
  const { data } = await tasks.update(first)
    .set({ points: 5 })
    .add({ count: 4, tags: ["z"] })
    .append({ comments: [{ user: "nina", body: "soon" }] })
    .where(({ count, points }, { eq, lt }) => `${eq(count, 0)} AND ${lt(points, 4)}`)
    .go({ response: "all_new" });
  assert.equal(data.count, 4);
  assert.deepEqual(data.comments, [{ user: "nina", body: "soon" }]);
  const after = await tasks.patch(first)
    .subtract({ count: 1 })
    .delete({ tags: ["x"] })
    .data(({ comments }, { set }) => set(comments[0].body, "now"))
    .go({ response: "all_new" });
  assert.equal(after.data.count, 3);
  assert.deepEqual([...after.data.tags].sort(), ["y", "z"]);
  assert.equal(after.data.comments[0].body, "now");
  await tasks.update(first).remove(["tags"]).go();
  assert.equal((await tasks.get(first).go()).data.tags, undefined);
  await assert.rejects(tasks.patch({ ...first, task: "none" }).set({ points: 1 }).go(),
                       (error) => error.cause.name === "ConditionalCheckFailedException");
});

test("upsert makes what is not there, and changes what is", async () => {
  const key = { team: "blue", project: "upsert", task: "one" };
  await tasks.upsert({ ...key, points: 2 }).add({ count: 1 }).go();
  const { data } = await tasks.upsert({ ...key, points: 3 }).add({ count: 1 }).go({ response: "all_new" });
  assert.equal(data.points, 3);
  assert.equal(data.count, 2);
  await tasks.remove(key).go();
  await assert.rejects(tasks.remove(key).go(), (error) => error.cause.name === "ConditionalCheckFailedException");
});

test("batches of more than a request takes", async () => {
  const { unprocessed } = await tasks.put(range(70).map((i) => ({
    team: "red", project: `p${i % 3}`, task: `t${String(i).padStart(2, "0")}`, points: i,
    status: i % 2 ? "done" : "open",
  }))).go({ concurrency: 2 });
  assert.deepEqual(unprocessed, []);
  const { data } = await tasks.get(range(120).map((i) => (
    { team: "red", project: `p${i % 3}`, task: `t${String(i).padStart(2, "0")}` }))).go({ concurrency: 2 });
  assert.equal(data.length, 70);
  await tasks.delete([{ team: "red", project: "p0", task: "t00" }]).go();
});

test("queries: pages by cursor, ranges of sort keys, filters", async () => {
  let cursor = null;
  const found = [];
  let pages = 0;
  do {
    const page = await tasks.query.assigned({ team: "red" }).go({ cursor, limit: 20 });
    found.push(...page.data);
    ({ cursor } = page);
    pages += 1;
  } while (cursor !== null);
  assert.equal(found.length, 69);
  assert(pages >= 4);
  const some = await tasks.query.assigned({ team: "red", project: "p1" })
    .between({ task: "t10" }, { task: "t22" }).where(({ status }, { eq }) => eq(status, "done"))
    .go({ order: "desc", pages: "all" });
  assert.deepEqual(some.data.map((each) => each.points), [19, 13]);
  const count = await tasks.query.assigned({ team: "red" }).begins({ project: "p2" }).go({ count: 5 });
  assert.equal(count.data.length, 5);
});

test("a collection reads several entities in one query", async () => {
  await employees.put([{ team: "red", employee: "e1", name: "Nina", salary: 10, skills: { piano: 1 } },
                       { team: "red", employee: "e2", name: "Ella" }]).go();
  const { data } = await work.collections.overview({ team: "red" }).go({ pages: "all" });
  assert.equal(data.tasks.length, 69);
  assert.deepEqual(data.employees.map((each) => each.name).sort(), ["Ella", "Nina"]);
  const scanned = await employees.scan.where(({ salary }, { exists }) => exists(salary)).go({ pages: "all" });
  assert.deepEqual(scanned.data, [{ team: "red", employee: "e1", name: "Nina", salary: 10, skills: { piano: 1 } }]);
});

test("transactions tell which part failed", async () => {
  const done = await work.transaction.write(({ tasks: task, employees: employee }) => [
    task.patch({ team: "red", project: "p1", task: "t01" }).set({ status: "open" }).add({ count: 1 }).commit(),
    employee.create({ team: "red", employee: "e3", name: "Miriam" }).commit(),
    task.check({ team: "red", project: "p2", task: "t02" }).where(({ points }, { eq }) => eq(points, 2)).commit(),
    task.delete({ team: "red", project: "p0", task: "t03" }).commit(),
  ]).go({ token: "electro-transaction-1" });
  assert.equal(done.canceled, false);
  const cancelled = await work.transaction.write(({ tasks: task, employees: employee }) => [
    task.patch({ team: "red", project: "p1", task: "t01" }).add({ count: 1 }).commit(),
    employee.create({ team: "red", employee: "e3", name: "Other" }).commit({ response: "all_old" }),
  ]).go();
  assert.equal(cancelled.canceled, true);
  assert.deepEqual(cancelled.data.map((each) => each.code), ["None", "ConditionalCheckFailed"]);
  assert.equal(cancelled.data[1].item.name, "Miriam");
  const { data } = await work.transaction.get(({ tasks: task, employees: employee }) => [
    task.get({ team: "red", project: "p1", task: "t01" }).commit(),
    employee.get({ team: "red", employee: "e3" }).commit(),
    task.get({ team: "red", project: "p0", task: "t03" }).commit(),
  ]).go();
  assert.deepEqual(data.map((each) => each.item && (each.item.count ?? each.item.name)), [1, "Miriam", null]);
});

test("queries of an index", async () => {
  const open = await tasks.query.byStatus({ status: "open" }).lt({ points: 9 }).go({ pages: "all" });
  assert.deepEqual(open.data.map((each) => each.points), [1, 2, 4, 5, 6, 8]);
  await tasks.patch({ team: "red", project: "p2", task: "t02" }).set({ status: "done", points: 2 }).go();
  const done = await tasks.query.byStatus({ status: "done" }).lte({ points: 6 }).go({ order: "desc", limit: 2 });
  assert.deepEqual(done.data.map((each) => each.points), [5, 2]);
});
