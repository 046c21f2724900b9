/* Khata: keeps the click id that a tracked link brought to this shop. */
(function (w, d) {
  var name = "khata_click_id", days = 90, form = /^clk_[0-9A-Za-z]{1,64}$/;
  function good(v) { return v && form.test(v) ? v : null; }
  function stored() { try { return good(w.localStorage.getItem(name)); } catch (e) { return null; } }
  function cookie() {
    var m = d.cookie.match(new RegExp("(?:^|; )" + name + "=([^;]*)"));
    return good(m && m[1]);
  }
  function keep(v) {
    try { w.localStorage.setItem(name, v); } catch (e) {}
    d.cookie = name + "=" + v + "; Max-Age=" + days * 86400 + "; Path=/; SameSite=Lax" +
      (w.location.protocol === "https:" ? "; Secure" : "");
  }
  var m = w.location.search.match(/[?&]click_id=([^&]*)/), now = good(m && m[1]);
  if (now) keep(now);
  w.khata = w.khata || {};
  w.khata.clickId = function () { return now || cookie() || stored(); };
})(window, document);
