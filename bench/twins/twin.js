// A JavaScript worker that does what Khata's edge does on its two hot routes: the other side of
// the benchmark's ratios. Written for speed as its author would for production.
import { accept } from "./intake.js";
import { follow } from "./click.js";
export { ClickOutbox, MerchantIntake } from "./objects.js";

export default {
  fetch(request, env, context) {
    const url = request.url;
    const pathAndQuery = url.slice(url.indexOf("/", 8));
    const mark = pathAndQuery.indexOf("?");
    const path = mark < 0 ? pathAndQuery : pathAndQuery.slice(0, mark);
    if (path.startsWith("/c/")) return follow(request, path.slice(3), mark < 0 ? "" : pathAndQuery.slice(mark + 1), env, context);
    if (path === "/api/v1/conversions") return accept(request, pathAndQuery, env, context);
    if (path === "/healthz") return new Response('{"status":"ok"}');
    return new Response("Not found", { status: 404 });
  },
};
