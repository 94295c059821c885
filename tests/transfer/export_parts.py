"""Tables to files in buckets: read by others, imported again, from S3 servers, over faults and kills."""

import base64
import decimal
import glob
import gzip
import hashlib
import http.server
import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse

import data
from lib import api, http1, server

HERE = os.path.dirname(os.path.abspath(__file__))
BUCKET = "bucket1"
TABLE = "Exported"
ARN = "arn:aws:dynamodb:%s:%s:table/" % (server.REGION, server.ACCOUNT)
S3_KEYS = {"STELE_S3_ACCESS_KEY_ID": "S3RVER", "STELE_S3_SECRET_ACCESS_KEY": "S3RVER"}
WAIT_S = 180 # background jobs get little of a busy machine
SOON_S = 60 # on a busy machine: what is given up would go on for longer
KILLS = 4
PART = 8 << 20
RETRY_S = 2


# ---- what an export is asked for ----


def make_table(client, name, items):
    client.call("CreateTable", TableName=name, BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    until = time.monotonic() + WAIT_S
    while client.call("DescribeTable", TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        if time.monotonic() > until:
            raise server.ServerError(name + " does not become ACTIVE")
        time.sleep(0.01) # sleep: between looks at whether it is active
    client.call("UpdateContinuousBackups", TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    write(client, name, items)


def write(client, name, items):
    items = list(items)
    for at in range(0, len(items), 25):
        client.call("BatchWriteItem", RequestItems={
            name: [{"PutRequest": {"Item": item}} for item in items[at:at + 25]]})


def export(client, table=TABLE, **more):
    return client.call("ExportTableToPointInTime", **dict(
        {"TableArn": ARN + table, "S3Bucket": BUCKET}, **more))["ExportDescription"]


def describe(client, arn):
    return client.call("DescribeExport", ExportArn=arn)["ExportDescription"]


def pass_moment(seconds):
    """Returns after it: an export has all changes of its millisecond, which may be the next one."""
    while time.time_ns() // 1000000 <= round(seconds * 1000):
        time.sleep(0.001) # sleep: between looks at the clock


def ended(client, arn):
    """Its description when it is over, or when it should be."""
    until = time.monotonic() + WAIT_S
    while True:
        said = describe(client, arn)
        if said["ExportStatus"] != "IN_PROGRESS" or time.monotonic() > until:
            return said
        time.sleep(0.02) # sleep: between looks at whether it is over


def imported(client, table, prefix, input_format):
    """The import of an export's files: its description when it is over."""
    arn = client.call("ImportTable", S3BucketSource={"S3Bucket": BUCKET, "S3KeyPrefix": prefix},
                      InputFormat=input_format, InputCompressionType="GZIP", TableCreationParameters={
                          "TableName": table, "BillingMode": "PAY_PER_REQUEST",
                          "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                          "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                      })["ImportTableDescription"]["ImportArn"]
    until = time.monotonic() + WAIT_S
    while True:
        said = client.call("DescribeImport", ImportArn=arn)["ImportTableDescription"]
        if said["ImportStatus"] != "IN_PROGRESS" or time.monotonic() > until:
            return said
        time.sleep(0.02) # sleep: between looks at whether it is over


def scan(client, table):
    return {item["pk"]["S"]: data.canonical_item(item)
            for page in client.pages("Scan", TableName=table) for item in page["Items"]}


def advance(own, milliseconds):
    body = json.dumps({"AdvanceMs": milliseconds}).encode()
    with http1.Connection("127.0.0.1", own.port) as connection:
        reply = connection.request("POST", "/test/clock", [
            ("Host", "stele"), ("Content-Length", str(len(body)))], body)
        return json.loads(reply.body)["NowMs"]


# ---- what an export wrote, as others read it ----


class Folder:
    """The bucket of `--s3 file:`."""

    def __init__(self, path):
        self.path = os.path.join(path, BUCKET)
        os.makedirs(self.path, exist_ok=True)

    def get(self, key):
        with open(os.path.join(self.path, key), "rb") as file:
            return file.read()

    def keys(self):
        found = [os.path.relpath(path, self.path)
                 for path in glob.glob(self.path + "/**", recursive=True) if os.path.isfile(path)]
        return sorted(found)

    def etag(self, key):
        """As S3 has it for an upload in parts."""
        content = self.get(key)
        parts = [hashlib.md5(content[at:at + PART]).digest() for at in range(0, len(content), PART)]
        return "%s-%d" % (hashlib.md5(b"".join(parts)).hexdigest(), len(parts))


def digest(content):
    return base64.b64encode(hashlib.md5(content).digest())


def lines_of(bucket, said, score, what):
    """The lines of an export's data files, if all that tells of them is right."""
    summary = bucket.get(said["ExportManifest"])
    folder = said["ExportManifest"].rsplit("/", 1)[0]
    files = bucket.get(folder + "/manifest-files.json")
    score.check(bucket.get(folder + "/manifest-summary.md5") == digest(summary) and
                bucket.get(folder + "/manifest-files.md5") == digest(files) and
                bucket.get(folder + "/_started") == b"", what + ": digests of the manifests")
    summary = json.loads(summary)
    score.check((summary["exportArn"], summary["itemCount"], summary["billedSizeBytes"],
                 summary["manifestFilesS3Key"], summary["outputFormat"]) ==
                (said["ExportArn"], said["ItemCount"], said["BilledSizeBytes"],
                 folder + "/manifest-files.json", said["ExportFormat"]), what + ": the summary", summary)
    lines = []
    for entry in map(json.loads, files.splitlines()):
        packed = bucket.get(entry["dataFileS3Key"])
        text = gzip.decompress(packed)
        score.check(digest(packed).decode() == entry["md5Checksum"] and
                    bucket.etag(entry["dataFileS3Key"]) == entry["etag"] and
                    text.count(b"\n") == entry["itemCount"], what + ": a data file", entry)
        lines.append(text)
    return b"".join(lines)


def read_json(text):
    return [json.loads(line) for line in text.splitlines()]


def read_ion(text):
    """By ion-js, into the same form."""
    result = subprocess.run(["node", os.path.join(HERE, "read_ion.mjs")], input=text, check=True,
                            stdout=subprocess.PIPE)
    return [json.loads(line) for line in result.stdout.splitlines()]


READERS = {"DYNAMODB_JSON": read_json, "ION": read_ion}


def plain(value):
    """An attribute value with numbers in one form and sets in an order."""
    (kind, inner), = value.items()
    if kind == "N":
        return {kind: number(inner)}
    if kind == "L":
        return {kind: [plain(member) for member in inner]}
    if kind == "M":
        return {kind: plain_item(inner)}
    if kind in ("SS", "NS", "BS"):
        return {kind: sorted(number(m) if kind == "NS" else m for m in inner)}
    return value


def number(text):
    with decimal.localcontext(decimal.Context(prec=60, Emin=-999, Emax=999)):
        return str(decimal.Decimal(text).normalize())


def plain_item(item):
    return {name: plain(value) for name, value in item.items()}


def by_key(lines):
    return {line["Item"]["pk"]["S"]: plain_item(line["Item"]) for line in lines}


# ---- the parts ----


def export_formats(_, score, seed):
    """A table of every type, then and now, in each format; and back."""
    folder = server.temp_dir("exports")
    bucket = Folder(folder)
    every = data.items(300, seed)
    wanted = {key: plain_item(item) for key, item in every.items()}
    try:
        with server.Server(["--auth", "open", "--test-clock", "--s3", "file:" + folder]) as own:
            client = own.client()
            make_table(client, TABLE, every.values())
            for output, reader in READERS.items():
                said = ended(client, export(client, ExportFormat=output, S3Prefix="full")["ExportArn"])
                if not score.check(said["ExportStatus"] == "COMPLETED" and said["ItemCount"] == 300,
                                   "%s, full" % output, said):
                    continue
                found = by_key(reader(lines_of(bucket, said, score, output)))
                score.check(found == wanted, "%s, full: items" % output, lambda found=found: [
                    (key, found.get(key), wanted[key]) for key in wanted if found.get(key) != wanted[key]][:2])
                back = imported(client, "Back" + output, said["ExportManifest"].rsplit("/", 1)[0] + "/data/", output)
                score.check(back["ImportStatus"] == "COMPLETED" and
                            scan(client, "Back" + output) == scan(client, TABLE),
                            "%s: imported again" % output, back)
            export_past(own, client, bucket, score, wanted)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def export_past(own, client, bucket, score, wanted):
    """Changes since a time: the table as it was then, and the changes alone."""
    before_ms = advance(own, 10)
    advance(own, 10)
    keys = sorted(wanted)
    changed, removed, untouched = keys[:30], keys[30:50], keys[50:]
    for key in changed:
        client.call("PutItem", TableName=TABLE, Item={"pk": {"S": key}, "v": {"N": "1"}})
        client.call("PutItem", TableName=TABLE, Item={"pk": {"S": key}, "v": {"N": "2"}})
    for key in removed:
        client.call("DeleteItem", TableName=TABLE, Key={"pk": {"S": key}})
    client.call("PutItem", TableName=TABLE, Item={"pk": {"S": "new"}})
    client.call("PutItem", TableName=TABLE, Item={"pk": {"S": "came and went"}})
    client.call("DeleteItem", TableName=TABLE, Key={"pk": {"S": "came and went"}})
    said = ended(client, export(client, ExportTime=before_ms / 1000)["ExportArn"])
    found = by_key(read_json(lines_of(bucket, said, score, "a past time")))
    score.check(found == wanted, "the table as it was", len(found))
    advance(own, 16 * 60 * 1000)
    client.call("PutItem", TableName=TABLE, Item={"pk": {"S": untouched[0]}, "later": {"S": "x"}})
    to_ms = before_ms + 15 * 60 * 1000
    for output, reader in READERS.items():
        for view in ("NEW_AND_OLD_IMAGES", "NEW_IMAGE"):
            what = "%s, changes, %s" % (output, view)
            said = ended(client, export(client, ExportFormat=output, S3Prefix="x/" + output + view,
                                        ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification={
                                            "ExportFromTime": before_ms / 1000, "ExportToTime": to_ms / 1000,
                                            "ExportViewType": view})["ExportArn"])
            lines = [line.get("Record", line) for line in reader(lines_of(bucket, said, score, what))]
            found = {line["Keys"]["pk"]["S"]: line for line in lines}
            score.check(len(lines) == len(found) and set(found) == set(changed + removed + ["new"]),
                        what + ": which items", sorted(found))
            old = {key: wanted[key] for key in changed + removed} if view != "NEW_IMAGE" else {}
            new = dict({key: {"pk": {"S": key}, "v": {"N": "2"}} for key in changed}, new={"pk": {"S": "new"}})
            score.check({k: plain_item(v["OldImage"]) for k, v in found.items() if "OldImage" in v} == old and
                        {k: plain_item(v["NewImage"]) for k, v in found.items() if "NewImage" in v} == new,
                        what + ": images")
            written = [line["Metadata"]["WriteTimestampMicros"]["N"] for line in lines]
            score.check(all(before_ms * 1000 <= decimal.Decimal(each) <= to_ms * 1000 for each in written),
                        what + ": times", written[:3])
            score.check(all(key.startswith("x/" + output + view + "/AWSDynamoDB/data/")
                            for key in bucket.keys() if key.endswith(".gz") and ("x/" + output + view + "/") in key),
                        what + ": the shared folder")
    said = ended(client, export(client, S3Prefix="filtered", FilterSpecification={
        "FilterExpression": "v = :v OR pk = :new", "ProjectionExpression": "pk",
        "ExpressionAttributeValues": {":v": {"N": "2"}, ":new": {"S": "new"}}})["ExportArn"])
    found = by_key(read_json(lines_of(bucket, said, score, "a filter")))
    score.check(found == {key: {"pk": {"S": key}} for key in changed + ["new"]}, "a filter", sorted(found))
    said = ended(client, export(client, S3Prefix="nothing", FilterSpecification={
        "FilterExpression": "attribute_exists(absent_attribute)"})["ExportArn"])
    score.check(lines_of(bucket, said, score, "nothing") == b"" and said["ItemCount"] == 0, "nothing passes", said)


class S3Server:
    """A server of others with a bucket: (name, command, folder of the bucket)."""

    def __init__(self, name, folder, tls=None):
        self.name, self.folder, self.tls = name, folder, tls
        self.port = server.free_port()
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        self.process = None

    def command(self):
        os.makedirs(os.path.join(self.folder, BUCKET), exist_ok=True)
        if self.name == "s3rver":
            return ["node", os.path.join(HERE, "node_modules/s3rver/bin/s3rver.js"), "--silent", "-a", "127.0.0.1",
                    "-p", str(self.port), "-d", self.folder, "--configure-bucket", BUCKET]
        tls = ["--cert", self.tls + "/cert", "--key", self.tls + "/key"] if self.tls else []
        return [os.path.join(HERE, "gateway/versitygw"), "--access", "S3RVER", "--secret", "S3RVER", "--quiet", *tls,
                "--port", "127.0.0.1:%d" % self.port, "posix", self.folder]

    def __enter__(self):
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=server.die_with_parent)
        until = time.monotonic() + WAIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise server.ServerError(self.name + " does not start") from None
            time.sleep(0.02) # sleep: between looks at whether it listens

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Remote:
    """A bucket as boto3 reads it."""

    def __init__(self, url):
        import boto3 # only here: the other parts need no SDK
        self.client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="S3RVER",
                                   aws_secret_access_key="S3RVER")

    def get(self, key):
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def etag(self, key):
        return self.client.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')

    def uploads(self):
        return self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


def export_s3(_, score, seed):
    """To servers of others, from a few bytes to several parts, and back."""
    chance = random.Random(seed)
    large = [{"pk": {"S": "large %d &<é>" % i}, "v": {"B": base64.b64encode(chance.randbytes(300000)).decode()}}
             for i in range(60)]
    names = ["s3rver"] + ["versitygw"] * os.path.exists(os.path.join(HERE, "gateway/versitygw"))
    for name in names:
        with S3Server(name, server.temp_dir(name)) as peer:
            remote = Remote(peer.url)
            options = ["--auth", "open", "--s3", "s3:" + peer.url, "--s3-retry-seconds", str(RETRY_S)]
            with server.Server(options, env=dict(S3_KEYS, NO_PROXY="127.0.0.1")) as own:
                client = own.client()
                make_table(client, TABLE, [])
                for item in large:
                    client.call("PutItem", TableName=TABLE, Item=item)
                said = ended(client, export(client, S3Prefix="a b/é+%/")["ExportArn"])
                if not score.check(said["ExportStatus"] == "COMPLETED", name + ": an export", said):
                    continue
                found = by_key(read_json(lines_of(remote, said, score, name)))
                score.check(found == {item["pk"]["S"]: item for item in large}, name + ": items", len(found))
                files = json.loads(remote.get(said["ExportManifest"].replace("summary", "files")))
                score.check(name == "s3rver" or files["etag"].endswith(("-2", "-3")), name + ": several parts", files)
                back = imported(client, "Back", said["ExportManifest"].rsplit("/", 1)[0] + "/data/", "DYNAMODB_JSON")
                score.check(back["ImportStatus"] == "COMPLETED" and scan(client, "Back") == scan(client, TABLE),
                            name + ": imported again", back)
                said = ended(client, export(client, S3Bucket="no-such-bucket")["ExportArn"])
                score.check(said.get("FailureCode") == "S3NoSuchBucket" and
                            said["FailureMessage"].startswith("The specified bucket does not exist"),
                            name + ": no such bucket", said)
            if name == "s3rver": # looks at no signature
                continue
            wrong = dict(S3_KEYS, STELE_S3_SECRET_ACCESS_KEY="wrong", NO_PROXY="127.0.0.1")
            with server.Server(options, env=wrong) as own:
                client = own.client()
                make_table(client, TABLE, [])
                said = ended(client, export(client)["ExportArn"])
                score.check(said.get("FailureCode") == "S3SignatureDoesNotMatch", name + ": a wrong key", said)


def export_tls(_, score, seed):
    """To an endpoint whose certificate is to be trusted, or is not."""
    if not os.path.exists(os.path.join(HERE, "gateway/versitygw")):
        print("export_tls: skipped, there is no versitygw")
        return
    tls = server.temp_dir("tls")
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tls + "/key", "-out",
                        tls + "/cert"], check=True, stderr=subprocess.DEVNULL)
        with S3Server("versitygw", server.temp_dir("versitygw"), tls) as peer:
            for trusted in (True, False):
                options = ["--auth", "open", "--s3", "s3:" + peer.url] + ["--s3-ca", tls + "/cert"] * trusted
                with server.Server(options, env=dict(S3_KEYS, NO_PROXY="127.0.0.1")) as own:
                    client = own.client()
                    make_table(client, TABLE, [{"pk": {"S": "a"}}])
                    said = ended(client, export(client)["ExportArn"])
                    score.check(said["ExportStatus"] == "COMPLETED" if trusted else
                                "certificate" in said.get("FailureMessage", ""), "TLS, trusted: %s" % trusted, said)
    finally:
        shutil.rmtree(tls, ignore_errors=True)


