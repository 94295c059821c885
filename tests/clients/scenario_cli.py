"""The AWS CLI as a person uses it."""

import json
import os
import subprocess
import sys

from lib import tap

TABLE = "CliMusic"


def aws(*arguments, fails=None):
    """Runs `aws dynamodb`; returns its JSON reply, or its message where it has to fail."""
    command = ["aws", "dynamodb"] + list(arguments) + [
        "--endpoint-url", os.environ["ENDPOINT"], "--output", "json"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    if fails:
        assert done.returncode != 0 and "(%s)" % fails in err, "no %s: %s%s" % (fails, out, err)
        return err
    assert done.returncode == 0, err
    return json.loads(out) if out.strip() else None


def key(number):
    return '{"Artist": {"S": "Nina"}, "Number": {"N": "%d"}}' % number


def create():
    """create-table, wait table-exists, describe-table, list-tables"""
    aws("create-table", "--table-name", TABLE, "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=Artist,AttributeType=S",
        "AttributeName=Number,AttributeType=N",
        "--key-schema", "AttributeName=Artist,KeyType=HASH", "AttributeName=Number,KeyType=RANGE")
    aws("wait", "table-exists", "--table-name", TABLE)
    tap.same(aws("describe-table", "--table-name", TABLE)["Table"]["TableStatus"], "ACTIVE")
    assert TABLE in aws("list-tables")["TableNames"]


def items():
    """put-item, get-item, update-item, delete-item"""
    aws("put-item", "--table-name", TABLE,
        "--item", '{"Artist": {"S": "Nina"}, "Number": {"N": "1"}, "Song": {"S": "Sinnerman ü"}}')
    tap.same(aws("get-item", "--table-name", TABLE, "--key", key(1), "--consistent-read")["Item"]["Song"],
             {"S": "Sinnerman ü"})
    reply = aws("update-item", "--table-name", TABLE, "--key", key(1),
                "--update-expression", "SET Plays = if_not_exists(Plays, :zero) + :one",
                "--expression-attribute-values", '{":zero": {"N": "0"}, ":one": {"N": "1"}}',
                "--return-values", "UPDATED_NEW")
    tap.same(reply["Attributes"], {"Plays": {"N": "1"}})
    aws("delete-item", "--table-name", TABLE, "--key", key(1))
    tap.same(aws("get-item", "--table-name", TABLE, "--key", key(1)), None)


def batch():
    """batch-write-item, query and scan with the client's own paging"""
    requests = [{"PutRequest": {"Item": {"Artist": {"S": "Nina"}, "Number": {"N": str(i)},
                                         "Text": {"S": "é"}}}} for i in range(25)]
    tap.same(aws("batch-write-item", "--request-items", json.dumps({TABLE: requests})),
             {"UnprocessedItems": {}})
    reply = aws("query", "--table-name", TABLE, "--key-condition-expression", "Artist = :a",
                "--expression-attribute-values", '{":a": {"S": "Nina"}}', "--page-size", "4")
    tap.same([int(item["Number"]["N"]) for item in reply["Items"]], list(range(25)))
    reply = aws("scan", "--table-name", TABLE, "--max-items", "10", "--page-size", "3")
    tap.same(len(reply["Items"]), 10)
    rest = aws("scan", "--table-name", TABLE, "--starting-token", reply["NextToken"])
    tap.same(len(rest["Items"]), 15)


def statements():
    """execute-statement, batch-execute-statement, execute-transaction"""
    def select(number):
        return {"Statement": "SELECT \"Number\" FROM %s WHERE Artist = 'Nina' AND \"Number\" = %d" % (TABLE, number)}

    reply = aws("execute-statement", "--statement", "SELECT Number FROM %s WHERE Artist = ?" % TABLE,
                "--parameters", '[{"S": "Nina"}]')
    tap.same([int(item["Number"]["N"]) for item in reply["Items"]], list(range(25)))
    aws("execute-statement", "--statement",
        "INSERT INTO %s VALUE {'Artist': 'Nina', 'Number': 7}" % TABLE, fails="DuplicateItemException")
    reply = aws("batch-execute-statement", "--statements", json.dumps([select(3), select(99)]))
    tap.same(reply["Responses"], [{"TableName": TABLE, "Item": {"Number": {"N": "3"}}}, {"TableName": TABLE}])
    reply = aws("execute-transaction", "--transact-statements", json.dumps([select(4), select(99)]))
    tap.same(reply["Responses"], [{"Item": {"Number": {"N": "4"}}}, {}])


def errors():
    """errors are told by name"""
    aws("put-item", "--table-name", TABLE, "--item", key(3), "--condition-expression",
        "attribute_not_exists(Artist)", fails="ConditionalCheckFailedException")
    aws("get-item", "--table-name", "NoSuchTable", "--key", key(3), fails="ResourceNotFoundException")
    aws("get-item", "--table-name", TABLE, "--key", '{"Artist": {"S": "a"}}', fails="ValidationException")


def survived():
    """what was written before the server was killed is there"""
    reply = aws("query", "--table-name", TABLE, "--key-condition-expression", "Artist = :a",
                "--expression-attribute-values", '{":a": {"S": "Nina"}}', "--select", "COUNT")
    tap.same(reply["Count"], 25)
    tap.same(aws("get-item", "--table-name", TABLE, "--key", key(7))["Item"]["Text"], {"S": "é"})


def drop():
    """delete-table, wait table-not-exists"""
    aws("delete-table", "--table-name", TABLE)
    aws("wait", "table-not-exists", "--table-name", TABLE)


if __name__ == "__main__":
    tap.run([create, items, batch, statements, errors] if sys.argv[1] == "before" else [survived, drop])
