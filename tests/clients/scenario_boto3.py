"""boto3 as an application uses it: client and resource."""

import concurrent.futures
import decimal
import os
import sys

import boto3
import botocore.config
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

from lib import tap

ENDPOINT = os.environ["ENDPOINT"]
TABLE = "Boto3Music"
CONFIG = botocore.config.Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=20)

client = boto3.client("dynamodb", endpoint_url=ENDPOINT, config=CONFIG)
resource = boto3.resource("dynamodb", endpoint_url=ENDPOINT, config=CONFIG)
table = resource.Table(TABLE)
scores = resource.Table(TABLE + "Scores")

DOCUMENT = {
    "pk": "document", "sk": decimal.Decimal(0), "text": "Grüße, 世界 \U0001f600 \" \\ \n\t",
    "empty": "", "integer": decimal.Decimal("12345678901234567890123456789012345678"),
    "fraction": decimal.Decimal("-0.000000000000000000000000000000000001"), "yes": True, "no": False,
    "nothing": None, "bytes": Binary(bytes(range(256))), "strings": {"a", "b", "ü"},
    "numbers": {decimal.Decimal("1"), decimal.Decimal("2.5"), decimal.Decimal("-3")},
    "binaries": {Binary(b"\x00"), Binary(b"\xff\xfe")},
    "list": ["x", decimal.Decimal(1), None, [True, {"deep": ["deeper"]}], {}],
    "map": {"a.b": {"c": [decimal.Decimal("1.5")]}, "": "empty name"},
}


def create():
    """create_table, the table_exists waiter and describe_table"""
    created = client.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                              {"AttributeName": "sk", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
    tap.same(created["TableDescription"]["TableStatus"], "CREATING")
    client.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    described = client.describe_table(TableName=TABLE)["Table"]
    tap.same(described["TableStatus"], "ACTIVE")
    tap.same(described["ItemCount"], 0)
    assert abs(described["CreationDateTime"].timestamp() -
               created["TableDescription"]["CreationDateTime"].timestamp()) < 0.001
    raises = tap.raises("ResourceInUseException", client.create_table, TableName=TABLE,
                        BillingMode="PAY_PER_REQUEST",
                        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    tap.same(raises["ResponseMetadata"]["HTTPStatusCode"], 400)


def provisioned():
    """a provisioned table through the resource, changed and deleted"""
    other = resource.create_table(
        TableName=TABLE + "Provisioned", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5})
    other.wait_until_exists()
    other.put_item(Item={"id": b"key", "v": 1})
    tap.same(other.get_item(Key={"id": Binary(b"key")})["Item"]["v"], 1)
    other.update(ProvisionedThroughput={"ReadCapacityUnits": 6, "WriteCapacityUnits": 5})
    other.wait_until_exists()
    other.reload()
    tap.same(other.provisioned_throughput["ReadCapacityUnits"], 6)
    other.delete()
    other.wait_until_not_exists()
    tap.raises("ResourceNotFoundException", client.describe_table, TableName=TABLE + "Provisioned")


def documents():
    """every type comes back as it was"""
    table.put_item(Item=DOCUMENT)
    tap.same(table.get_item(Key={"pk": "document", "sk": 0}, ConsistentRead=True)["Item"], DOCUMENT)
    assert "Item" not in table.get_item(Key={"pk": "document", "sk": 1})


def conditions():
    """a failed condition is a ConditionalCheckFailedException and changes nothing"""
    table.put_item(Item={"pk": "condition", "sk": 1, "v": 1}, ConditionExpression=Attr("pk").not_exists())
    try:
        table.put_item(Item={"pk": "condition", "sk": 1, "v": 2},
                       ConditionExpression=Attr("pk").not_exists(),
                       ReturnValuesOnConditionCheckFailure="ALL_OLD")
        raise AssertionError("the condition held")
    except client.exceptions.ConditionalCheckFailedException as error:
        tap.same(error.response["Error"]["Message"], "The conditional request failed")
        tap.same(error.response["Item"], {"pk": {"S": "condition"}, "sk": {"N": "1"}, "v": {"N": "1"}})
    table.delete_item(Key={"pk": "condition", "sk": 1}, ConditionExpression=Attr("v").between(1, 3))
    assert "Item" not in table.get_item(Key={"pk": "condition", "sk": 1})


def updates():
    """update_item: expressions and return values"""
    key = {"pk": "update", "sk": 1}
    reply = table.update_item(Key=key, UpdateExpression="SET #n = :n, m = :m ADD tags :t",
                              ExpressionAttributeNames={"#n": "name"},
                              ExpressionAttributeValues={":n": "x", ":m": {"c": 1}, ":t": {"a"}},
                              ReturnValues="ALL_NEW")
    tap.same(reply["Attributes"], {"pk": "update", "sk": 1, "name": "x", "m": {"c": 1}, "tags": {"a"}})
    reply = table.update_item(Key=key, UpdateExpression="SET m.c = m.c + :one REMOVE #n",
                              ExpressionAttributeNames={"#n": "name"},
                              ExpressionAttributeValues={":one": 1}, ReturnValues="UPDATED_NEW")
    tap.same(reply["Attributes"], {"m": {"c": 2}})


def counter():
    """concurrent increments add up"""
    def increment(_):
        table.update_item(Key={"pk": "counter", "sk": 0}, UpdateExpression="ADD v :one",
                          ExpressionAttributeValues={":one": 1})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, range(40)))
    tap.same(table.get_item(Key={"pk": "counter", "sk": 0})["Item"]["v"], 40)


