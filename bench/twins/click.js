// The twin's click: the same decision as the edge's, written by hand in JavaScript.
import { ALPHABET, encoder, hex, hmac, randomBytes } from "./crypto.js";
import { flush, hold } from "./batch.js";

const LINK_FRESH_MS = 2000;
const UNFURLER = /facebookexternalhit|facebookcatalog|meta-externalagent|whatsapp\/|slackbot|slack-imgproxy|twitterbot|telegrambot|discordbot|linkedinbot|viber|skypeuripreview|pinterestbot|redditbot|embedly|iframely|mattermost|vkshare|line-poker/;
const PROGRAM = /crawl|spider|slurp|curl\/|wget\/|python|aiohttp|httpx|go-http-client|node-fetch|undici|axios\/|libwww|lwp-|scrapy|headlesschrome|phantomjs|puppeteer|playwright|lighthouse|pingdom|postmanruntime|insomnia\/|guzzlehttp|apache-httpclient|mediapartners-google|bingpreview/;
const BOT = /(?<![a-z0-9])(?!cubot(?![a-z0-9]))[a-z0-9]*bot(?![a-z0-9])/;
const CLASSES = ["human", "bot", "preview", "prefetch", "head", "duplicate"];
const SUBS = ["sub1", "sub2", "sub3", "sub4", "sub5"];

const links = new Map();

// A link from the isolate's table; the table itself comes from a binding.
function find(code, env, now) {
  let cached = links.get(code);
  if (!cached || now - cached.askedAt >= LINK_FRESH_MS) {
    if (!find.table) find.table = new Map(JSON.parse(env.LINKS).map((link) => [link.code, link]));
    const link = find.table.get(code);
    if (!link) return null;
    cached = { link, askedAt: now };
    links.set(code, cached);
  }
  return cached.link;
}

function base32(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 5) {
    const high = (bytes[at] << 12) | (bytes[at + 1] << 4) | (bytes[at + 2] >> 4);
    const low = ((bytes[at + 2] & 15) << 16) | (bytes[at + 3] << 8) | bytes[at + 4];
    text += ALPHABET[high >> 15] + ALPHABET[(high >> 10) & 31] + ALPHABET[(high >> 5) & 31] + ALPHABET[high & 31];
    text += ALPHABET[low >> 15] + ALPHABET[(low >> 10) & 31] + ALPHABET[(low >> 5) & 31] + ALPHABET[low & 31];
  }
  return text;
}

const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]));
for (const [like, value] of [["o", 0], ["i", 1], ["l", 1]]) VALUES.set(like, value);

// The click that an id seals, or null.
async function open(text, env) {
  if (text.length !== 44 || text.slice(0, 4).toLowerCase() !== "clk_") return null;
  const bytes = new Uint8Array(25);
  const characters = text.toLowerCase();
  for (let group = 0; group < 5; group++) {
    let number = 0;
    for (let at = 0; at < 8; at++) {
      const value = VALUES.get(characters[4 + group * 8 + at]);
      if (value === undefined) return null;
      number = number * 32 + value;
    }
    for (let at = 4; at >= 0; at--) {
      bytes[group * 5 + at] = number % 256;
      number = Math.floor(number / 256);
    }
  }
  if (bytes[0] >> 4 !== 1 || (bytes[0] & 15) !== Number(env.CLICK_KEY_NUMBER)) return null;
  const tag = new Uint8Array(await hmac(env.CLICK_KEY, bytes.subarray(0, 16)));
  let difference = bytes[1] & 15;
  for (let at = 0; at < 9; at++) difference |= tag[at] ^ bytes[16 + at];
  if (difference) return null;
  const view = new DataView(bytes.buffer);
  return { link: bytes[2] * 2 ** 32 + view.getUint32(3), seconds: view.getUint32(7) };
}

async function seal(link, seconds, kind, env) {
  const bytes = new Uint8Array(25);
  const view = new DataView(bytes.buffer);
  bytes[0] = (1 << 4) | Number(env.CLICK_KEY_NUMBER);
  bytes[1] = CLASSES.indexOf(kind) << 4;
  bytes[2] = Math.floor(link / 2 ** 32);
  view.setUint32(3, link % 2 ** 32);
  view.setUint32(7, seconds);
  bytes.set(randomBytes(5), 11);
  bytes.set(new Uint8Array(await hmac(env.CLICK_KEY, bytes.subarray(0, 16)), 0, 9), 16);
  return "clk_" + base32(bytes);
}

function cookieId(header) {
  for (const pair of header ? header.split(";") : []) {
    const [name, value] = pair.trim().split("=");
    if (name === "affiliate_click_id" && value?.length === 44) return value;
  }
  return null;
}

