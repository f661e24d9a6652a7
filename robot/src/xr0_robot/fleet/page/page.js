"use strict";
// One page for one person: rows and pictures come by a socket, orders go back. No library, nothing from elsewhere.

const WORDS = {
  working: "working", holding: "holding", stopped: "e-stop", help: "needs help", silent: "out of reach",
  stuck: "no progress", doubt: "doubts",
};
const at = (id) => document.getElementById(id);
const made = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

const MANY = 30; // robots; from then on those at work are shown small

// A wall of a hundred changes all the time: nothing is laid out anew that reads as before.
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

const whole = (ms) => (ms === null ? "- ms" : `${ms.toFixed(0)} ms`);

let socket = null;
let person = null; // {name, password}, as long as the page is open
let rows = new Map();
let tiles = new Map();
let opened = null;
const seen = new Set();
const watcher = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) seen[isIntersecting ? "add" : "delete"](target.dataset.name);
  tell({ see: [...seen] });
}, { rootMargin: "100px" });

function tell(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function order(robots, what, instruction = "") {
  tell({ order: { robots, what, instruction } });
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/watch`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => tell({ login: person });
  socket.onmessage = ({ data }) => (typeof data === "string" ? hear(JSON.parse(data)) : picture(data));
  socket.onclose = ({ reason }) => {
    if (at("fleet").hidden) {
      at("refused").textContent = reason || "The hub is out of reach.";
      return;
    }
    at("lost").hidden = false;
    setTimeout(connect, 1000);
  };
}

function hear(news) {
  if (news.you) welcome();
  for (const row of news.rows ?? []) update(row);
  if (news.order) arrange(news.order);
  if (news.rows || news.order) sums();
  if (news.journal) journal(news.journal);
  if (news.timeline) timeline(news.timeline);
}

function welcome() {
  at("gate").hidden = true;
  at("fleet").hidden = false;
  at("lost").hidden = true;
  at("journal").replaceChildren();
  tell({ see: [...seen] });
  if (opened) tell({ open: opened });
  if (!document.activeElement || document.activeElement === document.body) at("find").focus();
}

function update(row) {
  const before = rows.get(row.name);
  rows.set(row.name, row);
  const tile = tiles.get(row.name) ?? newTile(row.name);
  const waited = row.alarm ? ` ${row.alarm_s} s` : "";
  const look = `${row.state}${row.alarm ? " alarm" : ""}`;
  if (tile.button.className !== look) tile.button.className = look;
  tile.item.classList.toggle("wants", Boolean(row.alarm));
  put(tile.state, WORDS[row.alarm ?? row.state] + waited);
  put(tile.said, row.instruction || "no instruction yet");
  put(tile.why, row.why);
  put(tile.numbers, `${row.pieces} done · ${row.per_minute}/min · ${whole(row.latency_ms)}`);
  if (row.alarm && row.alarm !== before?.alarm) at("news").textContent = `${row.name}: ${WORDS[row.alarm]}. ${row.why}`;
  if (row.name === opened) details(row);
}

function newTile(name) {
  const item = document.createElement("li");
  const button = made("button", "");
  const [image, text, top] = [made("img", ""), made("span", "text"), made("span", "top")];
  const [state, said, why, numbers] = ["state", "said", "why", "numbers"].map((each) => made("span", each));
  image.alt = "";
  top.append(made("span", "", name), state);
  text.append(top, said, why, numbers);
  button.append(image, text);
  button.onclick = () => open(name);
  item.dataset.name = name;
  item.append(button);
  const tile = { item, button, image, state, said, why, numbers };
  tiles.set(name, tile);
  at("wall").append(item);
  watcher.observe(item);
  return tile;
}

function arrange(names) {
  for (const [name, tile] of tiles) {
    if (names.includes(name)) continue;
    watcher.unobserve(tile.item);
    tile.item.remove();
    tiles.delete(name);
    rows.delete(name);
  }
  if (opened && !rows.has(opened)) at("robot").close();
  const focused = document.activeElement; // an element that is moved loses it
  names.forEach((name, place) => {
    const { item } = tiles.get(name);
    if (at("wall").children[place] !== item) at("wall").insertBefore(item, at("wall").children[place] ?? null);
  });
  if (focused !== document.activeElement) focused.focus({ preventScroll: true });
  filter();
}

function filter() {
  const wanted = at("find").value.trim().toLowerCase();
  for (const [name, { item }] of tiles) {
    const row = rows.get(name);
    const text = `${name} ${row.instruction} ${row.why}`.toLowerCase();
    item.hidden = !text.includes(wanted) || (at("only").checked && !row.alarm);
  }
}

function sums() {
  const all = [...rows.values()];
  const alarms = all.filter((row) => row.alarm).length;
  const [done, failed] = ["pieces", "failures"].map((key) => all.reduce((sum, row) => sum + row[key], 0));
  put(at("sum-robots"), `${all.length}`);
  put(at("sum-working"), `${all.filter((row) => row.state === "working").length}`);
  put(at("sum-alarms"), `${alarms}`);
  at("sum-alarms").parentElement.classList.toggle("some", alarms > 0);
  put(at("sum-rate"), all.reduce((sum, row) => sum + row.per_minute, 0).toFixed(1));
  put(at("sum-success"), done + failed ? `${((100 * done) / (done + failed)).toFixed(1)} %` : "-");
  at("empty").hidden = all.length > 0;
  at("wall").classList.toggle("many", all.length >= MANY);
  const title = alarms ? `(${alarms}) Fleet` : "Fleet";
  if (document.title !== title) document.title = title;
  if (at("only").checked) filter();
}

function journal(entries) {
  for (const entry of entries) {
    const line = document.createElement("li");
    const when = made("time", "", new Date(entry.when).toLocaleTimeString());
    when.dateTime = entry.when;
    line.append(when, [entry.robot, [entry.robot, "hub"].includes(entry.who) ? "" : entry.who, entry.what, entry.words].filter(Boolean).join(" · "));
    at("journal").prepend(line);
    if (opened && entry.robot === opened && entry.who === person.name) at("outcome").textContent = `${entry.what}: ${entry.words}`;
  }
  while (at("journal").children.length > 200) at("journal").lastChild.remove();
}

function picture(data) {
  const bytes = new Uint8Array(data);
  const name = new TextDecoder().decode(bytes.subarray(1, 1 + bytes[0]));
  const url = URL.createObjectURL(new Blob([bytes.subarray(1 + bytes[0])], { type: "image/jpeg" }));
  const shown = [tiles.get(name)?.image, name === opened ? at("robot-picture") : null].filter(Boolean);
  let left = shown.length;
  for (const image of shown) {
    image.onload = image.onerror = () => --left === 0 && URL.revokeObjectURL(url);
    image.src = url;
  }
  if (!left) URL.revokeObjectURL(url);
}

function open(name) {
  opened = name;
  at("robot-name").textContent = name;
  at("robot-picture").removeAttribute("src");
  at("timeline").replaceChildren();
  at("outcome").textContent = "";
  at("sentence").value = rows.get(name).instruction;
  at("sentences").replaceChildren(...rows.get(name).sentences.map((each) => new Option(each, each)));
  details(rows.get(name));
  at("robot").showModal();
  tell({ open: name });
}

function details(row) {
  const facts = {
    instruction: row.instruction || "-", done: row.pieces, failed: row.failures,
    "pieces / min": row.per_minute, success: row.success === null ? "-" : `${(100 * row.success).toFixed(1)} %`,
    latency: whole(row.latency_ms), "missed ticks": row.missed, doubt: row.doubt ?? "-",
  };
  at("facts").replaceChildren(...Object.entries(facts).flatMap(([key, value]) => [made("dt", "", key), made("dd", "", value)]));
  at("robot-state").className = row.alarm ? "alarm" : "";
  at("forget").hidden = row.state !== "silent";
  const said = WORDS[row.alarm ?? row.state] + (row.why ? `: ${row.why}` : "");
  if (at("robot-state").textContent !== said) at("robot-state").textContent = said;
}

function timeline(points) {
  if (points.length < 2) return;
  const span = points[0][0] || 1;
  const top = Math.max(...points.map((point) => point[2] ?? 0), 1);
  const x = (age) => 600 * (1 - age / span);
  const svg = (tag, given) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(given)) element.setAttribute(key, value);
    return element;
  };
  const bars = [];
  points.forEach(([age, state], place) => {
    const last = bars.at(-1);
    const until = x(points[place + 1]?.[0] ?? 0);
    if (last?.state === state) last.until = until;
    else bars.push({ state, from: x(age), until });
  });
  const drawn = bars.map((bar) => svg("rect", { class: bar.state, x: bar.from, y: 60, width: Math.max(bar.until - bar.from, 1), height: 10 }));
  const line = points.filter((point) => point[2] !== null).map((point, place) => `${place ? "L" : "M"}${x(point[0]).toFixed(1)} ${(56 - (52 * point[2]) / top).toFixed(1)}`);
  at("timeline").replaceChildren(...drawn, svg("path", { d: line.join("") }));
  at("timeline").setAttribute("aria-label", `The last ${Math.round(span)} seconds: ${bars.map((bar) => WORDS[bar.state]).slice(-5).join(", then ")}`);
  at("span").textContent = `last ${Math.round(span)} s`;
  at("top").textContent = `${top.toFixed(0)} ms`;
}

function nextAlarm() {
  const first = [...rows.values()].filter((row) => row.alarm);
  const names = [...at("wall").children].map((item) => item.dataset.name).filter((name) => first.some((row) => row.name === name));
  const here = names.indexOf(document.activeElement?.parentElement?.dataset?.name);
  tiles.get(names[(here + 1) % names.length])?.button.focus();
}

at("login").onsubmit = (event) => {
  event.preventDefault();
  at("refused").textContent = "";
  person = { name: at("name").value, password: at("password").value };
  connect();
};
at("find").oninput = filter;
at("only").onchange = filter;
at("next").onclick = nextAlarm;
at("stop-all").onclick = () => {
  if (confirm(`Press the e-stop of all ${rows.size} robots?`)) order([...rows.keys()], "stop");
};
at("close").onclick = () => at("robot").close();
at("robot").onclose = () => {
  const name = opened;
  opened = null;
  tell({ open: null });
  tiles.get(name)?.button.focus();
};
for (const button of document.querySelectorAll("[data-order]")) {
  button.onclick = () => order([opened], button.dataset.order);
}
at("forget").onclick = () => tell({ forget: opened });
at("instruct").onsubmit = (event) => {
  event.preventDefault();
  order([opened], "instruct", at("sentence").value);
};
document.onkeydown = (event) => {
  const typing = event.target.matches("input") || at("robot").open || event.ctrlKey || event.metaKey || event.altKey;
  if (typing || at("fleet").hidden) return;
  if (event.key === "n") nextAlarm();
  else if (event.key === "/") at("find").focus();
  else return;
  event.preventDefault();
};
