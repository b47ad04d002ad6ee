// One question over all students. Texts become text nodes alone: nothing in them is markup.
"use strict";

const BLOCK_KEYS = "asdfghj";
let data, question = 0, place = 0, discard = "";

const byId = (id) => document.getElementById(id);
const asked = () => data.questions[question];
const answers = () => asked().answers;
const answer = () => answers()[place];
const say = (text) => { byId("status").textContent = text; };

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// `code`, **bold** and *italic*, as in Markdown; all else stays as it was written
function formatted(text, className) {
  const made = element("div", { class: `text ${className}` });
  for (const part of text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*|\*[^*\s][^*\n]*\*)/)) {
    if (/^`.+`$/.test(part)) made.append(element("code", {}, part.slice(1, -1)));
    else if (/^\*\*.+\*\*$/.test(part)) made.append(element("strong", {}, part.slice(2, -2)));
    else if (/^\*.+\*$/.test(part)) made.append(element("em", {}, part.slice(1, -1)));
    else made.append(part);
  }
  return made;
}

async function send(name, body) {
  const about = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const reply = await fetch(name, about).catch(() => null);
  if (!reply) return { message: data.words.gone, failed: true };
  const found = await reply.json().catch(() => ({ message: data.words.failed }));
  return reply.ok ? found : { ...found, failed: true };
}

async function load() {
  data = await (await fetch("data")).json();
  byId("keys").replaceChildren(element("p", { class: "small" }, `${data.words.keys}: ${data.words.keyhelp}`));
  show();
}

// --- what is shown -------------------------------------------------------------------------------

function show() {
  const { words } = data;
  byId("questions").replaceChildren(...data.questions.map((each, i) => {
    const left = each.answers.filter((a) => a.waits).length;
    const count = `${each.answers.length - left}/${each.answers.length}`;
    const about = { type: "button", onclick: () => go(i, 0), "aria-current": i === question && "true" };
    return element("button", about, `${i + 1}. ${each.cell} ${count}`);
  }));
  byId("questions").setAttribute("aria-label", words.questions);
  byId("main").replaceChildren(read(), mark());
  byId("label").focus({ preventScroll: true });
  discard = "";
}

function read() {
  const { words } = data, { text, reference, rubric, criteria } = asked();
  const parts = [element("h2", { id: "label", tabindex: "-1" }, heading())];
  const { text: said, pictures, waits } = answer();
  parts.push(element("p", { class: `small ${waits ? "waits" : "done"}` }, waits ? words.waits : words.done));
  const box = formatted(said.trim() || words.empty, "answer");
  box.setAttribute("tabindex", "0");
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", words.answer);
  parts.push(box, ...pictures.map((src) => element("img", { src, alt: words.picture })), outputs());
  parts.push(element("h2", {}, words.question), formatted(text, "question"));
  for (const [title, body] of [[words.reference, reference], [words.rubric, criteria.length ? "" : rubric]])
    if (body) parts.push(element("details", {}, element("summary", {}, title), formatted(body, "")));
  return element("section", { "aria-labelledby": "label" }, ...parts);
}

// what cells beside the answer show in the student's file; the next answer's are fetched as well
const fetched = new Map();

function outputsOf(where) {
  if (!fetched.has(where))
    fetched.set(where, fetch(`outputs/${where}`).then((reply) => reply.json()).catch(() => ({})));
  return fetched.get(where);
}

function outputs() {
  const { words } = data, box = element("div", { class: "outputs", tabindex: "0", role: "region", "aria-label": words.outputs });
  const whole = element("details", { open: true, hidden: true }, element("summary", {}, words.outputs), box);
  outputsOf(`${asked().cell}/${place}`).then(({ outputs: parts }) => {
    if (!parts?.length) return;
    whole.hidden = false;
    box.append(...parts.map(([kind, content]) => kind === "large" ? element("p", { class: "small" }, words.large)
      : kind === "text" ? element("pre", {}, content) : element("img", { src: `data:${kind};base64,${content}`, alt: words.outputs })));
  });
  if (place + 1 < answers().length) outputsOf(`${asked().cell}/${place + 1}`);
  return whole;
}

const heading = () => `${answer().label} (${place + 1}/${answers().length})`;

function mark() {
  const { words } = data, { criteria, max_points: most } = asked(), { points, comment } = answer();
  const parts = [];
  if (criteria.length) {
    const rows = criteria.map((each, i) => {
      const box = element("input", { type: "checkbox", id: `criterion-${i}`, checked: points === most });
      box.addEventListener("change", add);
      const about = `+${each.points.toLocaleString(document.documentElement.lang)}: ${each.text}`;
      return element("label", { class: "criterion", for: box.id }, box, element("kbd", {}, `${i + 1}`), about);
    });
    parts.push(element("fieldset", {}, element("legend", {}, words.rubric), ...rows));
  }
  const field = element("input", { type: "number", id: "points", min: 0, max: most, step: 0.25, value: points ?? "" });
  parts.push(element("p", {}, element("label", { class: "points", for: "points" }, `${words.points} `), field, ` ${words.of} ${most}`));
  parts.push(...others());
  parts.push(element("label", { class: "points", for: "comment" }, words.comment, " ", element("kbd", {}, "c")));
  const area = element("textarea", { id: "comment", maxlength: 5000 });
  area.value = comment;
  parts.push(area, blockList());
  const step = (key, text, action, name = "") =>
    element("button", { type: "button", class: name, onclick: action }, element("kbd", {}, key), ` ${text}`);
  parts.push(element("div", { class: "steps" },
    step("↵", words.save, save, "main"), step("p", words.previous, () => move(-1)),
    step("n", words.next, () => move(1)), step("u", words.open, nextOpen)));
  return element("section", { "aria-label": words.points }, ...parts);
}

