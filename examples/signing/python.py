"""Reports a conversion and reads its event, with nothing but Python."""

import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request

ATTEMPTS_MAX = 5
URL = os.environ["KHATA_URL"]
KEY_ID = os.environ["KHATA_KEY_ID"]
SECRET = os.environ["KHATA_SIGNING_SECRET"]


def sign(timestamp, method, path, body):
    """A POST with a body signs time and body; every other call its method and path, too."""
    if method == "POST" and body:
        text = f"{timestamp}.".encode() + body
    else:
        text = f"{timestamp}.{method} {path}.".encode() + body
    return hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def send(method, path, body, headers):
    """One attempt: the status and the answer's text."""
    timestamp = str(int(time.time()))
    request = urllib.request.Request(URL + path, data=body or None, method=method)
    request.add_header("X-Api-Key", KEY_ID)
    request.add_header("X-Timestamp", timestamp)
    request.add_header("X-Signature", sign(timestamp, method, path, body))
    if body:
        request.add_header("Content-Type", "application/json")
    for name, value in headers.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def call(method, path, body=b"", headers=None):
    """Signs and sends; tries again after 429 and 503, each time with a later second."""
    for attempt in range(ATTEMPTS_MAX):
        if attempt > 0:
            # 1, 2, 4, 8 s: a second at least, so that the same text gets another signature.
            time.sleep(2 ** (attempt - 1))
        status, text = send(method, path, body, headers or {})
        if status not in (429, 503):
            break
    print(status, text, flush=True)
    if not 200 <= status < 300:
        sys.exit(1)
    return json.loads(text)


order_id = os.environ.get("KHATA_ORDER_ID") or f"ORD-{time.time_ns()}"
# Made once: the bytes that are signed are the bytes that are sent.
order = json.dumps({"externalOrderId": order_id, "orderAmount": "2999.00"}).encode()
reported = call(
    "POST", "/api/v1/conversions", order, {"Idempotency-Key": f"conversion-{order_id}"}
)
# An order that was reported under another Idempotency-Key is a duplicate and has no event.
if "eventId" in reported:
    call("GET", f"/api/v1/events/{reported['eventId']}")
