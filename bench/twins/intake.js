// The twin's intake: proves, validates and hands on a conversion in one hop, and leaves a log row.
import { countNobodys, flush, holdCall } from "./batch.js";
import { base32Number, encoder, hex, hmac, keyOf, randomBytes, unhex } from "./crypto.js";

const BODY_MAX = 256 * 1024;
const KEY_FRESH_MS = 3000;
const decoder = new TextDecoder("utf-8", { fatal: true });
const FIELDS = new Set(["externalOrderId", "orderAmount", "clickId", "externalProductId", "currency", "orderStatus", "orderedAt", "couponCode", "metadata", "items", "customerId"]);
const STATUSES = new Set(["pending", "confirmed", "delivered", "cancelled", "returned", "refunded"]);
const CURRENCY = /^(NPR|USD|EUR|INR|GBP)$/;

const keys = new Map();

function findKey(id, env, now) {
  const canonical = id.replace(/^(live|test)_pk_/, "pk_$1_");
  let cached = keys.get(canonical);
  if (!cached || now - cached.askedAt >= KEY_FRESH_MS) {
    if (!findKey.table) findKey.table = new Map(JSON.parse(env.KEYS).map((key) => [key.keyId, key]));
    const key = findKey.table.get(canonical);
    if (!key) return null;
    cached = { key, askedAt: now };
    keys.set(canonical, cached);
  }
  return cached.key;
}

function answer(status, body, requestId, more) {
  return new Response(body, { status, headers: {
    "x-request-id": requestId,
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    ...more,
  } });
}

function problem(status, error, message, code, requestId) {
  const body = code
    ? { statusCode: status, message, error, code, requestId }
    : { statusCode: status, message, error, requestId };
  return answer(status, JSON.stringify(body), requestId);
}

// The answer's body never says which check failed; the log does.
function unauthorized(call, code) {
  call.code = code;
  return problem(401, "Unauthorized", "Unauthorized", null, call.requestId);
}

function refused(call, status, error, message, code) {
  call.code = code;
  if (Array.isArray(message)) call.faults = message;
  return problem(status, error, message, code, call.requestId);
}

const ADDRESS = /^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*:[0-9a-f.:]*)$/i;

// No secret, signature or address in the log, wherever a client put one.
function redacted(text, most) {
  const shown = text.replace(/[A-Za-z0-9_.:-]+/g, (word) => /sk_(live|test)_|[0-9a-fA-F]{64}/.test(word) || ADDRESS.test(word) ? "[hidden]" : word);
  return shown.length > most ? shown.slice(0, most) : shown;
}

function log(call, path, status, request, env, context) {
  const { key, now } = call;
  const make = () => {
    const record = {
      id: Math.floor(Math.random() * Number.MAX_SAFE_INTEGER),
      receivedAtMs: now,
      merchantId: key.merchantId,
      environment: key.environment,
      keyId: key.keyId,
      method: request.method,
      path: redacted(path.split("?")[0], 200),
      status,
      latencyMs: Date.now() - now,
      requestId: redacted(call.requestId, 128),
    };
    if (call.code) record.code = call.code;
    if (call.eventId) record.eventId = call.eventId;
    if (call.taken) record.taken = call.taken;
    if (call.faults) record.faults = call.faults.slice(0, 10).map((fault) => redacted(fault, 160));
    const length = request.headers.get("content-length");
    if (length !== null) record.contentBytes = Number(length);
    record.proven = call.signed && status !== 401;
    return record;
  };
  let pause = null;
  if (key) pause = holdCall(key, status, make, now);
  else if (call.code === "INVALID_API_KEY") pause = countNobodys(request.headers.has("x-api-key"), now);
  if (pause !== null) context.waitUntil(flush(env, pause));
}