// what several graders think, where the marks are settled
function others() {
  const { words } = data, given = Object.entries(answer().others), parts = [];
  if (given.length) {
    const rows = given.map(([name, each]) => element("tr", {},
      element("th", { scope: "row" }, name), element("td", {}, `${each.points}`), element("td", {}, each.comment)));
    parts.push(element("table", { class: "others", "aria-label": words.graders }, element("tbody", {}, ...rows)));
  }
  parts.push(...asked().agreement.map((line) => element("p", { class: "small" }, line)));
  const differ = answers().map((each, i) => [each, i]).filter(([each]) =>
    new Set(Object.values(each.others).map((other) => other.points)).size > 1);
  if (differ.length)
    parts.push(element("p", { class: "small" }, `${words.differ}: `, ...differ.map(([each, i]) =>
      element("button", { type: "button", onclick: () => go(question, i) }, each.label))));
  if (answers().some((each) => Object.keys(each.others).length))
    parts.push(element("p", {}, element("button", { type: "button", onclick: adopt }, words.adopt)));
  return parts;
}

// --- comments ------------------------------------------------------------------------------------

// lines of comments on this question, the most frequent first
function blocks() {
  const counts = new Map();
  for (const each of answers())
    for (const line of each.comment.split("\n").map((text) => text.trim()).filter(Boolean))
      counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1]).slice(0, BLOCK_KEYS.length).map(([line]) => line);
}

function blockList() {
  const lines = blocks();
  if (!lines.length) return element("p", { class: "small" }, data.words.noblocks);
  return element("ul", { class: "blocks", "aria-label": data.words.blocks }, ...lines.map((line, i) =>
    element("li", {}, element("button", { type: "button", title: line, onclick: () => insert(line) },
      element("kbd", {}, BLOCK_KEYS[i]), ` ${line}`))));
}

function insert(line) {
  const area = byId("comment");
  area.value = area.value.trim() ? `${area.value.trim()}\n${line}` : line;
}

// --- points --------------------------------------------------------------------------------------

const boxes = () => [...document.querySelectorAll("input[type=checkbox]")];
const points = () => (byId("points").value === "" ? null : Number(byId("points").value));

function add() {
  byId("points").value = boxes().reduce((sum, box, i) => sum + (box.checked ? asked().criteria[i].points : 0), 0);
}

function half(by) {
  byId("points").value = Math.min(asked().max_points, Math.max(0, (points() ?? 0) + by));
}

function none() {
  for (const box of boxes()) box.checked = false;
  byId("points").value = 0;
}

const changed = () => points() !== answer().points || byId("comment").value.trim() !== answer().comment;

let saving = false;
async function save() {
  const { words } = data, target = answer();
  if (points() === null) return say(words.nopoints);
  if (saving) return;
  saving = true;
  const seen = { points: target.points, comment: target.comment };
  const body = { cell: asked().cell, number: place, answer: target.key, points: points(), comment: byId("comment").value, seen };
  const found = await send("grade", body);
  saving = false;
  if (found.failed) return say(`${words.failed}: ${found.message}`);
  Object.assign(target, { points: found.points, comment: found.comment, waits: false });
  const label = target.label;
  if (place + 1 < answers().length) place += 1;
  show();
  const left = data.questions.some((each) => each.answers.some((a) => a.waits));
  say(`${words.saved}: ${label}${left ? "" : `. ${words.alldone}`}`);
}

async function adopt() {
  const found = await send("adopt", { cell: asked().cell });
  await load();
  say(found.message);
}

// --- moving --------------------------------------------------------------------------------------

function go(toQuestion, toPlace) {
  const where = `${toQuestion}/${toPlace}`;
  if (changed() && discard !== where) {
    discard = where;
    return say(data.words.dirty);
  }
  [question, place] = [toQuestion, toPlace];
  say("");
  show();
}

function move(by) {
  const to = place + by;
  if (to >= answers().length) return say(data.words.last);
  if (to >= 0) go(question, to);
}

function nextOpen() {
  const order = answers().map((_, i) => (place + 1 + i) % answers().length);
  const to = order.find((i) => answers()[i].waits);
  if (to === undefined) say(data.words.alldone);
  else go(question, to);
}

const KEYS = {
  Enter: save, 0: none, "+": () => half(0.5), "-": () => half(-0.5), n: () => move(1), p: () => move(-1),
  u: nextOpen, q: () => go((question + 1) % data.questions.length, 0), c: () => byId("comment").focus(),
};

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!data || event.altKey || event.metaKey) return;
  if (target.id === "comment" || target.id === "points") {
    if (key === "Escape") byId("label").focus();
    else if (key === "Enter" && (target.id === "points" || event.ctrlKey)) { event.preventDefault(); save(); }
    return;
  }
  if (event.ctrlKey || (key === "Enter" && /^(BUTTON|SUMMARY)$/.test(target.tagName))) return;
  const box = boxes()[Number(key) - 1], block = key.length === 1 && blocks()[BLOCK_KEYS.indexOf(key)];
  if (box) { box.checked = !box.checked; add(); }
  else if (KEYS[key]) KEYS[key]();
  else if (block) insert(block);
  else return;
  event.preventDefault();
});

load();
