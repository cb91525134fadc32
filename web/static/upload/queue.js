// Which file is sent next: a few at a time, for school networks are narrow.

import { forget } from "./memory.js";
import { announce, fill, message, pace, Rate, readable } from "./words.js";

/** The first file of a lesson makes its draft; it should not keep the others waiting for long. */
const LEADER_LIMIT = 20 * 2 ** 20;

/** Files that were chosen together. `together`: they make one material, apart each makes its own. */
export class Bundle {
  constructor({ id = crypto.getRandomValues(new Uint32Array(2)).join("-"), name, together, material = null }) {
    Object.assign(this, { id, name, together, material, sendings: [], leader: null });
  }

  /** Whether this file may go now: one makes the draft, and the others follow when it is known. */
  admits(sending) {
    if (!this.together || this.material) return true;
    if (this.leader) return this.leader === sending;
    const waiting = this.sendings.filter((one) => one.state === "waiting");
    return sending === (waiting.find(({ record }) => record.size <= LEADER_LIMIT) ?? waiting[0]);
  }

  /** What its draft may be called until somebody has named it: the folder or the file. */
  titleOf(sending) {
    return (this.together && this.name.split("/").at(-1)) || sending.record.name;
  }

  /** Let another make the draft when this one will not: refused, given up, or stopped too early. */
  release(sending) {
    if (this.leader !== sending) return;
    const early = !sending.record.url && ["failed", "paused", "unchosen"].includes(sending.state);
    if (early || ["rejected", "cancelled"].includes(sending.state)) this.leader = null;
  }
}

const slots = () => {
  const { saveData, effectiveType = "4g" } = navigator.connection ?? {};
  return saveData || effectiveType !== "4g" ? 1 : Number(message.parallel);
};

export class Queue {
  /** `finished(material, name)` is called for each file that has become part of one. */
  constructor(finished) {
    Object.assign(this, { finished, all: [], active: new Set(), rate: new Rate() });
    this.changed = this.changed.bind(this);
    this.button = document.getElementById("pause-all");
    this.button.addEventListener("click", () => this.toggle());
  }

  add(sending) {
    this.all.push(sending);
    this.changed();
  }

  get underway() {
    return this.all.some((sending) => sending.underway);
  }

  changed(sending) {
    if (sending) sending.bundle.release(sending);
    this.show();
    // After the turn in which the state changed: a file that was added last counts too.
    this.turn ??= Promise.resolve().then(() => {
      this.turn = null;
      this.pump();
    });
  }

  pump() {
    for (const sending of this.all) {
      if (this.active.size >= slots()) return;
      if (sending.state === "waiting" && !this.active.has(sending) && sending.bundle.admits(sending)) {
        this.begin(sending);
      }
    }
  }

  async begin(sending) {
    this.active.add(sending);
    const { bundle } = sending;
    if (bundle.together && !bundle.material) bundle.leader = sending;
    const arrived = await sending.send();
    this.active.delete(sending);
    this.changed();
    if (arrived) await this.follow(sending);
  }

  /** What becomes of a file whose bytes are all there. */
  async follow(sending) {
    const { bundle } = sending;
    const material = await sending.judged();
    if (material && bundle.together && !bundle.material) {
      bundle.material = material;
      bundle.leader = null;
      // Before the file that made the draft is forgotten, the others know of it.
      const others = bundle.sendings.filter((one) => !one.over && one.record.bundle);
      await Promise.all(others.map((one) => one.keep()));
    }
    if (material) {
      await forget(sending.record.key);
      this.finished(material, bundle.titleOf(sending));
    }
    this.changed();
  }

  toggle() {
    const under = this.all.filter((sending) => sending.underway);
    if (under.length > 0) under.forEach((sending) => sending.pause());
    else this.all.filter((one) => one.state === "paused").forEach((one) => one.resume());
  }

  show() {
    const counted = this.all.filter(({ state }) => !["cancelled", "rejected"].includes(state));
    const size = counted.reduce((sum, { record }) => sum + record.size, 0);
    const sent = counted.reduce((sum, one) => sum + (one.state === "ready" ? one.record.size : one.sent), 0);
    const paused = this.all.some(({ state }) => state === "paused");
    const busy = this.underway;
    const needless = this.all.length < 2 || !(busy || paused);
    if (needless && this.button === document.activeElement) document.getElementById("sendings").focus();
    document.getElementById("overall").hidden = needless;
    document.getElementById("overall-bar").max = size || 1;
    document.getElementById("overall-bar").value = sent;
    this.rate.add(sent);
    const text = fill(message.msgOverall, {
      done: counted.filter((one) => one.sent >= one.record.size || one.state === "ready").length,
      count: counted.length, percent: Math.floor((sent / (size || 1)) * 100), size: readable(size),
    });
    document.getElementById("overall-text").textContent = text + (busy ? pace(this.rate.value, size - sent) : "");
    this.button.textContent = busy ? message.msgPauseAll : message.msgResumeAll;
    this.tell();
  }

  /** Say once that all is over; the lines of many files are not read out one by one. */
  tell() {
    const over = this.all.length > 1 && this.all.every((sending) => sending.over);
    if (over && !this.told) {
      const ready = this.all.filter(({ state }) => state === "ready").length;
      announce(fill(message.msgAllOver, { done: ready, count: this.all.length }));
    }
    this.told = over;
  }
}
