"""AWS Signature Version 4, the client's side, in header and in query-string form.

Source: AWS General Reference, "Create a signed AWS API request".
"""

import datetime
import hashlib
import hmac
import urllib.parse

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials:
    def __init__(self, access_key_id, secret_access_key, session_token=None):
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.session_token = session_token


def amz_date(offset_s=0):
    """Now, shifted, in the basic format of ISO 8601."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return now.strftime("%Y%m%dT%H%M%SZ")


def sign_headers(credentials, region, method, target, headers, body, service="dynamodb", date=None):
    """The headers with those of a signature added: all that are given get signed."""
    date = date or amz_date()
    headers = list(headers) + [("X-Amz-Date", date)]
    if credentials.session_token:
        headers.append(("X-Amz-Security-Token", credentials.session_token))
    scope = "%s/%s/%s/aws4_request" % (date[:8], region, service)
    names, request = canonical_request(method, target, headers, hashlib.sha256(body).hexdigest())
    value = "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        ALGORITHM, credentials.access_key_id, scope, names,
        _signature(credentials, date, region, service, request))
    return headers + [("Authorization", value)]


def sign_query(credentials, region, method, target, headers, body, service="dynamodb", date=None,
               expires_s=300):
    """The target with a signature in its query string; the headers given get signed."""
    date = date or amz_date()
    scope = "%s/%s/%s/aws4_request" % (date[:8], region, service)
    names = ";".join(sorted(name.lower() for name, _ in headers))
    fields = [("X-Amz-Algorithm", ALGORITHM),
              ("X-Amz-Credential", credentials.access_key_id + "/" + scope), ("X-Amz-Date", date),
              ("X-Amz-Expires", str(expires_s)), ("X-Amz-SignedHeaders", names)]
    if credentials.session_token:
        fields.append(("X-Amz-Security-Token", credentials.session_token))
    target += ("&" if "?" in target else "?") + "&".join(_quote(k) + "=" + _quote(v) for k, v in fields)
    _, request = canonical_request(method, target, headers, hashlib.sha256(body).hexdigest())
    return target + "&X-Amz-Signature=" + _signature(credentials, date, region, service, request)


def canonical_request(method, target, headers, body_hash):
    """(signed header names, canonical request)"""
    path, _, query = target.partition("?")
    pairs = [part.partition("=") for part in query.split("&") if part]
    query = "&".join(sorted(_quote(_unquote(k)) + "=" + _quote(_unquote(v)) for k, _, v in pairs))
    lowered = sorted((name.lower(), " ".join(value.split())) for name, value in headers)
    names = ";".join(name for name, _ in lowered)
    lines = "".join("%s:%s\n" % pair for pair in lowered)
    return names, "\n".join([method, path, query, lines, names, body_hash])


def _signature(credentials, date, region, service, request):
    scope = "%s/%s/%s/aws4_request" % (date[:8], region, service)
    text = "\n".join([ALGORITHM, date, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = signing_key(credentials.secret_access_key, date[:8], region, service)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


_keys = {}


def signing_key(secret, day, region, service):
    """Derived once per secret, day, region and service."""
    name = (secret, day, region, service)
    if name not in _keys:
        key = ("AWS4" + secret).encode()
        for part in (day, region, service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        _keys[name] = key
    return _keys[name]


def _quote(text):
    return urllib.parse.quote(text, safe="-_.~")


def _unquote(text):
    return urllib.parse.unquote(text)