// The validated event as it is stored, or every fault.
async function validate(text, key, env) {
  let sent;
  try {
    sent = JSON.parse(text);
  } catch {
    return { faults: ["the body must be JSON"] };
  }
  const faults = [];
  const isText = (name, most) => {
    const value = sent[name];
    if (value === undefined) return false;
    const good = typeof value === "string" && value.length > 0 && [...value].length <= most && !value.includes("\0") && value.isWellFormed();
    if (!good) faults.push(`${name} must be a string of 1 to ${most} characters`);
    return good;
  };
  if (sent.externalOrderId === undefined) faults.push("externalOrderId is required");
  else isText("externalOrderId", 160);
  if (sent.orderAmount === undefined) faults.push("orderAmount is required");
  else if (typeof sent.orderAmount !== "string" || !/^[0-9]{1,15}(\.[0-9]+)?$/.test(sent.orderAmount)) faults.push("orderAmount must be a decimal string like \"2999.00\"");
  else if ((sent.orderAmount.split(".")[1] ?? "").length > 2) faults.push("orderAmount must have at most 2 decimals");
  isText("clickId", 200);
  isText("externalProductId", 160);
  isText("couponCode", 80);
  isText("customerId", 160);
  if (sent.currency !== undefined && !CURRENCY.test(sent.currency)) faults.push("currency must be an ISO 4217 code in capitals, like \"NPR\"");
  if (sent.orderStatus !== undefined && !STATUSES.has(sent.orderStatus)) faults.push("orderStatus must be one of pending, confirmed, delivered, cancelled, returned, refunded");
  let orderedAt;
  if (sent.orderedAt !== undefined) {
    const instant = Date.parse(sent.orderedAt);
    if (Number.isNaN(instant) || instant > Date.now() + 86_400_000) faults.push("orderedAt must be an instant with an offset");
    else orderedAt = new Date(instant).toISOString();
  }
  if (sent.metadata !== undefined && (typeof sent.metadata !== "object" || JSON.stringify(sent.metadata).length > 16384)) faults.push("metadata must be an object of at most 16384 bytes");
  for (const item of sent.items ?? []) {
    if (typeof item.sku !== "string" || !Number.isInteger(item.quantity) || !/^[0-9]{1,15}(\.[0-9]+)?$/.test(item.unitPrice)) faults.push("items must be a list of sku, quantity and unitPrice");
  }
  for (const name of Object.keys(sent)) if (!FIELDS.has(name)) faults.push(`${name} is not a property here`);
  if (faults.length) return { faults };
  const event = { externalOrderId: sent.externalOrderId, orderAmount: sent.orderAmount, currency: sent.currency ?? key.currency };
  for (const name of ["clickId", "externalProductId", "orderStatus"]) if (sent[name] !== undefined) event[name] = sent[name];
  if (orderedAt) event.orderedAt = orderedAt;
  if (sent.couponCode?.trim()) event.couponCode = sent.couponCode;
  if (sent.customerId) event.customerHash = hex(new Uint8Array(await hmac(env.HASH_KEY, encoder.encode("customer" + key.merchantId + sent.customerId)), 0, 16));
  if (sent.items?.length) event.items = sent.items;
  if (sent.metadata) event.metadata = sent.metadata;
  return { event };
}

// `cnv_` and the first 128 bits of SHA-256 as one number in base32, as the edge derives it.
async function conversionId(key, order) {
  const orderBytes = encoder.encode(order);
  const text = new Uint8Array(19 + 16 + 2 + orderBytes.length);
  encoder.encodeInto("khata/conversion/1\0", text);
  text.set(unhex(key.merchantId.replaceAll("-", "")), 19);
  text[36] = key.environment === "test" ? 1 : 0;
  text.set(orderBytes, 37);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text), 0, 16);
  return "cnv_" + base32Number(BigInt("0x" + hex(digest)));
}

export async function accept(request, path, env, context) {
  const sentId = request.headers.get("x-request-id");
  const requestId = sentId && /^[A-Za-z0-9._-]{1,128}$/.test(sentId) ? sentId : "req_" + hex(randomBytes(12));
  const call = { now: Date.now(), requestId, key: null, signed: false };
  const answered = await take(request, path, env, call);
  log(call, path, answered.status, request, env, context);
  return answered;
}