def batches():
    """batch_writer, and batch_get_item until nothing is left unprocessed"""
    with table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
        for i in range(60):
            batch.put_item(Item={"pk": "batch", "sk": i, "half": i % 2, "fill": "x" * 20000})
        batch.delete_item(Key={"pk": "batch", "sk": 59})
    keys = [{"pk": {"S": "batch"}, "sk": {"N": str(i)}} for i in range(60)]
    request, found = {TABLE: {"Keys": keys, "ProjectionExpression": "sk"}}, []
    while request:
        reply = client.batch_get_item(RequestItems=request)
        found += [int(item["sk"]["N"]) for item in reply["Responses"][TABLE]]
        request = reply["UnprocessedKeys"]
    tap.same(sorted(found), list(range(59)))


def large_batches():
    """more than 16 MB of items arrive in several replies"""
    for i in range(45):
        table.put_item(Item={"pk": "large%d" % i, "sk": 0, "fill": "x" * 390000})
    request = {TABLE: {"Keys": [{"pk": "large%d" % i, "sk": 0} for i in range(45)]}}
    found, replies = [], 0
    while request:
        reply = resource.batch_get_item(RequestItems=request)
        found += [item["pk"] for item in reply["Responses"][TABLE]]
        request, replies = reply["UnprocessedKeys"], replies + 1
    tap.same(sorted(found), sorted("large%d" % i for i in range(45)))
    assert replies > 1
    with table.batch_writer() as batch:
        for i in range(45):
            batch.delete_item(Key={"pk": "large%d" % i, "sk": 0})


def queries():
    """query: conditions, paginator, order, filter, count"""
    pages = list(client.get_paginator("query").paginate(
        TableName=TABLE, KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "batch"}}, ProjectionExpression="sk"))
    assert len(pages) > 1, "59 items of 20 KB are more than a page"
    tap.same([int(item["sk"]["N"]) for page in pages for item in page["Items"]], list(range(59)))
    reply = table.query(KeyConditionExpression=Key("pk").eq("batch") & Key("sk").between(10, 12),
                        ScanIndexForward=False)
    tap.same([item["sk"] for item in reply["Items"]], [12, 11, 10])
    reply = table.query(KeyConditionExpression=Key("pk").eq("batch") & Key("sk").lt(10),
                        FilterExpression=Attr("half").eq(1), Select="COUNT")
    tap.same((reply["Count"], reply["ScannedCount"]), (5, 10))
    limited = client.get_paginator("query").paginate(
        TableName=TABLE, KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "batch"}}, PaginationConfig={"PageSize": 7, "MaxItems": 20})
    tap.same(len(limited.build_full_result()["Items"]), 20)


