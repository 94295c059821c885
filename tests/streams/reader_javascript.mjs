// Reads a whole stream with the AWS SDK for JavaScript, following its shards, until the change of an item
// named "end" and what was written before it; prints each change as a line of JSON. A server that is away
// is waited for.

import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

const require = createRequire(new URL("../clients/package.json", import.meta.url));
const { DynamoDBStreamsClient, DescribeStreamCommand, GetRecordsCommand, GetShardIteratorCommand } =
    require("@aws-sdk/client-dynamodb-streams");

const streams = new DynamoDBStreamsClient({ endpoint: process.env.ENDPOINT, maxAttempts: 1 });

async function ask(Command, parameters) {
    for (;;) {
        try {
            return await streams.send(new Command(parameters));
        } catch (error) {
            if (error.$metadata?.httpStatusCode !== undefined)
                throw error;
            await pause(20);
        }
    }
}

function show(record) {
    const change = record.dynamodb;
    const number = (image) => change[image] === undefined ? null : Number(change[image].n.N);
    const line = {
        event: record.eventName, id: record.eventID, key: change.Keys.pk.S,
        old: number("OldImage"), new: number("NewImage"), sequence: change.SequenceNumber,
    };

    console.log(JSON.stringify(line));
    return line.key === "end";
}

async function children(arn, parent) {
    const described = await ask(DescribeStreamCommand,
        { StreamArn: arn, ShardFilter: { Type: "CHILD_SHARDS", ShardId: parent } });

    return described.StreamDescription.Shards.map((shard) => shard.ShardId);
}

async function begin(arn, shard) {
    return (await ask(GetShardIteratorCommand,
        { StreamArn: arn, ShardId: shard, ShardIteratorType: "TRIM_HORIZON" })).ShardIterator;
}

// A page of each shard; places: where each goes on. The changes, and whether shards ended.
async function read(arn, places) {
    const records = [];
    let over = false;

    for (const [shard, iterator] of [...places]) {
        const page = await ask(GetRecordsCommand, { ShardIterator: iterator });

        records.push(...page.Records);
        if (page.NextShardIterator !== undefined) {
            places.set(shard, page.NextShardIterator);
            continue;
        }
        over = true;
        places.delete(shard);
        for (const child of await children(arn, shard))
            places.set(child, await begin(arn, child));
    }
    return { records, over };
}

const arn = process.argv[2];
const first = await ask(DescribeStreamCommand, { StreamArn: arn });
const places = new Map();
let ended = false, whole = false;

for (const shard of first.StreamDescription.Shards)
    if (shard.ParentShardId === undefined)
        places.set(shard.ShardId, await begin(arn, shard.ShardId));
while (!whole && places.size > 0) {
    const { records, over } = await read(arn, places);

    ended = records.map(show).some((isEnd) => isEnd) || ended;
    if (records.length === 0 && !over) {
        whole = ended; // what was written before the end was there by then
        await pause(10);
    }
}
process.exit(whole ? 0 : 1);
