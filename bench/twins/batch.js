// The twin's held clicks: sent 64 at a time or after a second, to an object of the same kind.
const SOON = 64;
const WAIT_MS = 1000;
const ROW_MAX = 256;

let held = [];
let timerBegan = null;
let shard = null;

// Takes a click; answers after how many milliseconds `flush` is wanted, or null.
export function hold(record, now) {
  held.push(record);
  if (held.length % SOON === 0) return 0;
  if (timerBegan !== null && now - timerBegan < 5000) return null;
  timerBegan = now;
  return WAIT_MS;
}

export async function flush(env, pause) {
  if (pause > 0) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    timerBegan = null;
  }
  shard ??= Math.floor(Math.random() * Number(env.CLICK_SHARDS));
  const name = `clicks-${shard}`;
  while (held.length) {
    const clicks = held.splice(0, ROW_MAX);
    const stub = env.CLICK_OUTBOX.getByName(name);
    const answer = await stub.fetch("http://object/offer", {
      method: "POST",
      headers: { "x-khata-object": name, "x-khata-dropped": "0" },
      body: JSON.stringify(clicks),
    });
    if (answer.status !== 204) throw new Error(`the click object answered ${answer.status}`);
  }
}
