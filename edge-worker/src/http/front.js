// The worker's front: answers a click on a fresh link with one call into Rust, and leaves all else
// to the entry point that worker-build made. Read `fast_click.rs` with it.
import Entrypoint, { MerchantIntake as Intake } from "./index.js";
export * from "./index.js";

// Reads the Wasm exports anew on each call: a panic replaces the instance behind them.
const rust = Entrypoint.prototype;
const state = globalThis.__worker_init_state;

function follow(request, env, context) {
  const url = request.url;
  const path = url.indexOf("/", 8);
  if (url.charCodeAt(path + 1) !== 99 || url.charCodeAt(path + 2) !== 47 || state.criticalError) return;
  const headers = request.headers;
  const address = env.CLIENT_ADDRESS_HEADER;
  const sent = request.method + "\n" + url + "\n" +
    (headers.get("x-request-id") ?? "") + "\n" +
    (headers.get("sec-purpose") ?? headers.get("purpose") ?? "") + "\n" +
    (headers.get("user-agent") ?? "") + "\n" +
    (headers.get("sec-fetch-dest") ?? "") + "\n" +
    (headers.get("cookie") ?? "") + "\n" +
    (headers.get("sec-gpc") ?? "") + "\n" +
    (headers.get("dnt") ?? "") + "\n" +
    (address ? headers.get(address) ?? "" : "") + "\n" +
    (request.cf?.country ?? "");
  const answer = rust.follow_click(sent, Date.now());
  if (answer === undefined) return;
  const [location, requestId, cookie, pause] = answer.split("\n");
  if (pause) context.waitUntil(rust.send_clicks(env, Number(pause)));
  const answered = {
    "location": location,
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
    "referrer-policy": "no-referrer-when-downgrade",
    "x-request-id": requestId,
  };
  if (cookie) answered["set-cookie"] = cookie;
  return new Response(null, { status: 302, headers: answered });
}

// An intake object whose calls cross into Rust once, as text: status, whether an alarm is wanted,
// and the body. What is rare goes the usual way. Read `merchant_intake.rs` with it.
export class MerchantIntake extends Intake {
  async fetch(request) {
    if (!request.url.endsWith("/offer")) return super.fetch(request);
    const body = await request.text();
    const answer = this.offer(request.headers.get("x-khata-object") ?? "", body);
    if (answer[3] === "1") await super.fetch(new Request("http://object/arm", { method: "POST" }));
    return new Response(answer.slice(4), { status: Number(answer.slice(0, 3)) });
  }
}

export default {
  fetch(request, env, context) {
    let response;
    try {
      response = follow(request, env, context);
    } catch (fault) {
      // The instance is gone; the entry point makes a new one and answers.
      console.error("A click left the fast path", fault);
      state.criticalError = true;
    }
    return response ?? new Entrypoint(context, env).fetch(request);
  },
};