async function classify(request, headers, link, seconds, env) {
  if (request.method === "HEAD") return ["head", "head_request"];
  const purpose = headers.get("sec-purpose") ?? headers.get("purpose");
  if (purpose && /prefetch|prerender/i.test(purpose)) return ["prefetch", "prefetch_header"];
  const destination = headers.get("sec-fetch-dest");
  if (destination === "image" || destination === "iframe" || destination === "script" || destination === "style") return ["bot", "embedded"];
  const agent = (headers.get("user-agent") ?? "").toLowerCase();
  if (!agent.trim()) return ["bot", "no_user_agent"];
  if (UNFURLER.test(agent)) return ["preview", "unfurler"];
  if (BOT.test(agent) || PROGRAM.test(agent)) return ["bot", "user_agent"];
  const id = cookieId(headers.get("cookie"));
  const last = id && await open(id, env);
  const age = last ? seconds - last.seconds : -1;
  if (last && last.link === link.linkNumber && age >= 0 && age < 10) return ["duplicate", "same_browser"];
  return ["human", "navigation"];
}

function withClickId(destination, id) {
  const hash = destination.indexOf("#");
  const front = hash < 0 ? destination : destination.slice(0, hash);
  const fragment = hash < 0 ? "" : destination.slice(hash);
  const mark = front.indexOf("?");
  if (mark < 0) return `${front}?click_id=${id}${fragment}`;
  let placed = false;
  const parts = [];
  for (const part of front.slice(mark + 1).split("&")) {
    if (!part) continue;
    if (part.split("=")[0] !== "click_id") parts.push(part);
    else if (!placed) placed = parts.push(`click_id=${id}`) > 0;
  }
  if (!placed) parts.push(`click_id=${id}`);
  return `${front.slice(0, mark)}?${parts.join("&")}${fragment}`;
}

function readTags(query) {
  if (!query) return { subs: [], refused: false };
  const given = new URLSearchParams(query);
  const subs = SUBS.map((name) => (given.get(name) ?? "").slice(0, 64));
  return { subs: subs.some((sub) => sub) ? subs : [], refused: given.get("consent") === "0" };
}

async function shopperHash(address, link, seconds, env) {
  if (!address) return undefined;
  const text = new Uint8Array(7 + 8 + 8 + 8 + 16 + 8 + 4);
  const view = new DataView(text.buffer);
  encoder.encodeInto("shopper", text);
  view.setBigUint64(7, 8n);
  view.setBigUint64(15, BigInt(Math.floor(seconds / 86400)));
  view.setBigUint64(23, 16n);
  link.merchantBytes ??= Uint8Array.from(link.merchantId.replaceAll("-", "").match(/../g), (pair) => parseInt(pair, 16));
  text.set(link.merchantBytes, 31);
  view.setBigUint64(47, 4n);
  address.split(".").forEach((part, at) => { text[55 + at] = Number(part); });
  return hex(new Uint8Array(await hmac(env.HASH_KEY, text), 0, 16));
}

export async function follow(request, code, query, env, context) {
  const now = Date.now();
  const seconds = Math.floor(now / 1000);
  const link = find(code, env, now);
  if (!link) return new Response("Not found", { status: 404 });
  const headers = request.headers;
  const sentId = headers.get("x-request-id");
  const requestId = sentId && /^[A-Za-z0-9._-]{1,128}$/.test(sentId) ? sentId : "req_" + hex(randomBytes(12));
  const answered = {
    "location": link.fallback,
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
    "referrer-policy": "no-referrer-when-downgrade",
    "x-request-id": requestId,
  };
  if (link.state !== "live") return new Response(null, { status: 302, headers: answered });
  const { subs, refused } = readTags(query);
  const isPrivate = refused || headers.get("sec-gpc")?.trim() === "1" || headers.get("dnt")?.trim() === "1";
  const [kind, reason] = await classify(request, headers, link, seconds, env);
  const [id, shopper] = await Promise.all([
    seal(link.linkNumber, seconds, kind, env),
    shopperHash(headers.get(env.CLIENT_ADDRESS_HEADER), link, seconds, env),
  ]);
  const record = { clickId: id, linkNumber: link.linkNumber, class: kind, reason, clickedAtMs: now, shopperHash: shopper, country: request.cf?.country, private: isPrivate };
  if (subs.length) record.subIds = subs;
  const pause = hold(record, now);
  if (pause !== null) context.waitUntil(flush(env, pause));
  answered.location = withClickId(link.destination, id);
  if (kind === "human" && !isPrivate) {
    answered["set-cookie"] = `affiliate_click_id=${id}; Max-Age=${link.cookieSeconds}; Path=/; Secure; HttpOnly; SameSite=Lax`;
  }
  return new Response(null, { status: 302, headers: answered });
}
