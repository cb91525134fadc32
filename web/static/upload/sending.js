// One file on its way: prepared, declared and sent by the tus client, then followed until it is judged.

import { digest, idempotencyKey, isSame, sample } from "./identity.js";
import { Line } from "./line.js";
import { claim, forget, remember, source } from "./memory.js";
import { call, MOVES, patience, pause, Refused } from "./network.js";
import { stretch } from "./stretch.js";
import { fill, message, pace, Rate, readable } from "./words.js";

const POLL = [0.7, 0.7, 1, 1, 1.5, 2, 3, 5];

export class Sending {
  /** `changed()` is called whenever a state changes or bytes have gone. */
  constructor(record, file, bundle, changed) {
    Object.assign(this, { record, file, bundle, changed, sent: 0, rate: new Rate() });
    this.noting = record.bundle ? Promise.resolve() : null;
    bundle.sendings.push(this);
    this.control = new AbortController();
    this.line = new Line(record.name, record.path, record.size, (act) => this[act]());
    this.say("waiting", message.msgWaiting);
  }

  /** A file that was just chosen. */
  static of({ file, folder, handle }, bundle, changed) {
    const record = {
      key: idempotencyKey(), account: message.account, name: file.name, path: folder, size: file.size,
      modified: file.lastModified, sample: null, sha256: null, url: null, material: null, bundle: null, settled: false,
      source: handle, at: Date.now(),
    };
    return new Sending(record, file, bundle, changed);
  }

  get over() {
    return ["ready", "rejected", "failed", "cancelled"].includes(this.state);
  }

  /** Whether bytes are still to be sent, as far as anybody can tell without the person. */
  get underway() {
    return ["waiting", "hashing", "sending", "retrying"].includes(this.state);
  }

  get percent() {
    return Math.floor((this.sent / (this.record.size || 1)) * 100);
  }

  say(state, text) {
    this.state = state;
    this.line.show(state, text);
    this.changed(this);
  }

  progress(sent) {
    this.sent = sent;
    this.rate.add(sent);
    this.line.progress(sent);
    const size = readable(this.record.size);
    const text = fill(message.msgSending, { percent: this.percent, size });
    this.say("sending", text + pace(this.rate.value, this.record.size - sent));
  }

  // What a person asks for.

  pause() {
    this.say("paused", fill(message.msgPaused, { percent: this.percent }));
    this.control.abort();
  }

  async resume() {
    if (!this.file && this.record.source?.requestPermission) {
      const granted = await this.record.source.requestPermission({ mode: "read" }).catch(() => "");
      if (granted === "granted") this.file = await this.record.source.getFile().catch(() => null);
    }
    if (this.file) this.wait();
    else this.missing();
  }

  retry() {
    this.wait();
  }

  wait() {
    this.control = new AbortController();
    this.rate = new Rate();
    this.say("waiting", message.msgWaiting);
  }

  /** The browser could not keep the file: it is to be chosen once more. */
  missing() {
    this.say("unchosen", fill(message.msgUnchosen, { percent: this.percent }));
  }

  rechoose() {
    const again = document.getElementById("again");
    again.value = "";
    again.onchange = () => this.chosen({ file: again.files[0], handle: null });
    again.click();
  }

  /** Go on with this file if it is the one; whether it is. */
  async chosen({ file, handle }) {
    if (!await isSame(this.record, file)) {
      this.say("unchosen", message.msgOtherFile);
      return false;
    }
    this.file = file;
    this.record.source = handle;
    this.wait();
    return true;
  }

  cancel() {
    this.say("cancelled", message.msgCancelled);
    this.control.abort();
    forget(this.record.key);
    if (this.record.url) call(this.record.url, { method: "DELETE" }).catch(() => {});
  }

  // Sending.

  /** What is wrong with the file before anything is sent; null when nothing is. */
  get refused() {
    if (this.record.size === 0) return message.msgEmptyFile;
    return this.record.size > Number(message.max) ? message.msgTooLarge : null;
  }