def scans():
    """scan: paginator, and segments in parallel"""
    def scan(**segment):
        pages = client.get_paginator("scan").paginate(
            TableName=TABLE, ProjectionExpression="pk, sk", PaginationConfig={"PageSize": 5}, **segment)
        return [(item["pk"]["S"], int(item["sk"]["N"])) for page in pages for item in page["Items"]]

    whole = scan()
    tap.same(len(whole), len(set(whole)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda i: scan(Segment=i, TotalSegments=4), range(4)))
    tap.same(sorted(item for part in parts for item in part), sorted(whole))


def statements():
    """execute_statement: writes, reads, pages, errors"""
    def run(statement, *parameters, **more):
        if parameters:
            more["Parameters"] = list(parameters)
        return client.execute_statement(Statement=statement, **more)

    run('INSERT INTO "%s" VALUE {\'pk\': ?, \'sk\': ?, \'tags\': <<\'x\'>>}' % TABLE,
        {"S": "statement"}, {"N": "1"})
    tap.raises("DuplicateItemException", run,
               "INSERT INTO %s VALUE {'pk': 'statement', 'sk': 1}" % TABLE)
    rows = run("UPDATE %s SET v = ?, tags = set_add(tags, <<'y'>>) WHERE pk = ? AND sk = 1 "
               "RETURNING ALL NEW *" % TABLE, {"B": b"bytes"}, {"S": "statement"})["Items"]
    tap.same(sorted(rows[0]["tags"]["SS"]), ["x", "y"])
    tap.same(rows[0]["v"], {"B": b"bytes"})
    rows = resource.meta.client.execute_statement(
        Statement="SELECT sk FROM %s WHERE pk = ? AND sk IN [1, 2]" % TABLE, Parameters=["statement"])
    tap.same(rows["Items"], [{"sk": 1}])
    found, token = [], {}
    while True:
        page = run("SELECT sk FROM %s WHERE pk = 'batch' AND half = 1 ORDER BY sk DESC" % TABLE,
                   Limit=7, **token)
        assert len(page["Items"]) <= 7
        found += [int(item["sk"]["N"]) for item in page["Items"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    tap.same(found, list(range(57, 0, -2)))
    tap.raises("ConditionalCheckFailedException", run,
               "UPDATE %s SET v = 1 WHERE pk = 'statement' AND sk = 2" % TABLE)
    tap.raises("ValidationException", run, "SELEKT * FROM %s" % TABLE)
    run("DELETE FROM %s WHERE pk = 'statement' AND sk = 1" % TABLE)


def create_scores():
    """Players' scores: by game the best first, by place of several attributes, and each player's own."""
    client.create_table(
        TableName=scores.name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in
                              [("player", "S"), ("at", "N"), ("game", "S"), ("score", "N"), ("country", "S"),
                               ("city", "S")]],
        KeySchema=[{"AttributeName": "player", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        LocalSecondaryIndexes=[
            {"IndexName": "Own", "Projection": {"ProjectionType": "KEYS_ONLY"},
             "KeySchema": [{"AttributeName": "player", "KeyType": "HASH"},
                           {"AttributeName": "score", "KeyType": "RANGE"}]}],
        GlobalSecondaryIndexes=[
            {"IndexName": "Best", "Projection": {"ProjectionType": "ALL"},
             "KeySchema": [{"AttributeName": "game", "KeyType": "HASH"},
                           {"AttributeName": "score", "KeyType": "RANGE"}]},
            {"IndexName": "Places", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["score"]},
             "KeySchema": [{"AttributeName": "country", "KeyType": "HASH"},
                           {"AttributeName": "city", "KeyType": "HASH"},
                           {"AttributeName": "game", "KeyType": "RANGE"}]}])
    scores.wait_until_exists()


def indexes():
    """secondary indexes: order, paginator over equal keys, projections, consumed capacity"""
    create_scores()
    with scores.batch_writer() as batch:
        for i in range(60):
            batch.put_item(Item={"player": "p%d" % (i % 3), "at": i, "game": "g", "score": i // 10,
                                 "country": "de", "city": "Berlin", "note": "x" * 3000})
        batch.put_item(Item={"player": "p0", "at": 100, "note": "in no index"})
    reply = scores.query(IndexName="Best", KeyConditionExpression=Key("game").eq("g"), Limit=3,
                         ScanIndexForward=False, ReturnConsumedCapacity="INDEXES")
    tap.same([item["score"] for item in reply["Items"]], [5, 5, 5])
    tap.same(sorted(reply["LastEvaluatedKey"]), ["at", "game", "player", "score"])
    tap.same(reply["ConsumedCapacity"]["GlobalSecondaryIndexes"], {"Best": {"CapacityUnits": 1.5}})
    pages = client.get_paginator("query").paginate(
        TableName=scores.name, IndexName="Best", KeyConditionExpression="game = :g AND score >= :s",
        ExpressionAttributeValues={":g": {"S": "g"}, ":s": {"N": "2"}}, PaginationConfig={"PageSize": 7})
    tap.same(sorted(int(item["at"]["N"]) for page in pages for item in page["Items"]), list(range(20, 60)))
    reply = scores.query(IndexName="Own", ConsistentRead=True,
                         KeyConditionExpression=Key("player").eq("p1") & Key("score").eq(1))
    tap.same(reply["Items"], [{"player": "p1", "at": at, "score": 1} for at in (10, 13, 16, 19)])
    reply = scores.query(IndexName="Own", Select="ALL_ATTRIBUTES", Limit=1,
                         KeyConditionExpression=Key("player").eq("p1"))
    tap.same(len(reply["Items"][0]["note"]), 3000)
    reply = scores.query(IndexName="Places", KeyConditionExpression=Key("country").eq("de") &
                         Key("city").eq("Berlin") & Key("game").begins_with("g"), Limit=1)
    tap.same(reply["Items"], [{"player": "p0", "at": 0, "game": "g", "score": 0, "country": "de",
                               "city": "Berlin"}])
    tap.raises("ValidationException", scores.query, IndexName="Best", ConsistentRead=True,
               KeyConditionExpression=Key("game").eq("g"))
    reply = scores.put_item(Item={"player": "p0", "at": 0, "game": "h", "score": 9},
                            ReturnConsumedCapacity="TOTAL", ReturnItemCollectionMetrics="SIZE")
    tap.same(reply["ConsumedCapacity"]["CapacityUnits"], 3 + 4 + 1 + 2) # table, Best, Places, Own
    tap.same(reply["ItemCollectionMetrics"]["ItemCollectionKey"], {"player": "p0"})


def statement_batches():
    """batch_execute_statement and execute_transaction"""
    def insert(sk):
        return {"Statement": "INSERT INTO %s VALUE {'pk': 'statements', 'sk': ?}" % TABLE,
                "Parameters": [{"N": str(sk)}]}

    def select(sk):
        return {"Statement": "SELECT sk FROM %s WHERE pk = 'statements' AND sk = %d" % (TABLE, sk)}

    replies = client.batch_execute_statement(Statements=[insert(1), insert(2), {"Statement": "INSERT"}])["Responses"]
    tap.same([reply.get("Error", {}).get("Code") for reply in replies], [None, None, "ValidationError"])
    replies = client.batch_execute_statement(Statements=[insert(2), insert(3)])["Responses"]
    tap.same(replies[0]["Error"]["Code"], "DuplicateItem")
    tap.same(replies[1]["TableName"], TABLE)
    replies = client.batch_execute_statement(Statements=[select(3), select(4)])["Responses"]
    tap.same(replies[0]["Item"], {"sk": {"N": "3"}})
    assert "Item" not in replies[1]

    writes = [insert(5), {"Statement": "DELETE FROM %s WHERE pk = 'statements' AND sk = 1" % TABLE},
              {"Statement": "EXISTS(SELECT * FROM %s WHERE pk = 'statements' AND sk = 2 AND v IS MISSING)" % TABLE}]
    client.execute_transaction(TransactStatements=writes, ClientRequestToken="statements")
    client.execute_transaction(TransactStatements=writes, ClientRequestToken="statements")
    try:
        client.execute_transaction(TransactStatements=[insert(6), insert(5)])
        raise AssertionError("an item was inserted twice")
    except client.exceptions.TransactionCanceledException as error:
        tap.same([reason["Code"] for reason in error.response["CancellationReasons"]], ["None", "DuplicateItem"])
    replies = client.execute_transaction(TransactStatements=[select(5), select(6), select(1)])["Responses"]
    tap.same(replies, [{"Item": {"sk": {"N": "5"}}}, {}, {}])


def errors():
    """errors have their own classes and codes"""
    tap.raises("ResourceNotFoundException", client.get_item, TableName="NoSuchTable", Key={"a": {"S": "b"}})
    tap.raises("ValidationException", client.get_item, TableName=TABLE, Key={"a": {"S": "b"}})
    tap.raises("ValidationException", table.put_item, Item={"pk": "x" * 3000, "sk": 1})
    names = client.list_tables()["TableNames"]
    assert TABLE in names, names


def wrong_keys():
    """wrong keys are refused where keys are verified, and taken where access is open"""
    def call(key, secret):
        boto3.client("dynamodb", endpoint_url=ENDPOINT, config=CONFIG, aws_access_key_id=key,
                     aws_secret_access_key=secret).list_tables()

    if os.environ["AUTH"] == "keys":
        tap.raises("InvalidSignatureException", call, os.environ["AWS_ACCESS_KEY_ID"], "wrong")
        tap.raises("UnrecognizedClientException", call, "AKIDNOBODY", "wrong")
    else:
        call("AKIDNOBODY", "wrong")


def survived():
    """what was written before the server was killed is there"""
    tap.same(table.get_item(Key={"pk": "document", "sk": 0})["Item"], DOCUMENT)
    tap.same(table.get_item(Key={"pk": "counter", "sk": 0})["Item"]["v"], 40)
    pages = client.get_paginator("query").paginate(
        TableName=TABLE, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "batch"}})
    tap.same(sum(page["Count"] for page in pages), 59)


