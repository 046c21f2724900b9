// Reports a conversion and reads its event, with nothing but Node.
import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const ATTEMPTS_MAX = 5;
const { KHATA_URL, KHATA_KEY_ID, KHATA_SIGNING_SECRET, KHATA_ORDER_ID } = process.env;
if (!KHATA_URL || !KHATA_KEY_ID || !KHATA_SIGNING_SECRET) {
  throw new Error("set KHATA_URL, KHATA_KEY_ID and KHATA_SIGNING_SECRET");
}

/** A POST with a body signs time and body; every other call its method and path, too. */
function sign(timestamp, method, path, body) {
  const isPostWithBody = method === "POST" && body !== "";
  const text = isPostWithBody
    ? `${timestamp}.${body}`
    : `${timestamp}.${method} ${path}.${body}`;
  return createHmac("sha256", KHATA_SIGNING_SECRET).update(text).digest("hex");
}

/** Signs and sends; tries again after 429 and 503, each time with a later second. */
async function call(method, path, body = "", headers = {}) {
  for (let attempt = 1; ; attempt++) {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const answer = await fetch(KHATA_URL + path, {
      method,
      headers: {
        "X-Api-Key": KHATA_KEY_ID,
        "X-Timestamp": timestamp,
        "X-Signature": sign(timestamp, method, path, body),
        ...(body && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body || undefined,
    });
    const text = await answer.text();
    if (![429, 503].includes(answer.status) || attempt === ATTEMPTS_MAX) {
      console.log(answer.status, text);
      if (!answer.ok) process.exit(1);
      return JSON.parse(text);
    }
    // 1, 2, 4, 8 s: a second at least, so that the same text gets another signature.
    await sleep(1000 * 2 ** (attempt - 1));
  }
}

const orderId = KHATA_ORDER_ID ?? `ORD-${Date.now()}`;
// Made once: the text that is signed is the text that is sent.
const body = JSON.stringify({ externalOrderId: orderId, orderAmount: "2999.00" });
const headers = { "Idempotency-Key": `conversion-${orderId}` };
const reported = await call("POST", "/api/v1/conversions", body, headers);
// An order that was reported under another Idempotency-Key is a duplicate and has no event.
if (reported.eventId) await call("GET", `/api/v1/events/${reported.eventId}`);
