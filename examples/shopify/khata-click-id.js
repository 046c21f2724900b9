// Carries the click id from the landing page to the order: the cart's attribute `click_id` becomes
// one of the order's note attributes. Put it into the theme as an asset, and before `</body>` of
// `layout/theme.liquid`:
//
//   <script src="{{ 'khata-click-id.js' | asset_url }}" defer></script>
(function () {
  "use strict";
  // How long an order may follow its click: the longest cookie window of your campaigns, in days.
  const KEPT_DAYS = 30;
  const NAME = "khata_click_id";
  const isClickId = (text) => /^[A-Za-z0-9_-]{1,200}$/.test(text ?? "");

  // Where consent is asked for and not given, nothing is kept on the device: the id of this very
  // visit still goes to the cart, which Shopify keeps for the shopper anyway.
  const mayKeep = () => window.Shopify?.customerPrivacy?.marketingAllowed?.() !== false;

  function landed() {
    const id = new URLSearchParams(window.location.search).get("click_id");
    return isClickId(id) ? id : null;
  }

  function kept() {
    try {
      const { id, until } = JSON.parse(window.localStorage.getItem(NAME)) ?? {};
      return isClickId(id) && Date.now() < until ? id : null;
    } catch {
      return null;
    }
  }

  function keep(id) {
    try {
      const until = Date.now() + KEPT_DAYS * 86_400_000;
      window.localStorage.setItem(NAME, JSON.stringify({ id, until }));
    } catch {
      // A browser without storage: the cart has it all the same.
    }
  }

  async function carry() {
    const fresh = landed();
    if (fresh && mayKeep()) keep(fresh);
    const id = fresh ?? kept();
    if (!id) return;
    const root = window.Shopify?.routes?.root ?? "/";
    const cart = await (await fetch(`${root}cart.js`)).json();
    if (cart.attributes?.click_id === id) return;
    await fetch(`${root}cart/update.js`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ attributes: { click_id: id } }),
    });
  }

  // A shop must work whatever becomes of this.
  carry().catch(() => {});
})();
