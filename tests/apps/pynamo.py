"""PynamoDB: models with typed attributes, the table made by the library."""

import datetime
import os

from pynamodb.attributes import (BinaryAttribute, BooleanAttribute, JSONAttribute, ListAttribute,
                                 MapAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute,
                                 UnicodeSetAttribute, UTCDateTimeAttribute, VersionAttribute)
from pynamodb.connection import Connection
from pynamodb.exceptions import (DeleteError, DoesNotExist, PutError, TableError, TransactGetError,
                                 TransactWriteError, UpdateError)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection, LocalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

from lib import tap


class Address(MapAttribute):
    street = UnicodeAttribute()
    number = NumberAttribute(null=True)


class ByAuthor(GlobalSecondaryIndex):
    class Meta:
        index_name = "by_author"
        projection = AllProjection()

    author = UnicodeAttribute(hash_key=True)
    views = NumberAttribute(range_key=True)


class ByViews(LocalSecondaryIndex):
    class Meta:
        index_name = "by_views"
        projection = KeysOnlyProjection()

    forum = UnicodeAttribute(hash_key=True)
    views = NumberAttribute(range_key=True)


class Thread(Model):
    class Meta:
        table_name = "PynamoThread"
        host = os.environ["ENDPOINT"]
        region = os.environ["AWS_REGION"]
        billing_mode = "PAY_PER_REQUEST"
        max_retry_attempts = 1

    forum = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute(range_key=True)
    author = UnicodeAttribute(null=True)
    views = NumberAttribute(default=0)
    tags = UnicodeSetAttribute(null=True)
    replies = ListAttribute(null=True)
    address = Address(null=True)
    data = JSONAttribute(null=True)
    raw = BinaryAttribute(null=True, legacy_encoding=False)
    is_open = BooleanAttribute(default=True)
    posted = UTCDateTimeAttribute(null=True)
    by_author = ByAuthor()
    by_views = ByViews()


class Counter(Model):
    class Meta:
        table_name = "PynamoCounter"
        host = os.environ["ENDPOINT"]
        region = os.environ["AWS_REGION"]
        read_capacity_units = 5
        write_capacity_units = 5

    name = UnicodeAttribute(hash_key=True)
    count = NumberAttribute(default=0)
    version = VersionAttribute()
    expires = TTLAttribute(null=True)


