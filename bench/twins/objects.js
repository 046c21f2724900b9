// The twin's Durable Objects: one INSERT is the acceptance, an outbox drains the rows.
import { DurableObject } from "cloudflare:workers";
import { base32Number } from "./crypto.js";
import { Outbox } from "./outbox.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const SIGNATURE_MS = 900_000;
const IDEMPOTENCY_MS = 86_400_000;

const eventId = (epoch, seq) => "cnvevt_" + base32Number((BigInt("0x" + epoch) << 64n) | BigInt(seq));

// Instants of spent tokens, oldest first; `first` is where the last hour begins.
class Window {
  spent = [];
  first = 0;

  spend(now, perMinute, perHour) {
    const { spent } = this;
    while (this.first < spent.length && spent[this.first] <= now - HOUR_MS) this.first++;
    if (this.first > 10_000) {
      spent.splice(0, this.first);
      this.first = 0;
    }
    let low = this.first;
    let high = spent.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spent[middle] <= now - MINUTE_MS) low = middle + 1;
      else high = middle;
    }
    if (spent.length - low >= perMinute) return `Rate limit exceeded (${perMinute}/min)`;
    if (spent.length - this.first >= perHour) return `Rate limit exceeded (${perHour}/hour)`;
    spent.push(now);
    return null;
  }
}

export class MerchantIntake extends DurableObject {
  constructor(context, env) {
    super(context, env);
    this.sql = context.storage.sql;
    this.sql.exec(`create table if not exists event (
      seq integer primary key, kind text not null, received_at_ms integer not null, key_id text not null,
      signature text, idempotency text, body_sha256 text not null, content text, body text not null)`);
    this.sql.exec("create index if not exists event_idempotency on event (idempotency) where idempotency is not null");
    this.sql.exec("create unique index if not exists event_content on event (content) where content is not null");
    const wire = (rows, epoch) => `"events":[${rows.map((row) => `{"seq":${row.seq},"eventId":"${eventId(epoch, row.seq)}","kind":"${row.kind}","receivedAtMs":${row.received_at_ms},"keyId":"${row.key_id}","body":${row.body}}`).join()}]`;
    this.outbox = new Outbox(context, env, "event", "/internal/v1/events", 500, wire);
    this.windows = new Map();
    this.seen = new Map();
  }

  async fetch(request) {
    this.outbox.learnName(request.headers.get("x-khata-object"));
    const call = await request.json();
    const { verdict, seq } = this.decide(call, Date.now());
    if (seq) await this.outbox.stored(seq);
    return Response.json(verdict);
  }

  async alarm() {
    await this.outbox.ring();
  }

  decide(call, now) {
    let window = this.windows.get(call.keyId);
    if (!window) this.windows.set(call.keyId, window = new Window());
    const refusal = window.spend(now, call.perMinuteMax, call.perHourMax);
    if (refusal) return { verdict: { outcome: "rateLimited", message: refusal } };
    for (const [old, at] of this.seen) {
      if (now - at < SIGNATURE_MS) break;
      this.seen.delete(old);
    }
    if (this.seen.has(call.signature)) return { verdict: { outcome: "replayed" } };
    this.seen.set(call.signature, now);
    const { event } = call;
    if (!event) return { verdict: { outcome: "counted" } };
    const known = event.idempotency && this.sql.exec("select seq, body_sha256, received_at_ms from event where idempotency = ? order by seq desc limit 1", event.idempotency).toArray()[0];
    if (known && now - known.received_at_ms < IDEMPOTENCY_MS) {
      if (known.body_sha256 !== event.bodySha256) return { verdict: { outcome: "keyReused" } };
      return { verdict: { outcome: "repeated", body: this.received(known.seq) } };
    }
    const same = this.sql.exec("select seq from event where content = ?", event.content).toArray()[0];
    if (same) return { verdict: { outcome: "duplicate", body: `{"status":"DUPLICATE","conversionId":"${event.conversionId}","duplicate":true}` } };
    const { seq } = this.sql.exec(
      "insert into event (kind, received_at_ms, key_id, signature, idempotency, body_sha256, content, body) values (?, ?, ?, ?, ?, ?, ?, ?) returning seq",
      event.kind, now, call.keyId, call.signature, event.idempotency, event.bodySha256, event.content, event.body,
    ).one();
    return { verdict: { outcome: "accepted", body: this.received(seq) }, seq };
  }

  received(seq) {
    return `{"eventId":"${eventId(this.outbox.epoch, seq)}","status":"RECEIVED","duplicate":false}`;
  }
}

export class ClickOutbox extends DurableObject {
  constructor(context, env) {
    super(context, env);
    this.sql = context.storage.sql;
    this.sql.exec("create table if not exists click_batch (seq integer primary key, stored_at_ms integer not null, dropped integer not null, clicks text not null, log text)");
    const wire = (rows) => `"rows":[${rows.map((row) => `{"seq":${row.seq},"clicks":${row.clicks},"dropped":${row.dropped}${row.log === null ? "" : `,"log":${row.log}`}}`).join()}]`;
    this.outbox = new Outbox(context, env, "click_batch", "/internal/v1/clicks", 64, wire);
  }

  async fetch(request) {
    this.outbox.learnName(request.headers.get("x-khata-object"));
    const dropped = Number(request.headers.get("x-khata-dropped"));
    const [clicks, log] = (await request.text()).split("\n");
    const { seq } = this.sql.exec("insert into click_batch (stored_at_ms, dropped, clicks, log) values (?, ?, ?, ?) returning seq", Date.now(), dropped, clicks, log ?? null).one();
    await this.outbox.stored(seq);
    return new Response(null, { status: 204 });
  }

  async alarm() {
    await this.outbox.ring();
  }
}
