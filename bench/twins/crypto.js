// What the twin's parts share: cached WebCrypto keys, hex, a pool of random bytes.
export const encoder = new TextEncoder();

export const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

// 128 bits as 26 characters of Crockford base32.
export function base32Number(number) {
  let text = "";
  for (let at = 0; at < 26; at++) {
    text = ALPHABET[Number(number & 31n)] + text;
    number >>= 5n;
  }
  return text;
}

const keys = new Map();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

export function unhex(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

// A key imported once: from hex digits, or from the bytes of a text that begins `sk_`.
export async function keyOf(secret) {
  let key = keys.get(secret);
  if (!key) {
    const bytes = secret.startsWith("sk_") ? encoder.encode(secret) : unhex(secret);
    key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
    keys.set(secret, key);
  }
  return key;
}

export function hmac(secret, bytes) {
  const key = keys.get(secret);
  if (key) return crypto.subtle.sign("HMAC", key, bytes);
  return keyOf(secret).then((made) => crypto.subtle.sign("HMAC", made, bytes));
}

const pool = new Uint8Array(4096);
let used = pool.length;

export function randomBytes(many) {
  if (used + many > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += many;
  return pool.slice(used - many, used);
}