async function take(request, path, env, seen) {
  const { now, requestId } = seen;
  const headers = request.headers;
  if (headers.get("content-type")?.split(";")[0].trim() !== "application/json") return refused(seen, 415, "Unsupported Media Type", "the body must be sent with Content-Type: application/json", "UNSUPPORTED_MEDIA_TYPE");
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.length > BODY_MAX) return refused(seen, 413, "Payload Too Large", `the body must be at most ${BODY_MAX} bytes`, "PAYLOAD_TOO_LARGE");
  const keyId = headers.get("x-api-key");
  const key = keyId && findKey(keyId, env, now);
  if (!key) return unauthorized(seen, "INVALID_API_KEY");
  seen.key = key;
  if (key.state !== "active" || key.merchantState !== "approved") return unauthorized(seen, "MERCHANT_INACTIVE");
  const timestamp = headers.get("x-timestamp") ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp) || Math.abs(Number(timestamp) - Math.floor(now / 1000)) > 300) return unauthorized(seen, "SIG_STALE_TIMESTAMP");
  const signature = headers.get("x-signature") ?? "";
  if (!/^[0-9a-f]{64}$/.test(signature)) return unauthorized(seen, "SIG_BAD_SIGNATURE");
  const prefix = encoder.encode(body.length ? `${timestamp}.` : `${timestamp}.POST ${path}.`);
  const signed = new Uint8Array(prefix.length + body.length);
  signed.set(prefix);
  signed.set(body, prefix.length);
  if (!await crypto.subtle.verify("HMAC", await keyOf(key.secret), unhex(signature), signed)) return unauthorized(seen, "SIG_BAD_SIGNATURE");
  seen.signed = true;
  const digest = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", body)));
  const { event, faults } = await validate(decoder.decode(body), key, env);
  const clientKey = headers.get("idempotency-key") ?? headers.get("x-idempotency-key");
  const name = `${key.merchantId}:${key.environment}`;
  const call = { keyId: key.keyId, perMinuteMax: key.perMinuteMax, perHourMax: key.perHourMax, signature: signature.slice(0, 32) };
  if (event) {
    call.event = {
      kind: "conversion",
      body: JSON.stringify(event),
      bodySha256: digest,
      idempotency: clientKey ? `POST ${path} ${clientKey}` : null,
      content: `c:${event.externalOrderId}`,
      conversionId: await conversionId(key, event.externalOrderId),
    };
  }
  const hop = await env.MERCHANT_INTAKE.getByName(name).fetch("http://object/offer", {
    method: "POST",
    headers: { "x-khata-object": name },
    body: JSON.stringify(call),
  });
  if (hop.status !== 200) return refused(seen, 503, "Service Unavailable", "temporarily unavailable; nothing was stored", "UNAVAILABLE");
  const verdict = await hop.json();
  switch (verdict.outcome) {
    case "accepted":
      seen.taken = "RECEIVED";
      seen.eventId = verdict.body.slice(12, 45);
      return answer(202, verdict.body, requestId);
    case "duplicate":
      seen.taken = "DUPLICATE";
      return answer(202, verdict.body, requestId);
    case "repeated":
      seen.taken = "REPEATED";
      seen.eventId = verdict.body.slice(12, 45);
      return answer(202, verdict.body, requestId, { "idempotent-replayed": "true" });
    case "replayed": return unauthorized(seen, "SIG_REPLAY");
    case "keyReused": return refused(seen, 409, "Conflict", "this idempotency key was used with another body", "DUPLICATE_REQUEST");
    case "rateLimited": return refused(seen, 429, "Too Many Requests", verdict.message, "RATE_LIMITED");
    default: return refused(seen, 400, "Bad Request", faults, "VALIDATION_ERROR");
  }
}
