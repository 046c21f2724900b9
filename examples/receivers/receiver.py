"""Receives Khata's webhooks: verifies each, stores it once, answers, works in order.

Needs Python 3.11 and nothing else. KHATA_WEBHOOK_SECRET=whsec_… python3 receiver.py
Listens on PORT (9000) of this machine: put it behind the server that speaks TLS for you.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["KHATA_WEBHOOK_SECRET"]
STORE = os.environ.get("KHATA_WEBHOOK_STORE", "webhooks.sqlite")
TOLERANCE_SECONDS = 300
BODY_BYTES_MAX = 1 << 20


def is_genuine(headers, body):
    """Whether a delivery comes from Khata, by the bytes of its body."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    given = headers.get("webhook-signature", "").encode().split(b" ")
    # Each is compared, so that the time it takes says nothing.
    return any([hmac.compare_digest(signature, expected) for signature in given])


class Store:
    """What arrived, in one SQLite file. One thread at a time writes."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.database = sqlite3.connect(path, check_same_thread=False)
        self.database.executescript(
            """
            create table if not exists delivery (
                id text, sequence integer, type text, body text, is_done integer default 0,
                primary key (id, sequence)
            );
            create table if not exists progress (next integer);
            insert into progress select 1 where not exists (select 1 from progress);
            create table if not exists affiliate_order (
                order_id text primary key, timestamp integer, status text, body text
            );
            """
        )

    def put(self, message_id, body):
        """Stores a delivery; a repeat changes nothing. It is on disk when this returns."""
        event = json.loads(body)
        with self.lock, self.database as database:
            if event.get("event_category") == "affiliate":
                order = event["order_data"]
                database.execute(
                    "insert into affiliate_order values (?, ?, ?, ?) on conflict (order_id) "
                    "do update set timestamp = excluded.timestamp, status = excluded.status, "
                    "body = excluded.body where excluded.timestamp > affiliate_order.timestamp",
                    (order["order_id"], event["timestamp"], order["order_status"], body.decode()),
                )
            else:
                database.execute(
                    "insert or ignore into delivery (id, sequence, type, body) values (?, ?, ?, ?)",
                    (message_id, event["sequence"], event["type"], body.decode()),
                )

    def work(self):
        """Works on everything whose turn it is, each in one transaction with its mark."""
        while True:
            with self.lock, self.database as database:
                turn = database.execute(
                    "select id, sequence, type, body from delivery where not is_done "
                    "and sequence <= (select next from progress) order by sequence limit 1"
                ).fetchone()
                if turn is None:
                    return
                message_id, sequence, kind, body = turn
                known = "select 1 from delivery where id = ? and is_done"
                if database.execute(known, (message_id,)).fetchone() is None:
                    act(message_id, sequence, kind, json.loads(body)["data"])
                database.execute("update delivery set is_done = 1 where id = ? and sequence = ?",
                                 (message_id, sequence))
                database.execute("update progress set next = max(next, ?)", (sequence + 1,))

    def standing(self):
        """What is missing, what waits for it, and the orders as they stand."""
        with self.lock:
            (following,) = self.database.execute("select next from progress").fetchone()
            early = "select distinct sequence from delivery where sequence >= ? order by sequence"
            waiting = [row[0] for row in self.database.execute(early, (following,))]
            orders = dict(self.database.execute("select order_id, status from affiliate_order"))
        gaps = range(following, waiting[-1]) if waiting else []
        missing = [sequence for sequence in gaps if sequence not in waiting]
        return {"next": following, "waiting": waiting, "missing": missing, "orders": orders}


def act(message_id, sequence, kind, data):
    """Your own work goes here."""
    print(f"worked {sequence} {kind} {message_id}", flush=True)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    store = Store(STORE)

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            return self.answer(413, {"error": "a body has a length, of at most 1 MiB"})
        body = self.rfile.read(int(length))
        if not is_genuine(self.headers, body):
            return self.answer(401, {"error": "no signature of ours"})
        try:
            self.store.put(self.headers["webhook-id"], body)
        except (KeyError, ValueError) as fault:
            # Signed, and yet not what the page says: the answer is what its author will see.
            return self.answer(422, {"error": f"cannot be read: {fault!r}"})
        self.answer(200, {})
        self.store.work()

    def do_GET(self):
        self.answer(200, self.store.standing())

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    # What a stop had left undone.
    Receiver.store.work()
    server.serve_forever()