class Stub(http.server.ThreadingHTTPServer):
    """As much of S3 as an export needs, which fails as it is told: refuse(n) may break any request."""

    def __init__(self, refuse):
        super().__init__(("127.0.0.1", 0), Handler)
        self.refuse, self.objects, self.parts = refuse, {}, {}
        self.count = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]

    def get(self, key):
        return self.objects["/%s/%s" % (BUCKET, key)]

    def etag(self, key):
        return hashlib.md5(hashlib.md5(self.get(key)).digest()).hexdigest() + "-1"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", etag=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", '"%s"' % etag)
        self.end_headers()
        self.wfile.write(body)

    def do_any(self):
        url = urllib.parse.urlsplit(self.path)
        host = self.headers.get("Host", "")
        path = "/" + BUCKET + url.path if host.startswith(BUCKET + ".") else url.path
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        with self.server.lock:
            self.server.count += 1
            fault = self.server.refuse(self.server.count)
        if fault == "cut":
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault == "lost": # done, but nobody hears of it
            self.done(path, query, body)
            self.close_connection = True
        elif fault:
            self.answer(503, b"<?xml version='1.0'?><Error><Code>SlowDown</Code>"
                             b"<Message>Please reduce your request rate.</Message></Error>")
        else:
            self.answer(*self.done(path, query, body))

    def done(self, path, query, body):
        if self.command == "PUT" and "uploadId" in query:
            self.server.parts[path] = body
            return 200, b"", hashlib.md5(body).hexdigest()
        if self.command == "PUT":
            self.server.objects[path] = body
            return 200, b"", hashlib.md5(body).hexdigest()
        if self.command == "POST" and "uploads" in query:
            return 200, b"<R><UploadId>u&amp;1</UploadId></R>"
        if self.command == "POST":
            if path not in self.server.parts:
                return 404, b"<Error><Code>NoSuchUpload</Code><Message>m</Message></Error>"
            self.server.objects[path] = self.server.parts.pop(path)
            return 200, b"<R/>"
        if "list-type" in query: # a list that never ends
            return 200, (b"<R><IsTruncated>true</IsTruncated>"
                         b"<NextContinuationToken>again</NextContinuationToken></R>")
        if self.command == "HEAD" and path in self.server.objects:
            content = self.server.objects[path]
            return 200, b"", hashlib.md5(hashlib.md5(content).digest()).hexdigest() + "-1"
        return 404, b""

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any