def fails(kind, code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        tap.same(error.cause_response_code, code)
        return error
    raise AssertionError("no %s" % kind)


def create():
    """the library makes its tables and waits for them"""
    assert not Thread.exists()
    Thread.create_table(wait=True)
    Counter.create_table(wait=True)
    assert Thread.exists()
    tap.same(Thread.describe_table()["TableStatus"], "ACTIVE")
    fails(TableError, "ResourceInUseException", Connection(
        host=os.environ["ENDPOINT"], region=os.environ["AWS_REGION"]).create_table, "PynamoThread",
          [{"attribute_name": "a", "attribute_type": "S"}], [{"attribute_name": "a", "key_type": "HASH"}],
          billing_mode="PAY_PER_REQUEST")


def types():
    """attributes of every kind come back"""
    posted = datetime.datetime(2024, 2, 29, 12, 30, 1, 250000, tzinfo=datetime.timezone.utc)
    Thread("music", "hello", author="nina", views=12345678901234567890, tags={"a", "b"},
           replies=["x", 1, None, {"deep": [1.5]}], address=Address(street="Main", number=1),
           data={"k": [1, None]}, raw=b"\x00\xff", posted=posted).save()
    found = Thread.get("music", "hello", consistent_read=True)
    tap.same((found.author, found.views, found.tags, found.raw, found.posted, found.is_open),
             ("nina", 12345678901234567890, {"a", "b"}, b"\x00\xff", posted, True))
    tap.same(found.replies, ["x", 1, None, {"deep": [1.5]}])
    tap.same((found.address.street, found.address.number, found.data), ("Main", 1, {"k": [1, None]}))
    try:
        Thread.get("music", "none")
        raise AssertionError("it is there")
    except DoesNotExist:
        pass


def conditions():
    """conditions of saves, updates and deletes"""
    thread = Thread("music", "conditions", author="ella", views=1, replies=["one"])
    thread.save(Thread.forum.does_not_exist())
    fails(PutError, "ConditionalCheckFailedException", thread.save, Thread.forum.does_not_exist())
    thread.update(actions=[Thread.views.add(5), Thread.author.set("Ella"),
                           Thread.replies.set(Thread.replies.append(["two"])), Thread.tags.add({"new"})],
                  condition=(Thread.views < 2) & Thread.author.startswith("el") & ~Thread.tags.exists())
    tap.same((thread.views, thread.author, thread.replies, thread.tags),
             (6, "Ella", ["one", "two"], {"new"}))
    error = fails(UpdateError, "ConditionalCheckFailedException", thread.update,
                  actions=[Thread.views.set(0)], condition=Thread.views.between(1, 5))
    tap.same(error.cause_response_message, "The conditional request failed")
    thread.update(actions=[Thread.tags.delete({"new"}), Thread.author.remove(),
                           Thread.replies[0].set("first"),
                           Thread.views.set(Thread.views - 2), Thread.is_open.set(False)])
    tap.same((thread.views, thread.author, thread.replies, thread.tags), (4, None, ["first", "two"], None))
    fails(DeleteError, "ConditionalCheckFailedException", thread.delete, Thread.views.is_in(1, 2))
    thread.delete(Thread.views == 4)
    tap.same(Thread.count("music", Thread.subject == "conditions"), 0)


def versions():
    """a version attribute refuses a save of what has changed since"""
    counter = Counter("c", count=1)
    counter.save()
    other = Counter.get("c")
    counter.update(actions=[Counter.count.add(1)])
    tap.same((counter.count, counter.version), (2, 2))
    other.count = 10
    fails(PutError, "ConditionalCheckFailedException", other.save)
    other.refresh()
    other.save()
    tap.same(other.version, 3)


def batches():
    """batches of more than a request takes"""
    with Thread.batch_write() as batch:
        for i in range(120):
            batch.save(Thread("many", "s%03d" % i, views=i, author="nina" if i % 2 else "ella",
                              data="x" * 1000))
        batch.delete(Thread("music", "hello"))
    found = list(Thread.batch_get([("many", "s%03d" % i) for i in range(150)],
                                  attributes_to_get=["subject", "views"]))
    tap.same(sorted(int(each.views) for each in found), list(range(120)))


def queries():
    """query: ranges, order, filters, pages by hand and by itself"""
    tap.same([int(each.views) for each in Thread.query("many", page_size=50)], list(range(120)))
    tap.same([each.views for each in Thread.query(
        "many", Thread.subject.between("s010", "s020"), filter_condition=Thread.author == "ella",
        scan_index_forward=False, limit=3)], [20, 18, 16])
    first = Thread.query("many", Thread.subject.startswith("s00"), limit=4)
    tap.same([each.views for each in first], [0, 1, 2, 3])
    rest = Thread.query("many", Thread.subject.startswith("s00"),
                        last_evaluated_key=first.last_evaluated_key)
    tap.same([each.views for each in rest], [4, 5, 6, 7, 8, 9])
    tap.same(Thread.count("many", Thread.subject >= "s100"), 20)
    tap.same([each.views for each in Thread.query("many", Thread.subject < "s002",
                                                  attributes_to_get=["views"])], [0, 1])


def scans():
    """scan: filters, segments"""
    tap.same(sorted(each.views for each in Thread.scan(
        (Thread.views > 117) | Thread.subject.startswith("s000"))), [0, 118, 119])
    parts = [list(Thread.scan(segment=i, total_segments=3, page_size=20)) for i in range(3)]
    tap.same(sum(map(len, parts)), 120)


def transactions():
    """transactions with a token, cancelled ones with reasons"""
    connection = Connection(host=os.environ["ENDPOINT"], region=os.environ["AWS_REGION"])
    counter = Counter.get("c")
    for _ in range(2):  # the same token, the same request: once
        with TransactWrite(connection=connection, client_request_token="pynamo-transaction-1") as write:
            write.save(Thread("music", "new", views=1), condition=Thread.forum.does_not_exist())
            write.update(Thread("many", "s000"), actions=[Thread.views.add(1000)])
            write.delete(Thread("many", "s119"))
            write.condition_check(Counter, "c", condition=Counter.version == counter.version)
    try:
        with TransactWrite(connection=connection) as write:
            write.update(Thread("many", "s000"), actions=[Thread.views.add(1000)])
            write.save(Thread("music", "new", views=2), condition=Thread.forum.does_not_exist())
        raise AssertionError("it was not cancelled")
    except TransactWriteError as error:
        tap.same(error.cause_response_code, "TransactionCanceledException")
        tap.same([each and each.code for each in error.cancellation_reasons], ["ConditionalCheckFailed", None])  # it sends saves first
    with TransactGet(connection=connection) as read:
        changed = read.get(Thread, "many", "s000")
        made = read.get(Thread, "music", "new")
        gone = read.get(Thread, "many", "s119")
    tap.same((changed.get().views, made.get().views), (1000, 1))
    try:
        gone.get()
        raise AssertionError("it is there")
    except DoesNotExist:
        pass


def indexes():
    """queries and scans of indexes"""
    found = list(Thread.by_author.query("nina", Thread.views < 10, scan_index_forward=False))
    tap.same([each.views for each in found], [9, 7, 5, 3, 1])
    tap.same(found[0].data, "x" * 1000)
    local = list(Thread.by_views.query("many", Thread.views >= 115, consistent_read=True))
    tap.same([each.subject for each in local], ["s115", "s116", "s117", "s118", "s000"])
    tap.same(Thread.by_author.count("ella"), 60)


def drop():
    """delete_table"""
    Thread.delete_table()
    Counter.delete_table()
    assert not Counter.exists()


if __name__ == "__main__":
    tap.run([create, types, conditions, versions, batches, queries, scans, transactions, indexes, drop])
