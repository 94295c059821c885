"""Operations of the API over one connection."""

import json

from . import http1, sigv4

# Where each error of the contract's catalogue lives: namespace, name of the message member, status.
_CORAL = "com.amazon.coral.service#"
_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
ERRORS = {
    "ValidationException": ("com.amazon.coral.validate#", "message", 400),
    "SerializationException": (_CORAL, "Message", 400),
    "UnknownOperationException": (_CORAL, None, 400),
    "MissingAuthenticationTokenException": (_CORAL, "message", 400),
    "IncompleteSignatureException": (_CORAL, "message", 400),
    "InvalidSignatureException": (_CORAL, "message", 400),
    "UnrecognizedClientException": (_CORAL, "message", 400),
    "ExpiredTokenException": (_CORAL, "message", 400),
    "AccessDeniedException": (_CORAL, "Message", 400),
    "ThrottlingException": ("com.amazon.coral.availability#", "message", 400),
    "ProvisionedThroughputExceededException": (_DYNAMODB, "message", 400),
    "ConditionalCheckFailedException": (_DYNAMODB, "message", 400),
    "DuplicateItemException": (_DYNAMODB, "message", 400),
    "TransactionCanceledException": (_DYNAMODB, "Message", 400),
    "IdempotentParameterMismatchException": (_DYNAMODB, "Message", 400),
    "ResourceNotFoundException": (_DYNAMODB, "message", 400),
    "ResourceInUseException": (_DYNAMODB, "message", 400),
    "LimitExceededException": (_DYNAMODB, "message", 400),
    "ExpiredIteratorException": (_DYNAMODB, "message", 400),
    "TrimmedDataAccessException": (_DYNAMODB, "message", 400),
    "PolicyNotFoundException": (_DYNAMODB, "message", 400),
    "TableNotFoundException": (_DYNAMODB, "message", 400),
    "TableInUseException": (_DYNAMODB, "message", 400),
    "TableAlreadyExistsException": (_DYNAMODB, "message", 400),
    "BackupInUseException": (_DYNAMODB, "message", 400),
    "BackupNotFoundException": (_DYNAMODB, "message", 400),
    "ContinuousBackupsUnavailableException": (_DYNAMODB, "message", 400),
    "PointInTimeRecoveryUnavailableException": (_DYNAMODB, "message", 400),
    "InvalidRestoreTimeException": (_DYNAMODB, "message", 400),
    "InvalidExportTimeException": (_DYNAMODB, "message", 400),
    "ExportConflictException": (_DYNAMODB, "message", 400),
    "ExportNotFoundException": (_DYNAMODB, "message", 400),
    "ImportConflictException": (_DYNAMODB, "message", 400),
    "ImportNotFoundException": (_DYNAMODB, "message", 400),
    "InternalServerError": (_DYNAMODB, "message", 500),
}


STREAMS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


def target(operation):
    """The X-Amz-Target of an operation: the Streams API is a service of its own."""
    return ("DynamoDBStreams_20120810." if operation in STREAMS else "DynamoDB_20120810.") + operation


class ApiError(Exception):
    """An answer other than 200."""

    def __init__(self, operation, status, document, body):
        self.status = status
        self.name = document.get("__type", "").split("#")[-1] if isinstance(document, dict) else ""
        self.document = document
        text = body[:300].decode("utf-8", "replace")
        super().__init__("%s answered %d %s" % (operation, status, text))


class Client:
    """One connection, one identity. Not for several threads at once."""

    def __init__(self, host, port, credentials=None, region="us-east-1", tls=None, timeout_s=30):
        self.connection = http1.Connection(host, port, tls, timeout_s)
        self.credentials = credentials or sigv4.Credentials("AKIDTEST", "secret")
        self.region = region
        self.host = "%s:%d" % (host, port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.connection.close()

    def headers(self, operation):
        return [("Host", self.host), ("X-Amz-Target", target(operation)),
                ("Content-Type", "application/x-amz-json-1.0")]

    def send(self, operation, document):
        """The response to an operation, whatever its status."""
        body = json.dumps(document).encode()
        headers = sigv4.sign_headers(self.credentials, self.region, "POST", "/",
                                     self.headers(operation), body)
        return self.connection.request("POST", "/",
                                       headers + [("Content-Length", str(len(body)))], body)

    def call(self, operation, **document):
        """The reply's document. Raises ApiError for anything but 200."""
        response = self.send(operation, document)
        try:
            reply = json.loads(response.body) if response.body else {}
        except ValueError:
            reply = None
        if response.status != 200 or reply is None:
            raise ApiError(operation, response.status, reply, response.body)
        return reply

    def pages(self, operation, **document):
        """Every page of a Query or Scan."""
        while True:
            page = self.call(operation, **document)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            document["ExclusiveStartKey"] = page["LastEvaluatedKey"]