def export_faults(_, score, seed):
    """Endpoints that are not there, hang, break off, or answer 503: the job fails, or goes on."""
    chance = random.Random(seed)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    refused = "http://127.0.0.1:%d" % server.free_port()
    listening.listen()
    hangs = "http://127.0.0.1:%d" % listening.getsockname()[1]
    always = Stub(lambda n: "503")
    for what, url in (("refuses", refused), ("hangs", hangs), ("answers 503", always.url)):
        with faulty(url) as own:
            client = own.client()
            make_table(client, TABLE, [{"pk": {"S": "a"}}])
            began = time.monotonic()
            said = ended(client, export(client)["ExportArn"])
            score.check(said.get("FailureCode") == "S3ServiceUnavailable" and
                        time.monotonic() - began < 4 * RETRY_S + SOON_S, "an endpoint that " + what, said)
            score.check(scan(client, TABLE) == {"a": {"pk": {"S": "a"}}}, "and the server goes on")
            arn = export(client)["ExportArn"]
            client.call("UpdateContinuousBackups", TableName=TABLE,
                        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False})
            began = time.monotonic()
            score.check(own.stop(WAIT_S) == 0 and time.monotonic() - began < SOON_S, "a stop meanwhile")
            own.start()
            said = ended(own.client(), arn)
            score.check(said.get("FailureCode") == "PointInTimeRecoveryUnavailableException",
                        "the next start finds that recovery was turned off", said)
    for what, refuse in (("the first of all", lambda n: n == 1 and "503"), ("every second one", lambda n: n % 2 and "503"),
                         ("some are cut", lambda n: chance.random() < 0.3 and "cut"),
                         ("every second answer is lost", lambda n: n % 2 and "lost")):
        stub = Stub(refuse)
        with faulty(stub.url) as own:
            client = own.client()
            make_table(client, TABLE, [{"pk": {"S": "a"}}])
            said = ended(client, export(client)["ExportArn"])
            if score.check(said["ExportStatus"] == "COMPLETED", "503, " + what, said):
                found = by_key(read_json(lines_of(stub, said, score, what)))
                score.check(found == {"a": {"pk": {"S": "a"}}}, what + ": items", found)
        stub.shutdown()
    always.shutdown()
    stub = Stub(lambda n: None)
    with faulty(stub.url.replace("127.0.0.1", "localhost"), "--s3-style", "virtual") as own:
        client = own.client()
        make_table(client, TABLE, [{"pk": {"S": "a"}}])
        said = ended(client, export(client)["ExportArn"])
        score.check(said["ExportStatus"] == "COMPLETED" and ("/%s/%s" % (BUCKET, said["ExportManifest"])) in stub.objects,
                    "the bucket in front of the host", said)
    stub.shutdown()
    stub = Stub(lambda n: None)
    with faulty(stub.url) as own:
        client = own.client()
        said = imported(client, "Endless", "", "ION")
        score.check(said.get("FailureCode") == "S3InternalError", "a list that repeats its token ends an import", said)
    stub.shutdown()