def indexes_survived():
    """indexes are what their items say"""
    pages = client.get_paginator("scan").paginate(TableName=scores.name, IndexName="Best", Select="COUNT")
    tap.same(sum(page["Count"] for page in pages), 60)
    tap.same(scores.query(IndexName="Best", KeyConditionExpression=Key("game").eq("h"))["Items"],
             [{"player": "p0", "at": 0, "game": "h", "score": 9}])
    scores.delete()
    scores.wait_until_not_exists()


def goes_on():
    """writes go on after the restart"""
    updates_counter = table.update_item(Key={"pk": "counter", "sk": 0}, UpdateExpression="ADD v :one",
                                        ExpressionAttributeValues={":one": 1}, ReturnValues="UPDATED_NEW")
    tap.same(updates_counter["Attributes"]["v"], 41)


def drop():
    """delete_table and the table_not_exists waiter"""
    client.delete_table(TableName=TABLE)
    client.get_waiter("table_not_exists").wait(TableName=TABLE,
                                               WaiterConfig={"Delay": 1, "MaxAttempts": 20})


if __name__ == "__main__":
    if sys.argv[1] == "before":
        tap.run([create, provisioned, documents, conditions, updates, counter, batches, large_batches,
                 queries, scans, indexes, statements, statement_batches,
                 errors, wrong_keys])
    else:
        tap.run([survived, indexes_survived, goes_on, drop])
