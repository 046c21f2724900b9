// A browser with nothing in it but what the snippet uses; prints what each page did to the cart.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const code = readFileSync(process.argv[2], "utf8");
const stored = new Map();
let cart = { attributes: {} };
const updates = [];

async function page({ search = "", consent, storage = true, now = 0, broken = false }) {
  const localStorage = {
    getItem: (name) => stored.get(name) ?? null,
    setItem: (name, text) => {
      if (!storage) throw new Error("no storage");
      stored.set(name, text);
    },
  };
  const customerPrivacy = { marketingAllowed: () => consent };
  const window = {
    location: { search },
    localStorage,
    Shopify: { routes: { root: "/en/" }, ...(consent === undefined ? {} : { customerPrivacy }) },
  };
  const fetch = async (url, sent) => {
    if (broken) throw new Error("offline");
    if (url === "/en/cart.js") return { json: async () => cart };
    if (url !== "/en/cart/update.js") throw new Error(url);
    const { attributes } = JSON.parse(sent.body);
    cart = { attributes: { ...cart.attributes, ...attributes } };
    updates.push(attributes.click_id);
  };
  const context = { window, fetch, URLSearchParams, Date: { now: () => now }, JSON };
  vm.runInNewContext(code, context);
  await new Promise((resolve) => setImmediate(resolve));
}

const DAY = 86_400_000;
await page({}); // nothing to carry
await page({ search: "?utm=1&click_id=clk_first" });
await page({ search: "?click_id=clk_first" }); // the cart has it
await page({}); // kept, and the cart has it
cart = { attributes: {} }; // an order was placed
await page({ now: 29 * DAY });
cart = { attributes: {} };
await page({ now: 31 * DAY }); // too long ago
await page({ search: "?click_id=%3Cscript%3E", now: 31 * DAY });
stored.clear();
await page({ search: "?click_id=clk_unkept", consent: false });
cart = { attributes: {} };
await page({ consent: false }); // nothing was kept
await page({ search: "?click_id=clk_full", storage: false });
await page({ search: "?click_id=clk_offline", broken: true });
console.log(JSON.stringify(updates));