def faulty(url, *options):
    return server.Server(["--auth", "open", "--s3", "s3:" + url, "--s3-retry-seconds", str(RETRY_S), *options],
                         env={"NO_PROXY": "127.0.0.1,localhost"})


def export_full(_, score, seed):
    """The disk of the bucket is full: the export fails, and leaves no half file; then there is room."""
    chance = random.Random(seed)
    folder = server.temp_dir("exports")
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "stele-test", folder]
    if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("export_full: skipped, mounting is not allowed here")
        os.rmdir(folder)
        return
    try:
        bucket = Folder(folder)
        with server.Server(["--auth", "open", "--s3", "file:" + folder]) as own:
            client = own.client()
            make_table(client, TABLE, [])
            for i in range(60):
                body = base64.b64encode(chance.randbytes(300000)).decode()
                client.call("PutItem", TableName=TABLE, Item={"pk": {"S": "k%d" % i}, "v": {"B": body}})
            said = ended(client, export(client)["ExportArn"])
            score.check(said.get("FailureCode") == "S3StorageFull", "no room for an export", said)
            score.check([key.rsplit("/", 1)[1] for key in bucket.keys()] == ["_started"], "it leaves nothing", bucket.keys())
            score.check(os.listdir(os.path.join(bucket.path, ".stele-uploads")) == [], "not among its uploads either")
            client.call("PutItem", TableName=TABLE, Item={"pk": {"S": "later"}})
            subprocess.run(["mount", "-o", "remount,size=100m", folder], check=True)
            said = ended(client, export(client)["ExportArn"])
            score.check(said["ExportStatus"] == "COMPLETED" and said["ItemCount"] == 61, "another one with room", said)
    finally:
        subprocess.run(["umount", folder], check=False)
        os.rmdir(folder)


