"""Makes the fuzzer a merchant: signs what it sends, and lets it meet orders that exist."""

import hashlib
import hmac
import json
import os
import random
import time

import requests
import schemathesis

KEY_ID = os.environ["KHATA_KEY_ID"]
SECRET = os.environ["KHATA_SIGNING_SECRET"].encode()
KNOWN = json.loads(os.environ["KHATA_KNOWN"])
# Seconds a timestamp may be off, with room for a slow call.
SKEW_SECONDS = 250
# One in so many made-up values becomes a known one.
KNOWN_ONE_IN = 2

signed = set()
chance = random.Random(1)


# What signs a call.
HEADERS = ("X-Api-Key", "X-Timestamp", "X-Signature")


class Signature(requests.auth.AuthBase):
    """Signs the bytes that are sent, each text at a second of its own: else it were a replay.

    A header that the fuzzer left out on purpose stays away."""

    def __init__(self, wanted):
        self.wanted = wanted

    def __call__(self, call):
        body = call.body or b""
        body = body.encode() if isinstance(body, str) else body
        text = body
        if call.method != "POST" or not body:
            text = f"{call.method} {call.path_url}.".encode() + body
        digest = hashlib.sha256(text).digest()
        for _ in range(8 * SKEW_SECONDS):
            at = int(time.time()) + chance.randint(-SKEW_SECONDS, SKEW_SECONDS)
            if (at, digest) not in signed:
                break
        signed.add((at, digest))
        mac = hmac.new(SECRET, f"{at}.".encode() + text, hashlib.sha256)
        for name, value in zip(HEADERS, (KEY_ID, str(at), mac.hexdigest())):
            if name in self.wanted:
                call.headers[name] = value
        return call


def without_controls(value):
    """No HTTP server takes these in a header: such a call never reaches the edge."""
    return "".join(c for c in value if c >= " " and c != "\x7f") if isinstance(value, str) else value


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, value in list((case.headers or {}).items()):
        case.headers[name] = without_controls(value)
    kwargs["auth"] = Signature([name for name in HEADERS if name in (case.headers or {})])


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """A field of an answer that is not described is a fault, though readers must expect new ones."""
    schemas = raw_schema["components"]["schemas"]
    named = {id(schemas[name]) for name in parts_of_others(raw_schema) if name in schemas}
    close(raw_schema, frozenset(named))


def close(schema, within=frozenset()):
    """Each object by itself; one that is a part of another, with the other as a whole."""
    if isinstance(schema, dict):
        parts = schema.get("allOf", [])
        if parts:
            schema.setdefault("unevaluatedProperties", False)
        elif schema.get("type") == "object" and "properties" in schema and id(schema) not in within:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            close(part, within | {id(part) for part in parts})
    elif isinstance(schema, list):
        for part in schema:
            close(part, within)


def parts_of_others(schema):
    """The schemas that an `allOf` names."""
    if isinstance(schema, dict):
        for part in schema.get("allOf", []):
            yield part.get("$ref", "").removeprefix("#/components/schemas/")
        for part in schema.values():
            yield from parts_of_others(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from parts_of_others(part)


def drawn(value, known):
    """The same made-up value becomes the same known one, or stays."""
    number = int.from_bytes(hashlib.sha256(repr(value).encode()).digest()[:4], "big")
    return known[number % len(known)] if number % KNOWN_ONE_IN == 0 else value


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    noun = context.operation.path.split("/")[3]
    for name, value in (path_parameters or {}).items():
        if name == "sequence":
            path_parameters[name] = drawn(value, ["1", "2"])
        elif noun in KNOWN:
            path_parameters[name] = drawn(value, KNOWN[noun])
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    """A made-up cursor is hardly ever one."""
    if query and "cursor" in query and drawn(query["cursor"], [None]) is None:
        del query["cursor"]
    return query


@schemathesis.hook
def map_headers(context, headers):
    """Two idempotency keys that differ are refused: often enough, one goes."""
    both = {"Idempotency-Key", "X-Idempotency-Key"} <= set(headers or {})
    if both and drawn(headers["Idempotency-Key"], [None]) is None:
        del headers["X-Idempotency-Key"]
    return headers


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict):
        for name, known in (
            ("externalOrderId", KNOWN["orders"]),
            ("affiliateId", KNOWN["affiliates"]),
            ("campaignId", KNOWN["campaigns"]),
            ("destination", ["https://" + KNOWN["domain"] + "/fuzz"]),
            ("url", ["https://" + KNOWN["domain"] + "/fuzz"]),
        ):
            if isinstance(body.get(name), str):
                body[name] = drawn(body[name], known)
    return body
