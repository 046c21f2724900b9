// The twin's held clicks and log rows: sent when many or after a second, to an object of the same
// kind, a line of JSON each.
const CLICKS_SOON = 64;
const CALLS_SOON = 256;
const WAIT_MS = 1000;
const ROW_MAX = 256;
const LISTED_MAX = 60;

let clicks = [];
let calls = [];
let tallies = new Map();
let listed = new Map();
let minute = null;
let timerBegan = null;
let shard = null;

function wish(full, now) {
  if (full) return 0;
  if (timerBegan !== null && now - timerBegan < 5000) return null;
  timerBegan = now;
  return WAIT_MS;
}

// Takes a click; answers after how many milliseconds `flush` is wanted, or null.
export function hold(record, now) {
  clicks.push(record);
  return wish(clicks.length % CLICKS_SOON === 0, now);
}

function count(reason, key, now) {
  const minuteMs = now - now % 60_000;
  const name = `${minuteMs} ${reason} ${key?.keyId}`;
  const tally = tallies.get(name);
  if (tally) tally.calls++;
  else tallies.set(name, { minuteMs, reason, key: key && { merchantId: key.merchantId, environment: key.environment, keyId: key.keyId }, calls: 1 });
  return wish(false, now);
}

// Takes an answered call; `make` makes its row when it is to be listed.
export function holdCall(key, status, make, now) {
  if (status === 401 || status === 429) {
    if (minute !== now - now % 60_000) {
      minute = now - now % 60_000;
      listed.clear();
    }
    const name = `${status} ${key.keyId}`;
    const many = listed.get(name) ?? 0;
    if (many >= LISTED_MAX) return count(status === 401 ? "unproven" : "rate_limited", key, now);
    listed.set(name, many + 1);
  }
  calls.push(make());
  return wish(calls.length % CALLS_SOON === 0, now);
}

// Counts a call that named no key there is.
export const countNobodys = (namesAKey, now) => count(namesAKey ? "unknown_key" : "missing_key", undefined, now);

export async function flush(env, pause) {
  if (pause > 0) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    timerBegan = null;
  }
  shard ??= Math.floor(Math.random() * Number(env.CLICK_SHARDS));
  const name = `clicks-${shard}`;
  while (clicks.length || calls.length || tallies.size) {
    let body = JSON.stringify(clicks.splice(0, ROW_MAX));
    if (calls.length || tallies.size) {
      const log = { calls: calls.splice(0, ROW_MAX), tallies: [...tallies.values()] };
      for (const tally of log.tallies) tally.id = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
      tallies.clear();
      body += "\n" + JSON.stringify(log);
    }
    const stub = env.CLICK_OUTBOX.getByName(name);
    const answer = await stub.fetch("http://object/batch", {
      method: "POST",
      headers: { "x-khata-object": name, "x-khata-dropped": "0" },
      body,
    });
    if (answer.status !== 204) throw new Error(`the click object answered ${answer.status}`);
  }
}
