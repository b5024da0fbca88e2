"use strict";
// Keeps the head of the page at the newest block, lists events where the page has a
// place for them, and takes the page anew when an epoch has paid, unless somebody is
// in the middle of it.
(() => {
  const at = id => document.getElementById(id);
  if (!at("height") || !window.EventSource) return;
  const most = 30;

  // words says an event as text.
  const words = e => {
    let s = "block " + e.height + ": " + e.type.replaceAll("-", " ");
    if (e.epoch !== undefined) s += ", epoch " + e.epoch;
    if (e.round !== undefined) s += ", round " + e.round;
    if (e.uid !== undefined) s += ", seat " + e.uid;
    if (e.amount !== undefined) s += ", " + e.amount;
    return s;
  };

  const tell = e => {
    const list = at("news");
    if (!list) return;
    at("quiet").hidden = true;
    const item = document.createElement("li");
    item.textContent = words(e);
    list.prepend(item);
    while (list.children.length > most) list.lastChild.remove();
  };

  // busy: somebody reads or writes in the page, so that it must not change under him.
  const busy = () => at("main").contains(document.activeElement) && document.activeElement !== at("main")
    || document.querySelector("details[open]") || !getSelection().isCollapsed || scrollY > 200;

  const renew = async () => {
    const answer = await fetch(location.href, {headers: {Accept: "text/html"}});
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main"), news = at("news"), kept = news ? [...news.children] : [];
    if (!fresh) return false;
    at("main").replaceChildren(...[...fresh.childNodes].map(n => document.importNode(n, true)));
    if (at("news") && kept.length) {
      at("news").replaceChildren(...kept);
      at("quiet").hidden = true;
    }
    return true;
  };

  const paid = async e => {
    const said = "Epoch " + e.epoch + " has paid.";
    let renewed = false;
    if (!busy()) renewed = await renew().catch(() => false);
    at("says").textContent = renewed ? said + " The page shows it." : said + " Load the page again to see it.";
  };

  const stream = new EventSource("/v1/events");
  stream.onopen = () => { at("live").dataset.on = "yes"; };
  stream.onerror = () => { delete at("live").dataset.on; };

  stream.addEventListener("block", m => {
    const e = JSON.parse(m.data);
    at("height").textContent = e.height;
    if (e.time && at("time")) at("time").textContent = e.time.slice(11, 19) + " UTC";
  });
  for (const name of ["registered", "swap", "swap-stopped", "hotkey-swap", "hotkey-kept", "hotkey-swapped", "pruned", "opened", "cards", "paid", "requested", "settled", "plant-missing",
    "leaked", "lazy", "commission", "challenged", "guilty", "not-guilty", "undecided", "appealed", "burned", "slashed", "permit", "permit-lost", "jailed", "unjailed"]) {
    stream.addEventListener(name, m => tell(JSON.parse(m.data)));
  }
  stream.addEventListener("paid", m => {
    const e = JSON.parse(m.data);
    if (at("epoch")) at("epoch").textContent = e.epoch + 1;
    paid(e);
  });
  addEventListener("pagehide", () => stream.close());
})();