def export_kills(_, score, seed):
    """Killed and stopped at any time, an export ends with exactly its items, and nothing beside."""
    chance = random.Random(seed)
    items = [{"pk": {"S": "k%d" % i}, "v": {"B": base64.b64encode(chance.randbytes(2000)).decode()}}
             for i in range(8000)]
    folder = server.temp_dir("exports")
    bucket = Folder(folder)
    try:
        with server.Server(["--auth", "open", "--s3", "file:" + folder]) as own:
            make_table(own.client(), TABLE, items)
            took = time.monotonic()
            ended(own.client(), export(own.client(), S3Prefix="measure")["ExportArn"])
            took = time.monotonic() - took
            interrupted = number = 0
            while number < KILLS or (interrupted == 0 and number < 5 * KILLS):
                prefix = "kills-%d" % number
                said = export(own.client(), S3Prefix=prefix)
                client = own.client()
                pass_moment(said["ExportTime"])
                client.call("PutItem", TableName=TABLE, Item={"pk": {"S": "later"}})
                time.sleep(took * (0.2 + 0.6 * chance.random())) # sleep: to be killed at a time of chance
                status = describe(client, said["ExportArn"])["ExportStatus"]
                interrupted += status == "IN_PROGRESS"
                took /= 1 if status == "IN_PROGRESS" else 2 # it may have been measured on a busy machine
                if number % 2 == 0:
                    own.kill()
                else:
                    score.check(own.stop() == 0, "a stop meanwhile")
                own.start()
                client = own.client()
                said = ended(client, said["ExportArn"])
                what = "export %d, interrupted while %s" % (number, status)
                if score.check(said["ExportStatus"] == "COMPLETED", what, said):
                    found = read_json(lines_of(bucket, said, score, what))
                    score.check(len(found) == len(items) and
                                by_key(found) == {item["pk"]["S"]: item for item in items}, what + ": items")
                    manifest = bucket.get(said["ExportManifest"].replace("summary", "files"))
                    named = {json.loads(line)["dataFileS3Key"] for line in manifest.splitlines()}
                    score.check({key for key in bucket.keys() if key.startswith(prefix) and key.endswith(".gz")} ==
                                named, what + ": no other files")
                client.call("DeleteItem", TableName=TABLE, Key={"pk": {"S": "later"}})
                number += 1
            score.check(interrupted > 0, "some export was interrupted")
            score.check(os.listdir(os.path.join(bucket.path, ".stele-uploads")) == [], "no upload is left")
            said = export(own.client(), S3Prefix="deleted")
            own.client().call("DeleteTable", TableName=TABLE)
            said = ended(own.client(), said["ExportArn"])
            score.check(said["ExportStatus"] == "COMPLETED" or said["FailureCode"] == "TableNotFoundException",
                        "its table is deleted", said)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


PARTS = [export_formats, export_s3, export_tls, export_faults, export_full, export_kills]
