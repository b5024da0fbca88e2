// The chat page: conversations are kept in the browser, answers come from
// /v1/chat/completions as they are made, and the server checks a receipt again
// by /v1/receipts/{id}/check. Nothing is loaded from elsewhere, and no text
// becomes markup.
"use strict";

const at = id => document.getElementById(id);
const place = "assay.chat", keyPlace = "assay.key";
const numbers = ["temperature", "top_p", "max_tokens", "seed"];

/** What is kept: conversations, the newest first, which one is open, settings. */
let kept = {open: 0, list: [], settings: {system: "", temperature: "1", top_p: "1", max_tokens: "", seed: "", model: ""}};
let running = null; // the answer that comes: {abort, talk}

function load() {
  try {
    const saved = JSON.parse(localStorage.getItem(place));
    if (saved && Array.isArray(saved.list)) {
      kept = {...kept, ...saved, settings: {...kept.settings, ...saved.settings}};
    }
  } catch { /* what cannot be read is as if nothing were there */ }
  if (!kept.list.length) kept.list.push({title: "", turns: []});
  kept.open = Math.min(Math.max(0, kept.open | 0), kept.list.length - 1);
}

/**
 * Keeps what there is; where the browser has no room, all but the oldest. Where it
 * keeps nothing at all, what is there stays as long as the page is open.
 */
function save() {
  for (;;) {
    try {
      localStorage.setItem(place, JSON.stringify(kept));
      return;
    } catch (e) {
      if (e.name !== "QuotaExceededError" || kept.list.length < 2) {
        complain("The browser does not keep this conversation: " + e.message);
        return;
      }
      kept.list.splice(kept.open === kept.list.length - 1 ? kept.list.length - 2 : kept.list.length - 1, 1);
      kept.open = Math.min(kept.open, kept.list.length - 1);
      showList();
    }
  }
}

/**
 * Takes over the conversations that another tab has kept, or it and this one would
 * undo what the other says. This one's settings, and what is open, stay.
 */
function adopt() {
  if (running) return;
  const was = JSON.stringify(talk()), settings = kept.settings;
  load();
  kept.settings = settings;
  const same = kept.list.findIndex(c => JSON.stringify(c) === was);
  if (same >= 0) kept.open = same;
  showTalk();
}

const talk = () => kept.list[kept.open];
const titleOf = c => c.title || "New conversation";
const say = text => { at("says").textContent = text; };
const complain = text => { at("alert").textContent = text; };

/** An element with a class, a text and children. */
function make(tag, name, ...inner) {
  const e = document.createElement(tag);
  if (name) e.className = name;
  e.append(...inner);
  return e;
}

function button(text, label, act) {
  const b = make("button", "", text);
  b.type = "button";
  if (label) b.setAttribute("aria-label", label);
  b.addEventListener("click", act);
  return b;
}

