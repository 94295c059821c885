// Reads a whole stream with the AWS SDK for JavaScript, following its shards, until the change of an item
// named "end"; prints each change as a line of JSON. A server that is away is waited for.

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

async function read(arn, shard) {
    let iterator = (await ask(GetShardIteratorCommand,
        { StreamArn: arn, ShardId: shard, ShardIteratorType: "TRIM_HORIZON" })).ShardIterator;

    while (iterator !== undefined) {
        const page = await ask(GetRecordsCommand, { ShardIterator: iterator });

        if (page.Records.map(show).some((isEnd) => isEnd))
            return true;
        iterator = page.NextShardIterator;
        if (page.Records.length === 0)
            await pause(10);
    }
    return false;
}

const arn = process.argv[2];
const first = await ask(DescribeStreamCommand, { StreamArn: arn });
const wanted = first.StreamDescription.Shards.filter((shard) => shard.ParentShardId === undefined)
    .map((shard) => shard.ShardId);
let ended = false;

while (!ended && wanted.length > 0) {
    const shard = wanted.shift();

    ended = await read(arn, shard);
    if (!ended)
        wanted.push(...await children(arn, shard));
}
process.exit(ended ? 0 : 1);