  /** Send all bytes. Resolves to whether they are all there; what went wrong is said on the line. */
  async send() {
    const { signal } = this.control;
    try {
      if (this.refused) throw new Refused(this.refused, 422);
      await this.prepare(signal);
      // Without a file all its bytes are there already: only how it was judged is not known yet.
      if (this.file) await this.persist(() => this.carry(signal), signal);
      this.say("checking", message.msgChecking);
      return true;
    } catch (error) {
      if (!signal.aborted) this.fail(error);
      return false;
    }
  }

  fail(error) {
    if (error instanceof DOMException) {
      this.say("failed", message.msgUnreadable);
    } else if (error.status === 422) {
      this.say("rejected", error.message);
      forget(this.record.key);
    } else {
      this.say("failed", fill(message.msgFailed, { reason: error.message }));
    }
  }

  async prepare(signal) {
    const { record } = this;
    if (record.settled) return;
    this.say("hashing", message.msgHashing);
    await this.noted();
    record.sha256 = await digest(this.file);
    signal.throwIfAborted();
    record.material = this.bundle.material?.id ?? null;
    record.settled = true;
    await this.keep();
  }

  /** Kept in this browser, once: its turn may be long in coming, and the page closed before. */
  noted() {
    this.noting ??= this.note().catch((error) => {
      this.noting = null;
      throw error;
    });
    return this.noting;
  }

  async note() {
    const { record } = this;
    await claim(record.key);
    record.sample = await sample(this.file);
    record.source = await source(this.file, record.source);
    await this.keep();
  }

  async keep() {
    if (this.over) return;
    const { id, name, together, material } = this.bundle;
    this.record.bundle = { id, name, together, material };
    await remember(this.record);
  }

  carry(signal) {
    return stretch(this.file, this.record, {
      signal,
      located: (url) => this.located(url),
      progress: (sent) => this.progress(sent),
    });
  }

  located(url) {
    if (this.record.url === url) return;
    this.record.url = url;
    this.keep();
  }

  /** Do it until it works, the person stops it, or the server says a lasting no. */
  async persist(act, signal) {
    for (let attempt = 0, moved = 0; ; attempt += 1) {
      const before = this.sent;
      try {
        return await act();
      } catch (error) {
        signal.throwIfAborted();
        if (error.status === 410 && this.record.url) {
          this.renew();
        } else if (error.status === 409 && moved < MOVES) {
          moved += 1;
        } else if (error.again && await this.readable()) {
          if (this.sent > before) attempt = 0;
          await this.hold(attempt, signal);
        } else {
          throw error.again ? new Refused(message.msgUnreadable, 400) : error;
        }
      }
    }
  }

  /** Browsers call it a broken connection when a file was changed or removed since it was chosen. */
  readable() {
    return this.file ? this.file.slice(0, 1).arrayBuffer().then(() => true, () => false) : true;
  }

  async hold(attempt, signal) {
    const seconds = patience(attempt);
    this.say("retrying", fill(message.msgRetrying, { seconds }));
    this.rate = new Rate();
    await pause(seconds, signal);
    signal.throwIfAborted();
  }

  /** The server has let the upload go (after a week): it is declared anew. */
  renew() {
    forget(this.record.key);
    this.record.url = null;
    this.record.key = idempotencyKey();
    this.sent = 0;
  }

  /** Follow the check. Resolves to the material, or null when the file was refused. */
  async judged() {
    const { signal } = this.control;
    try {
      for (let look = 0; ; look += 1) {
        const found = await this.persist(async () => (await call(this.record.url)).json(), signal);
        if (found.state === "ready") return this.accepted(found);
        if (["rejected", "quarantined"].includes(found.state)) throw new Refused(found.reason, 422);
        this.say("checking", found.reason ?? message.msgChecking);
        await pause(POLL[Math.min(look, POLL.length - 1)], signal);
      }
    } catch (error) {
      if (!signal.aborted) this.fail(error);
      return null;
    }
  }

  accepted(found) {
    this.say("ready", [message.msgReady, ...found.warnings].join(". "));
    if (found.duplicates?.length) this.line.alike(found.duplicates, `${found.material.url}/giong`);
    return found.material;
  }
}
