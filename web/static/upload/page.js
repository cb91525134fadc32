// The page where files are sent: what is chosen or dropped is planned, queued, sent and followed.

import { dropped, picked } from "./choosing.js";
import * as done from "./done.js";
import { resembles } from "./identity.js";
import { claim, forget, recall } from "./memory.js";
import { call } from "./network.js";
import { Plan } from "./plan.js";
import { Bundle, Queue } from "./queue.js";
import { Sending } from "./sending.js";
import { announce, fill, message, names } from "./words.js";

const zone = document.getElementById("zone");
const queue = new Queue((material, name) => done.show(material, name));
const plan = new Plan(begin);

/** The material that files are added to, when the page was opened for one. */
const target = message.material ? { id: Number(message.material) } : null;

function begin(groups) {
  if (groups.length === 0) return;
  for (const { name, together, entries } of groups) {
    const bundle = new Bundle({ name, together, material: target });
    const sendings = entries.map((entry) => Sending.of(entry, bundle, queue.changed));
    for (const sending of sendings) queue.add(sending);
    noteAll(sendings);
  }
  document.getElementById("sendings").focus();
}

/** One after the other: keeping the bytes of many films at once would stop the page. */
async function noteAll(sendings) {
  for (const sending of sendings) {
    // A file that cannot be read says so when its turn comes.
    if (!sending.over) await sending.noted().catch(() => {});
  }
}

function note(sentences) {
  const box = document.getElementById("notes");
  box.hidden = sentences.length === 0;
  document.getElementById("notes-list").replaceChildren(...sentences.map((sentence) => {
    const line = document.createElement("li");
    line.textContent = sentence;
    return line;
  }));
  if (sentences.length > 0) announce(sentences.join(" "));
}

const told = (text, entries) => fill(text, {
  count: entries.length, names: names(entries.map(({ file }) => file.name)),
});

/** Whether the file is on the page already: the same name, size and date in the same folder. */
function isKnown({ file, folder }) {
  const alike = (name, path, size, modified) => name === file.name && path === folder
    && size === file.size && modified === file.lastModified;
  return plan.entries.some((one) => alike(one.file.name, one.folder, one.file.size, one.file.lastModified))
    || queue.all.some(({ state, record }) => !["cancelled", "rejected"].includes(state)
      && alike(record.name, record.path, record.size, record.modified));
}

async function take({ entries, skipped }) {
  const sentences = [];
  if (skipped.length > 0) sentences.push(told(message.msgSkipped, skipped));
  const fresh = [], twice = [];
  for (const entry of entries) {
    // A file that waits to be chosen again goes on where it stopped.
    const unfinished = queue.all.find(({ file, state, record }) => !file
      && ["unchosen", "asking"].includes(state) && resembles(record, entry.file));
    if (unfinished && await unfinished.chosen(entry)) continue;
    if (isKnown(entry) || fresh.some((one) => same(one, entry))) twice.push(entry);
    else fresh.push(entry);
  }
  if (twice.length > 0) sentences.push(told(message.msgTwice, twice));
  note(sentences);
  if (fresh.length === 0) return;
  if (!target) plan.add(fresh);
  else if (fresh.length <= Number(message.filesLimit)) begin([{ name: "", together: true, entries: fresh }]);
  else note([...sentences, fill(message.msgNoRoom, { count: fresh.length, room: message.filesLimit })]);
}

const same = (one, other) => one.folder === other.folder && one.file.name === other.file.name
  && one.file.size === other.file.size && one.file.lastModified === other.file.lastModified;

for (const id of ["files", "folder", "photo"]) {
  const picker = document.getElementById(id);
  picker.addEventListener("change", () => {
    const chosen = picked(picker.files);
    picker.value = "";
    take(chosen);
  });
}

// Dropped anywhere: beside the zone the browser would leave the page to show the file.
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  zone.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.classList.remove("over");
});
addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  zone.classList.remove("over");
  take(await dropped(event.dataTransfer));
});

addEventListener("beforeunload", (event) => {
  if (queue.underway || plan.entries.length > 0) event.preventDefault();
});

/** The file of a record, as far as the browser gives it without asking. */
async function kept({ source }) {
  if (!source?.queryPermission) return source ?? null;
  const granted = await source.queryPermission({ mode: "read" }).catch(() => "");
  return granted === "granted" ? source.getFile().catch(() => null) : null;
}

/** Put an upload of an earlier visit on the page, and go on with it where that is possible. */
async function restore(record, bundles) {
  const found = record.url ? await call(record.url).then((answer) => answer.json(), (error) => error) : null;
  const file = await kept(record);
  const gone = [404, 410].includes(found?.status) || ["cancelled", "expired"].includes(found?.state);
  if (gone && !file) {
    await forget(record.key);
    return;
  }
  const bundle = bundles.get(record.bundle.id) ?? new Bundle(record.bundle);
  bundles.set(bundle.id, bundle);
  const sending = new Sending(record, file, bundle, queue.changed);
  if (record.url && bundle.together && !bundle.material && !record.material) bundle.leader = sending;
  sending.sent = found?.offset ?? 0;
  sending.line.progress(sending.sent);
  if (found?.state && !gone && found.state !== "receiving") {
    queue.add(sending);
    sending.say("checking", message.msgChecking);
    queue.follow(sending);
    return;
  }
  if (!file && record.source) sending.say("asking", fill(message.msgAsking, { percent: sending.percent }));
  else if (!file) sending.missing();
  queue.add(sending);
}

async function resumeAll() {
  const bundles = new Map();
  for (const record of await recall()) {
    if (await claim(record.key)) await restore(record, bundles);
  }
}

if (window.tus) {
  await resumeAll();
} else {
  document.getElementById("no-client").hidden = false;
  zone.hidden = true;
  document.getElementById("ways").hidden = true;
}
