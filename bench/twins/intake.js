// The twin's intake: proves, validates and hands on a conversion in one hop.
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

const unauthorized = (requestId) => problem(401, "Unauthorized", "Unauthorized", null, requestId);

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

export async function accept(request, path, env) {
  const now = Date.now();
  const headers = request.headers;
  const sentId = headers.get("x-request-id");
  const requestId = sentId && /^[A-Za-z0-9._-]{1,128}$/.test(sentId) ? sentId : "req_" + hex(randomBytes(12));
  if (headers.get("content-type")?.split(";")[0].trim() !== "application/json") return problem(415, "Unsupported Media Type", "the body must be sent with Content-Type: application/json", "UNSUPPORTED_MEDIA_TYPE", requestId);
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.length > BODY_MAX) return problem(413, "Payload Too Large", `the body must be at most ${BODY_MAX} bytes`, "PAYLOAD_TOO_LARGE", requestId);
  const keyId = headers.get("x-api-key");
  const key = keyId && findKey(keyId, env, now);
  if (!key || key.state !== "active" || key.merchantState !== "approved") return unauthorized(requestId);
  const timestamp = headers.get("x-timestamp") ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp) || Math.abs(Number(timestamp) - Math.floor(now / 1000)) > 300) return unauthorized(requestId);
  const signature = headers.get("x-signature") ?? "";
  if (!/^[0-9a-f]{64}$/.test(signature)) return unauthorized(requestId);
  const prefix = encoder.encode(body.length ? `${timestamp}.` : `${timestamp}.POST ${path}.`);
  const signed = new Uint8Array(prefix.length + body.length);
  signed.set(prefix);
  signed.set(body, prefix.length);
  if (!await crypto.subtle.verify("HMAC", await keyOf(key.secret), unhex(signature), signed)) return unauthorized(requestId);
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
  if (hop.status !== 200) return problem(503, "Service Unavailable", "temporarily unavailable; nothing was stored", "UNAVAILABLE", requestId);
  const verdict = await hop.json();
  switch (verdict.outcome) {
    case "accepted":
    case "duplicate": return answer(202, verdict.body, requestId);
    case "repeated": return answer(202, verdict.body, requestId, { "idempotent-replayed": "true" });
    case "replayed": return unauthorized(requestId);
    case "keyReused": return problem(409, "Conflict", "this idempotency key was used with another body", "DUPLICATE_REQUEST", requestId);
    case "rateLimited": return problem(429, "Too Many Requests", verdict.message, "RATE_LIMITED", requestId);
    default: return problem(400, "Bad Request", faults, "VALIDATION_ERROR", requestId);
  }
}
