// The page of the label desk. It shows what the miner says, and tells it what a
// person chose; what is kept is kept there. Texts are only ever set as text.
"use strict";

const poll = 5000; // milliseconds between two looks at the desk
const pause = 1000; // in which no key counts after another pair came that nobody asked for
const again = 2000; // until a choice that the miner did not take is sent again
const names = ["", "A much better", "A better", "Equal", "B better", "B much better"];
const $ = (id) => document.getElementById(id);

// The token comes behind the # of the address, which no browser sends. It stays in
// this tab: a page of another port of this machine gets neither it nor a cookie.
function token() {
  const given = location.hash.slice(1);
  if (given.length >= 22) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token") || "";
}

const state = {
  token: token(),
  desk: null, // what the miner said last
  shown: null, // the pair before the eyes
  sending: read("sending"), // a choice that the miner has not confirmed
  busy: false,
  away: false, // the miner does not answer
  changed: 0, // when another pair came that nobody asked for
  warned: "", // the deadline of which few minutes were announced
  ahead: 0, // milliseconds by which the miner's clock is ahead of this one's
};

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function keep(key, value) {
  if (value) sessionStorage.setItem(key, JSON.stringify(value));
  else sessionStorage.removeItem(key);
}

// ask returns what the miner says: {desk}, {problem} or, without an answer, {}.
async function ask(path, body) {
  const headers = { Authorization: "Bearer " + state.token };
  if (body) headers["Content-Type"] = "application/json";
  try {
    const r = await fetch(path, {
      method: body ? "POST" : "GET",
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(10000),
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
    const answer = await r.json();
    if (r.ok) return { desk: answer };
    if (r.status >= 500) return { away: answer.message };
    return { problem: answer.problem, message: answer.message, desk: answer.desk };
  } catch {
    return { away: "The miner does not answer." };
  }
}

// say tells what happened; cry tells what went wrong, and what is not kept.
function say(text) {
  $("says").textContent = text;
}

function cry(text, quote) {
  const box = $("alert");
  box.replaceChildren();
  if (!text) return;
  const p = document.createElement("p");
  p.textContent = text;
  box.append(p);
  if (quote) {
    const q = document.createElement("blockquote");
    q.textContent = quote;
    box.append(q);
  }
}

// write fills a card with runs of text: plain, different, or the name of what cannot
// be seen.
function write(id, runs) {
  const parts = (runs || []).map((run) => {
    if (!run.k) return document.createTextNode(run.t);
    const e = document.createElement(run.k === 1 ? "mark" : "span");
    e.textContent = run.t;
    if (run.k === 2) {
      e.className = "code";
      e.title = "a character that cannot be seen";
    }
    return e;
  });
  $(id).replaceChildren(...parts);
}

const same = (a, b) => a && b && a.round === b.round && a.slot === b.slot && a.pair === b.pair;
const draft = (item) => "draft " + item.pair;

// show lays a pair before the eyes; null says that there is none. was is what was
// chosen before, where it was taken back.
function show(item, was) {
  state.shown = item;
  document.body.classList.toggle("idle", !item);
  $("work").hidden = $("choices").hidden = $("reason-field").hidden = !item;
  $("empty").hidden = !!item;
  if (!item) return;
  write("prompt", item.prompt);
  write("a", item.a);
  write("b", item.b);
  $("differ-text").textContent = item.apart
    ? "They have so little in common that no differences are marked."
    : item.places === 0 ? "The two are the same, word for word."
    : item.places === 1 ? "They differ in one place." : `They differ in ${item.places} places.`;
  $("differ-toggle").hidden = item.apart || item.places === 0;
  if (was) sessionStorage.setItem(draft(item), was.reason); // it stays when the pair is left for later
  $("reason").value = was ? was.reason : sessionStorage.getItem(draft(item)) || "";
  for (const b of $("choices").children) {
    const is = was && Number(b.dataset.choice) === was.choice;
    b.classList.toggle("was", !!is);
    b.setAttribute("aria-current", String(!!is));
  }
  $("work").classList.remove("fresh");
  void $("work").offsetWidth; // so that it begins again
  $("work").classList.add("fresh");
  scrollTo(0, 0);
}

// empty says why there is nothing to do.
function empty(head, text, more) {
  $("empty-head").textContent = head;
  $("empty-text").textContent = text;
  $("empty-more").textContent = more || "";
  $("empty-more").hidden = !more;
}

function facts(d) {
  const all = d.open + d.rated;
  $("facts").hidden = false;
  $("left").textContent = d.open;
  $("of").textContent = all ? `of ${all}` : "";
  $("meter").hidden = !all;
  $("progress").max = all || 1;
  $("progress").value = d.rated;
  $("earned").textContent = d.facts.height ? trim(d.facts.earned) : "–";
  $("earned-more").textContent = d.facts.height ? `in epoch ${d.facts.epoch}${together(d.facts.kinds || [])}` : "";
  $("later").hidden = !d.item || d.open < 2;
  $("undo").hidden = !d.newest;
  $("finish").hidden = !ready(d);
  document.title = d.open ? `(${d.open}) Assay label` : "Assay label";
  if (d.item) return;
  const sealed = d.sealed ? `Round ${d.sealed.round} is sealed: ${d.sealed.rated} rated, ${d.sealed.missed} missed.` : "";
  const back = "can be taken back, the last one first";
  if (d.ready && d.ready.finished) empty("Finished", `All ${d.rated} are rated, and sealed with the next block. Until then they ${back}.`, sealed);
  else if (d.rated) empty("All done", `All ${d.rated} are rated. Until the deadline they ${back}. If you are sure, finish: then they are sealed now.`, sealed);
  else empty("Nothing to compare", "Pairs come with the next round that asks this seat. This page looks for them by itself.", sealed);
}

// together names the kinds of work that a seat is paid for in one sum.
const together = (kinds) => (kinds.length > 1 ? `, by ${kinds.slice(0, -1).join(", ")} and ${kinds.at(-1)} together` : "");

// ready returns the round that can be finished.
const ready = (d) => (d && !d.item && d.ready && !d.ready.finished ? d.ready : null);

// trim writes an amount without the zeros at its end.
const trim = (amount) => (amount.includes(".") ? amount.replace(/\.?0+$/, "") : amount);

// until tells how long there is, and says so once when it is little.
function until() {
  const d = state.desk;
  const at = d && (d.item ? d.item.expected : d.newest && d.newest.expected);
  const when = at ? Date.parse(at) : 0;
  $("until-fact").hidden = !(when > 0);
  if (!(when > 0)) return;
  const minutes = Math.ceil((when - Date.now() - state.ahead) / 60000);
  $("until").textContent = minutes <= 0 ? "any moment" : minutes < 90 ? `in ${minutes} min` : `in ${Math.round(minutes / 60)} h`;
  $("until").setAttribute("datetime", at);
  $("until-block").textContent = d.item ? `block ${d.item.deadline}, about ` : "about ";
  $("until-clock").textContent = new Date(when - state.ahead).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const soon = minutes <= 5 && d.open > 0;
  $("until").classList.toggle("soon", soon);
  if (soon && state.warned !== at) {
    state.warned = at;
    say(minutes <= 0 ? "The round may be sealed at any moment." : `The round is sealed in about ${minutes} min; ${d.open} left.`);
  }
}

// take is what follows every answer. told is what to say of a pair that is new, after
// which the eyes go to it.
function take(answer, told) {
  if (answer.away) {
    state.away = true;
    cry(answer.away + (state.sending ? ` Your choice, ${names[state.sending.choice]}, waits here and is sent again.` : " Trying again."));
    return false;
  }
  if (state.away) cry("");
  state.away = false;
  if (answer.problem === "token") {
    show(null);
    $("facts").hidden = $("later").hidden = $("undo").hidden = $("finish").hidden = true;
    empty(state.token ? "Another address" : "An address is needed", answer.message);
    return false;
  }
  const d = answer.desk;
  if (!d) {
    cry(answer.message);
    return false;
  }
  state.desk = d;
  state.ahead = Date.parse(d.now) - Date.now();
  facts(d);
  if (!same(d.item, state.shown) || d.was) {
    const was = state.shown;
    const lost = was && sessionStorage.getItem(draft(was));
    const had = document.activeElement;
    show(d.item, d.was);
    if (told) told(was, lost);
    else gone(d, was, lost);
    if (told || had === $("reason")) ($(d.item ? "prompt-head" : "empty-head")).focus({ preventScroll: true });
  }
  until();
  return true;
}

// gone says why another pair is before the eyes than a moment ago.
function gone(d, was, lost) {
  if (!was) {
    if (d.item) say(d.open === 1 ? "One pair to compare." : `${d.open} pairs to compare.`);
    return;
  }
  state.changed = Date.now();
  const why = d.shown === "rated" ? "The pair that was here was rated in another window." : "The round of the pair that was here is sealed.";
  cry(why + (lost ? " The reason that you had begun:" : ""), lost);
}

async function once(work) {
  if (state.busy) return;
  state.busy = true;
  try {
    await work();
  } finally {
    state.busy = false;
  }
}

const where = (item) => (item ? `?round=${item.round}&slot=${item.slot}` : "");

const look = () => once(async () => {
  if (state.sending) await send();
  else take(await ask("api/desk" + where(state.shown)));
});

// choose keeps a choice here until the miner has it.
function choose(choice) {
  const item = state.shown;
  if (!item || state.sending || state.busy || Date.now() - state.changed < pause) return;
  cry("");
  state.sending = { round: item.round, slot: item.slot, pair: item.pair, choice, reason: $("reason").value.trim() };
  keep("sending", state.sending);
  disable(true);
  once(send);
}

function disable(on) {
  for (const b of $("choices").children) b.setAttribute("aria-disabled", String(on));
}

async function send() {
  const s = state.sending;
  const answer = await ask("api/rate", s);
  if (answer.away || answer.problem === "token") {
    take(answer);
    if (answer.away) setTimeout(look, again);
    return;
  }
  state.sending = null;
  keep("sending", null);
  disable(false);
  if (!answer.problem) sessionStorage.removeItem("draft " + s.pair);
  take(answer, () => {
    if (!answer.problem) {
      say(`Kept: ${names[s.choice]}. ${answer.desk.open} left.`);
      return;
    }
    say("");
    cry(`${answer.message} Your choice was not kept: ${names[s.choice]}${s.reason ? ", because:" : "."}`, s.reason);
    sessionStorage.removeItem("draft " + s.pair);
  });
}

function undo() {
  const n = state.desk && state.desk.newest;
  if (!n || state.sending) return;
  cry("");
  once(async () => {
    const answer = await ask("api/undo", { round: n.round, slot: n.slot, change: n.change });
    take(answer, () => {
      if (answer.desk.was) say(`Taken back: ${names[answer.desk.was.choice]}. Choose again.`);
    });
    if (answer.problem && answer.desk) cry(answer.message);
  });
}

function finish() {
  const r = ready(state.desk);
  if (!r || state.sending) return;
  cry("");
  once(async () => {
    const answer = await ask("api/finish", { round: r.round });
    if (!take(answer)) return;
    if (answer.problem) cry(answer.message);
    else {
      say("Finished.");
      $("empty-head").focus({ preventScroll: true });
    }
  });
}

function later() {
  if (!state.shown || state.sending || !state.desk || state.desk.open < 2) return;
  cry("");
  once(async () => take(await ask("api/desk" + where(state.shown) + "&later=1"), () => say("Left for later.")));
}

// Settings stay in this browser.
function setting(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function theme(value) {
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
}

function mark(on) {
  $("work").classList.toggle("marked", on);
  $("differ-word").textContent = on ? "Hide differences" : "Mark differences";
  setting("marks", on ? "on" : "off");
}

const actions = {
  r: () => !$("reason-field").hidden && $("reason").focus(),
  s: later,
  u: undo,
  f: finish,
  d: () => !$("differ-toggle").hidden && mark(!$("work").classList.contains("marked")),
  "?": () => $("help").showModal(),
};
for (let c = 1; c <= 5; c++) actions[c] = () => choose(c);

function key(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.repeat || $("help").open) return;
  if (e.target === $("reason")) {
    if (e.key === "Escape") $("prompt-head").focus({ preventScroll: true });
    return;
  }
  const act = actions[e.key.toLowerCase()];
  if (!act || !$("keys-on").checked) return;
  e.preventDefault();
  act();
}

function begin() {
  theme(setting("theme"));
  for (const r of document.getElementsByName("theme")) {
    r.checked = r.value === (setting("theme") || "");
    r.addEventListener("change", () => theme(setting("theme", r.value)));
  }
  $("keys-on").checked = setting("keys") !== "off";
  $("keys-on").addEventListener("change", () => setting("keys", $("keys-on").checked ? "on" : "off"));
  mark(setting("marks") !== "off");
  $("differ-toggle").addEventListener("click", actions.d);
  $("help-open").addEventListener("click", actions["?"]);
  $("later").addEventListener("click", later);
  $("undo").addEventListener("click", undo);
  $("finish").addEventListener("click", finish);
  for (const b of $("choices").children) b.addEventListener("click", () => choose(Number(b.dataset.choice)));
  $("reason").addEventListener("input", () => state.shown && sessionStorage.setItem(draft(state.shown), $("reason").value));
  document.addEventListener("keydown", key);
  document.addEventListener("visibilitychange", () => !document.hidden && look());
  addEventListener("hashchange", () => {
    state.token = token();
    look();
  });
  document.body.classList.add("idle");
  disable(!!state.sending);
  look();
  setInterval(() => {
    until();
    if (!document.hidden) look();
  }, poll);
}

begin();