/** A text whose fenced parts are blocks of code. */
function fill(element, text) {
  element.replaceChildren();
  text.split(/^```[^\n]*\n?/m).forEach((part, i) => {
    if (i % 2 === 0) {
      element.append(part);
      return;
    }
    const code = make("pre", "", part.replace(/\n$/, ""));
    code.tabIndex = 0;
    element.append(code);
  });
}

function showList() {
  at("list").replaceChildren(...kept.list.map((c, i) => {
    const open = button(titleOf(c), "", () => choose(i));
    if (i === kept.open) open.setAttribute("aria-current", "true");
    const drop = button("×", "Delete " + titleOf(c), () => remove(i));
    return make("li", "", open, drop);
  }));
  at("title").textContent = titleOf(talk());
}

function showTalk() {
  at("talk").replaceChildren(...talk().turns.map(turnView));
  at("talk").scrollTop = at("talk").scrollHeight;
  showList();
}

/** A turn as it is shown; its text can be filled again while it comes. */
function turnView(turn) {
  const text = make("div", "text");
  text.dir = "auto";
  const view = make("section", "turn " + turn.role, make("h3", "", turn.role === "user" ? "You" : turn.model || "Answer"));
  if (turn.thought) {
    const thought = make("div", "text thought", turn.thought);
    view.append(make("details", "", make("summary", "", "Thought"), thought));
  }
  fill(text, turn.text);
  view.append(text);
  if (turn.role === "assistant" && turn.end) view.append(footView(turn));
  return view;
}

/** What stands under an answer: how it ended, its receipt, and its check. */
function footView(turn) {
  const foot = make("div", "foot");
  if (turn.end !== "stop") foot.append(make("span", "", {length: "Cut at the most tokens", stopped: "Stopped"}[turn.end] || turn.end));
  if (turn.tokens) foot.append(make("span", "", `${turn.tokens} tokens`));
  if (!turn.receipt || turn.end === "stopped") return foot;
  const link = make("a", "receipt", "Receipt");
  link.href = "/v1/receipts/" + turn.receipt;
  link.target = "_blank";
  link.rel = "noopener";
  link.addEventListener("click", e => { e.preventDefault(); fetchReceipt(turn.receipt); });
  const verdict = make("span", "verdict", turn.verdict || "");
  const check = button("Check it again here", "", async () => {
    check.disabled = true;
    say("The answer is computed again.");
    try {
      const answer = await ask("/v1/receipts/" + turn.receipt + "/check", {method: "POST"});
      const found = await answer.json();
      turn.verdict = found.equal ? `Equal, all ${found.tokens} tokens, to the bit` : `Differs: ${found.kind} at token ${found.position}`;
    } catch (e) {
      turn.verdict = e.message;
    }
    verdict.textContent = turn.verdict;
    say(turn.verdict);
    check.disabled = false;
    save();
  });
  foot.append(link, check, verdict);
  return foot;
}

/** A receipt as a file, for assay model verify anywhere. */
async function fetchReceipt(id) {
  try {
    const body = await (await ask("/v1/receipts/" + id)).blob();
    const a = make("a");
    a.href = URL.createObjectURL(body);
    a.download = "receipt-" + id + ".json";
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 1000);
    say("The receipt is saved. Check it anywhere by: assay model verify --run FILE");
  } catch (e) {
    complain(e.message);
  }
}

/** Asks the server; what it refuses is an error with its own words. */
async function ask(path, options = {}) {
  const headers = {...options.headers};
  const key = at("key").value.trim();
  if (key) headers.Authorization = "Bearer " + key;
  let answer;
  try {
    answer = await fetch(path, {...options, headers});
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new Error("The server does not answer. Is assay serve running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) {
    at("settings").open = true;
    throw new Error("This server asks for a key: give it under Settings.");
  }
  let said = "";
  try {
    said = (await answer.json()).error.message;
  } catch { /* it said nothing that can be read */ }
  throw new Error(said || `The server refused: status ${answer.status}.`);
}

function requestOf(conversation) {
  const s = kept.settings;
  const messages = conversation.turns.filter(t => t.text || t.role === "user").map(t => ({role: t.role, content: t.text}));
  if (s.system.trim()) messages.unshift({role: "system", content: s.system});
  const request = {model: at("model").value, messages, stream: true, stream_options: {include_usage: true}};
  for (const name of numbers) {
    if (s[name] !== "") request[name] = Number(s[name]);
  }
  return request;
}

/** The objects of a stream of server-sent events. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let held = "";;) {
    const {value, done} = await reader.read();
    if (done) return;
    const lines = (held + value).split("\n");
    held = lines.pop();
    for (const line of lines) {
      if (line === "data: [DONE]") return;
      if (line.startsWith("data: ")) yield JSON.parse(line.slice(6));
    }
  }
}

async function send() {
  const text = at("ask").value;
  if (!text.trim() || running) return;
  const wrong = numbers.map(at).find(e => !e.checkValidity());
  if (wrong) {
    at("settings").open = true;
    complain(`${wrong.labels[0].textContent}: ${wrong.validationMessage}`);
    wrong.focus();
    return;
  }
  complain("");
  const conversation = talk();
  conversation.turns.push({role: "user", text});
  conversation.title ||= text.trim().replace(/\s+/g, " ").slice(0, 60);
  const request = requestOf(conversation);
  const turn = {role: "assistant", text: "", thought: "", model: at("model").value, receipt: "", end: "", tokens: 0};
  conversation.turns.push(turn);
  at("ask").value = "";
  running = {abort: new AbortController(), conversation};
  at("stop").hidden = false;
  at("send").disabled = true;
  say("The answer comes.");
  save();
  showTalk();
  try {
    await answer(request, turn, conversation);
    say("The answer is whole.");
  } catch (e) {
    turn.end ||= "stopped";
    if (e.name === "AbortError") {
      say("Stopped.");
    } else {
      say("");
      complain(e.message);
    }
    if (!turn.text && !turn.thought) conversation.turns.splice(conversation.turns.indexOf(turn), 1);
  }
  running = null;
  at("stop").hidden = true;
  at("send").disabled = false;
  save();
  if (talk() === conversation) showTalk();
}

/** Takes an answer as it comes; it is shown while its conversation is. */
async function answer(request, turn, conversation) {
  const got = await ask("/v1/chat/completions", {
    method: "POST", body: JSON.stringify(request), headers: {"Content-Type": "application/json"}, signal: running.abort.signal,
  });
  turn.receipt = got.headers.get("X-Assay-Receipt") || "";
  let drawn = false;
  const draw = () => {
    drawn = false;
    const log = at("talk");
    if (talk() !== conversation || !running || !log.lastChild) return;
    const below = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    log.replaceChild(turnView(turn), log.lastChild);
    if (below) log.scrollTop = log.scrollHeight;
  };
  for await (const part of events(got.body)) {
    if (part.error) throw new Error(part.error.message);
    if (part.usage) turn.tokens = part.usage.completion_tokens;
    for (const choice of part.choices) {
      turn.text += choice.delta.content || "";
      turn.thought += choice.delta.reasoning_content || "";
      if (choice.finish_reason) turn.end = choice.finish_reason;
    }
    if (!drawn) {
      drawn = true;
      requestAnimationFrame(draw);
    }
  }
  if (!turn.end) throw new Error("The answer broke off.");
}

const stop = () => running && running.abort.abort();

function choose(i) {
  kept.open = i;
  document.body.classList.remove("side");
  at("open").setAttribute("aria-expanded", "false");
  complain("");
  save();
  showTalk();
  at("title").focus();
}

function begin() {
  const empty = kept.list.findIndex(c => !c.turns.length);
  if (empty < 0) kept.list.unshift({title: "", turns: []});
  choose(Math.max(0, empty));
  at("ask").focus();
}

function remove(i) {
  if (running && running.conversation === kept.list[i]) stop();
  const [gone] = kept.list.splice(i, 1);
  if (!kept.list.length) kept.list.push({title: "", turns: []});
  if (i < kept.open || kept.open === kept.list.length) kept.open = Math.max(0, kept.open - 1);
  save();
  showTalk();
  say(`“${titleOf(gone)}” is deleted.`);
  at("new").focus();
}

async function listModels() {
  try {
    const {data} = await (await ask("/v1/models")).json();
    at("model").replaceChildren(...data.map(m => new Option(m.id, m.id)));
    if (data.some(m => m.id === kept.settings.model)) at("model").value = kept.settings.model;
    complain("");
  } catch (e) {
    complain(e.message);
  }
}

function wire() {
  at("form").addEventListener("submit", e => { e.preventDefault(); send(); });
  at("ask").addEventListener("keydown", e => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      send();
    }
  });
  document.addEventListener("keydown", e => { if (e.key === "Escape") stop(); });
  window.addEventListener("storage", e => { if (e.key === place) adopt(); });
  at("stop").addEventListener("click", stop);
  at("new").addEventListener("click", begin);
  at("open").addEventListener("click", () => {
    at("open").setAttribute("aria-expanded", String(document.body.classList.toggle("side")));
  });
  for (const name of ["system", ...numbers]) {
    at(name).value = kept.settings[name];
    at(name).addEventListener("input", () => { kept.settings[name] = at(name).value; save(); });
  }
  at("model").addEventListener("change", () => { kept.settings.model = at("model").value; save(); });
  at("key").value = sessionStorage.getItem(keyPlace) || "";
  at("key").addEventListener("change", () => { sessionStorage.setItem(keyPlace, at("key").value); listModels(); });
}

load();
wire();
showTalk();
listModels();
at("ask").focus();
