// Before sending: what becomes of the files that were chosen, one lesson of a folder or one of each file.

import { byFolder } from "./choosing.js";
import { fill, message, readable } from "./words.js";

const byId = (id) => document.getElementById(id);
const sum = (entries) => entries.reduce((size, { file }) => size + file.size, 0);

export class Plan {
  /** `begin(groups)` is called with [{name, together, entries}] when the person starts. */
  constructor(begin) {
    this.begin = begin;
    this.entries = [];
    byId("start").addEventListener("click", () => this.start());
    byId("discard").addEventListener("click", () => {
      this.clear();
      byId("files").focus();
    });
  }

  add(entries) {
    this.entries.push(...entries);
    if (this.entries.length === 1) this.start();
    else this.show();
  }

  clear() {
    this.entries = [];
    byId("plan").hidden = true;
    byId("together").querySelector("input").checked = true;
  }

  show() {
    const folders = byFolder(this.entries);
    const loose = folders.find(([folder]) => folder === "")?.[1] ?? [];
    byId("plan").hidden = this.entries.length === 0;
    byId("together").hidden = loose.length < 2;
    const crowded = loose.length > Number(message.filesLimit);
    const [together, apart] = byId("together").querySelectorAll("input");
    together.disabled = crowded;
    if (crowded) apart.checked = true;
    byId("crowded").hidden = !crowded;
    byId("crowded").textContent = crowded ? this.crowd("", loose) : "";
    byId("folders").hidden = folders.every(([folder]) => folder === "");
    byId("folder-list").replaceChildren(
      ...folders.filter(([folder]) => folder).map(([folder, entries]) => this.row(folder, entries)),
    );
    const count = this.entries.length;
    byId("start").textContent = fill(message.msgSendMany, { count });
  }

  crowd(folder, entries) {
    const values = { count: entries.length, limit: message.filesLimit };
    return `${folder ? `${folder}: ` : ""}${fill(message.msgCrowded, values)}`;
  }

  row(folder, entries) {
    const row = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = folder;
    const said = document.createElement("span");
    said.className = "small soft";
    said.textContent = fill(message.msgFolder, { count: entries.length, size: readable(sum(entries)) });
    row.append(name, said);
    if (entries.length > 1) row.append(this.choice(folder, entries));
    return row;
  }

  choice(folder, entries) {
    const crowded = entries.length > Number(message.filesLimit);
    const label = document.createElement("label");
    label.className = "check";
    const box = document.createElement("input");
    box.type = "checkbox";
    box.dataset.folder = folder;
    box.checked = crowded;
    box.disabled = crowded;
    const text = document.createElement("span");
    text.textContent = crowded ? this.crowd("", entries) : message.msgSplit;
    box.setAttribute("aria-label", `${text.textContent}: ${folder}`);
    label.append(box, text);
    return label;
  }

  start() {
    const split = new Set([...byId("folder-list").querySelectorAll("input:checked")]
      .map((box) => box.dataset.folder));
    const apart = byId("together").querySelector("input:checked").value === "no";
    const groups = byFolder(this.entries).map(([folder, entries]) => ({
      name: folder,
      together: folder ? !split.has(folder) : !apart,
      entries,
    }));
    byId("folder-list").replaceChildren();
    this.clear();
    this.begin(groups);
  }
}
