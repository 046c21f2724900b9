// Receives Khata's webhooks: verifies each, stores it once, answers, works in order.
//
// Needs Node 20 and nothing else. KHATA_WEBHOOK_SECRET=whsec_… node receiver.mjs
// Listens on PORT (9000) of this machine: put it behind the server that speaks TLS for you.

import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { createServer } from "node:http";

const SECRET = process.env.KHATA_WEBHOOK_SECRET;
const STORE = process.env.KHATA_WEBHOOK_STORE ?? "webhooks.jsonl";
const TOLERANCE_SECONDS = 300;
const BODY_BYTES_MAX = 1 << 20;

/** Whether a delivery comes from Khata, by the bytes of its body. */
function isGenuine(headers, body) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  const isRecent = Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS;
  if (!/^[0-9]+$/.test(timestamp) || !isRecent) return false;
  const key = Buffer.from(SECRET.replace(/^whsec_/, ""), "base64");
  const digest = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
  const expected = Buffer.from(`v1,${digest.digest("base64")}`);
  const given = (headers["webhook-signature"] ?? "").split(" ").map((text) => Buffer.from(text));
  return given.some((it) => it.length === expected.length && timingSafeEqual(it, expected));
}

/** What arrived, in a file of a JSON object a line, read again at each start. */
class Store {
  /** Ids of deliveries that came, with their numbers. */
  #known = new Set();
  /** Deliveries whose turn has not come, by number. */
  #early = new Map();
  #done = new Set();
  #orders = new Map();
  #next = 1;

  constructor(path) {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    // A stop in the middle of a line: that delivery was not answered, and comes again.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole !== text) truncateSync(path, Buffer.byteLength(whole));
    for (const line of whole.split("\n").filter(Boolean)) {
      const row = JSON.parse(line);
      if ("done" in row) this.#finish(row.done, row.sequence);
      else this.#take(row.id, row.body);
    }
    this.file = openSync(path, "a");
  }

  /** Stores a delivery; a repeat changes nothing. It is on disk when this returns. */
  put(id, body) {
    const { sequence, event_category: category } = JSON.parse(body);
    if (category !== "affiliate" && !Number.isSafeInteger(sequence)) throw new Error("no sequence");
    if (this.#known.has(`${id} ${sequence}`)) return;
    this.#write({ id, body });
    this.#take(id, body);
  }

  /** Works on everything whose turn it is. */
  work() {
    for (;;) {
      const turn = Math.min(...this.#early.keys());
      if (!(turn <= this.#next)) return;
      const { id, event } = this.#early.get(turn)[0];
      // A stop between the two lets `act` see it again: it has to bear that, or mark it itself.
      if (!this.#done.has(id)) act(id, event);
      this.#write({ done: id, sequence: turn });
      this.#finish(id, turn);
    }
  }

  /** What is missing, what waits for it, and the orders as they stand. */
  standing() {
    const waiting = [...this.#early.keys()].sort((a, b) => a - b);
    const missing = [];
    for (let at = this.#next; at < (waiting.at(-1) ?? 0); at += 1) {
      if (!this.#early.has(at)) missing.push(at);
    }
    const orders = [...this.#orders].map(([id, event]) => [id, event.order_data.order_status]);
    return { next: this.#next, waiting, missing, orders: Object.fromEntries(orders) };
  }

  #take(id, body) {
    const event = JSON.parse(body);
    this.#known.add(`${id} ${event.sequence}`);
    if (event.event_category === "affiliate") {
      const { order_id: order } = event.order_data;
      const before = this.#orders.get(order);
      if (!before || before.timestamp < event.timestamp) this.#orders.set(order, event);
      return;
    }
    const same = this.#early.get(event.sequence) ?? [];
    this.#early.set(event.sequence, [...same, { id, event }]);
  }

  #finish(id, sequence) {
    this.#done.add(id);
    const others = (this.#early.get(sequence) ?? []).filter((delivery) => delivery.id !== id);
    if (others.length > 0) this.#early.set(sequence, others);
    else this.#early.delete(sequence);
    this.#next = Math.max(this.#next, sequence + 1);
  }

  #write(row) {
    writeSync(this.file, `${JSON.stringify(row)}\n`);
    fsyncSync(this.file);
  }

  close() {
    closeSync(this.file);
  }
}

/** Your own work goes here. */
function act(id, event) {
  console.log(`worked ${event.sequence} ${event.type} ${id}`);
}

const store = new Store(STORE);

const server = createServer(async (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (request.method === "GET") return answer(200, store.standing());
  const chunks = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += chunk.length;
      if (length > BODY_BYTES_MAX) return answer(413, { error: "a body has at most 1 MiB" });
      chunks.push(chunk);
    }
  } catch {
    return; // The sender hung up in the middle: it comes again.
  }
  const body = Buffer.concat(chunks);
  if (!isGenuine(request.headers, body)) return answer(401, { error: "no signature of ours" });
  try {
    store.put(request.headers["webhook-id"], body.toString());
  } catch (fault) {
    // Signed, and yet not what the page says: the answer is what its author will see.
    return answer(422, { error: `cannot be read: ${fault.message}` });
  }
  answer(200, {});
  store.work();
});

// Longer than the sender keeps a connection without use.
server.keepAliveTimeout = 30_000;
server.listen(Number(process.env.PORT ?? 9000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
  // What a stop had left undone.
  store.work();
});
