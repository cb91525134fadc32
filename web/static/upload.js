// Sending files: declared, sent in slices, continued after a broken connection, then inspected.

const root = document.getElementById("upload");
const list = document.getElementById("sendings");
const zone = document.getElementById("zone");
const picker = document.getElementById("files");
const question = document.getElementById("together");
const message = root.dataset;

const HASH_LIMIT = 64 * 2 ** 20;
const SLICE = 32 * 2 ** 20;
const POLL = 700;
const SILENCE = 60;
const PATIENCE = [1, 2, 4, 8, 15, 30];

const pause = (seconds) => new Promise((resolve) => {
  setTimeout(resolve, seconds * 1000);
  addEventListener("online", resolve, { once: true });
});
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Bytes as people read them here: comma for decimals, 1 KB = 1,024 bytes as the server says it. */
function readable(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  const step = bytes < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10));
  const digits = step === 0 ? 0 : 1;
  const format = { maximumFractionDigits: digits };
  return `${(bytes / 1024 ** step).toLocaleString(message.lang, format)} ${units[step]}`;
}

/** A random 128-bit key, kept with the file, so that a repeated declaration makes no second upload. */
function idempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What the server refused, with its own sentence. `again` says whether trying later can help. */
class Refused extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
    this.again = status === 0 || status === 423 || status === 429 || (status >= 500 && status !== 507);
  }
}

async function call(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    throw new Refused("", 0);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) throw new Refused(message.msgSignedOut, 401);
  const body = await answer.json().catch(() => null);
  throw new Refused(body?.error?.message ?? `HTTP ${answer.status}`, answer.status);
}

function hash(file) {
  if (file.size > HASH_LIMIT || !window.isSecureContext) return Promise.resolve(null);
  return new Promise((resolve) => {
    const worker = new Worker(message.worker);
    const done = (digest) => {
      worker.terminate();
      resolve(digest);
    };
    worker.addEventListener("message", (event) => done(event.data));
    worker.addEventListener("error", () => done(null));
    worker.postMessage(file);
  });
}

/** One slice by XMLHttpRequest, the only way that tells how much has left. */
function sendSlice(upload, offset, sending) {
  const end = Math.min(offset + SLICE, sending.file.size);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    sending.request = request;
    // A connection can die without a word: after a minute of silence, begin anew.
    let silence = 0;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE * 1000);
    };
    request.addEventListener("loadend", () => clearTimeout(silence));
    listen();
    request.open("PATCH", upload.url);
    request.setRequestHeader("Upload-Offset", String(offset));
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.upload.addEventListener("progress", (event) => {
      listen();
      sending.progress(offset + event.loaded);
    });
    request.addEventListener("error", () => reject(new Refused("", 0)));
    request.addEventListener("abort", () => reject(new Refused("", 0)));
    request.addEventListener("load", () => {
      if (request.status < 300) {
        resolve(Number(request.getResponseHeader("Upload-Offset") ?? end));
        return;
      }
      reject(new Refused(sentence(request), request.status));
    });
    request.send(sending.file.slice(offset, end));
  });
}

function sentence(request) {
  if (request.status === 401) return message.msgSignedOut;
  try {
    return JSON.parse(request.responseText).error.message;
  } catch {
    return `HTTP ${request.status}`;
  }
}

/** One file on its way, and its line in the list. */
class Sending {
  constructor(file) {
    this.file = file;
    this.key = idempotencyKey();
    this.line = document.createElement("li");
    this.line.className = "sending";
    const name = document.createElement("p");
    name.className = "name";
    name.textContent = file.name;
    const size = document.createElement("span");
    size.className = "small soft";
    size.textContent = readable(file.size);
    this.stop = document.createElement("button");
    this.stop.type = "button";
    this.stop.className = "button plain";
    this.stop.addEventListener("click", () => (this.over ? restart(this) : this.cancel()));
    this.bar = document.createElement("progress");
    this.bar.max = file.size || 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", file.name);
    this.said = document.createElement("p");
    this.said.className = "said";
    this.line.append(name, size, this.stop, this.bar, this.said);
    list.append(this.line);
    this.say("waiting", message.msgWaiting);
  }

  /** Show a state; every change but the running percentage is announced. */
  say(state, text, announce = true) {
    this.state = state;
    this.over = ["ready", "rejected", "failed", "cancelled"].includes(state);
    if (this.over || state === "checking") underway.delete(this);
    else underway.add(this);
    this.line.className = `sending ${state}`;
    this.said.textContent = text;
    this.bar.hidden = this.over;
    const label = state === "failed" ? message.msgRetry : message.msgCancel;
    this.stop.textContent = label;
    this.stop.setAttribute("aria-label", `${label}: ${this.file.name}`);
    this.stop.hidden = ["ready", "rejected", "cancelled", "checking"].includes(state);
    if (announce) document.getElementById("said").textContent = `${this.file.name}: ${text}`;
  }

  progress(sent) {
    this.bar.value = sent;
    const percent = Math.floor((sent / this.file.size) * 100);
    const text = fill(message.msgSending, { percent, size: readable(this.file.size) });
    this.say("sending", text, false);
  }

  cancel() {
    this.say("cancelled", message.msgCancelled);
    this.request?.abort();
    if (this.upload) call(this.upload.url, { method: "DELETE" }).catch(() => {});
  }

  /** Send everything. Resolves to the material, or null when the file was refused or cancelled. */
  async run(material) {
    try {
      const wrong = this.file.size === 0 ? message.msgEmptyFile
        : this.file.size > Number(message.max) ? message.msgTooLarge : null;
      if (wrong) {
        this.say("rejected", wrong);
        return null;
      }
      this.upload ??= await this.declare(material);
      await this.transfer();
      return await this.inspected();
    } catch (error) {
      if (this.state !== "cancelled") {
        this.say("failed", fill(message.msgFailed, { reason: error.message }));
      }
      return null;
    }
  }

  async declare(material) {
    this.say("hashing", message.msgHashing, false);
    const declaration = { name: this.file.name, size: this.file.size };
    const digest = await hash(this.file);
    if (digest) declaration.sha256 = digest;
    if (material) declaration.material = material.id;
    const answer = await this.persist(() => call(message.endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": this.key },
      body: JSON.stringify(declaration),
    }));
    return answer.json();
  }

  async transfer() {
    let offset = this.upload.offset;
    while (offset < this.file.size && this.state !== "cancelled") {
      offset = await this.persist(async (attempt) => {
        const from = attempt === 0 ? offset : await this.offset();
        return from >= this.file.size ? from : sendSlice(this.upload, from, this);
      });
    }
  }

  /** How much the server holds for certain. */
  async offset() {
    const answer = await call(this.upload.url, { method: "HEAD" });
    return Number(answer.headers.get("Upload-Offset"));
  }

  /** Try until it works, the person cancels, or the server says a lasting no. */
  async persist(act) {
    for (let attempt = 0; ; attempt += 1) {
      if (this.state === "cancelled") throw new Refused("", 0);
      try {
        return await act(attempt);
      } catch (error) {
        const moved = error instanceof Refused && error.status === 409 && attempt < PATIENCE.length;
        if (this.state === "cancelled" || !(error.again || moved)) throw error;
        const seconds = PATIENCE[Math.min(attempt, PATIENCE.length - 1)];
        this.say("retrying", fill(message.msgRetrying, { seconds }), attempt === 0);
        await pause(moved ? 0 : seconds);
      }
    }
  }

  async inspected() {
    if (this.state === "cancelled") return null;
    this.say("checking", message.msgChecking);
    for (;;) {
      const answer = await this.persist(() => call(this.upload.url));
      const found = await answer.json();
      if (found.state === "rejected") {
        this.say("rejected", found.reason);
        return null;
      }
      if (found.state === "ready") {
        this.say("ready", [message.msgReady, ...found.warnings].join(". "));
        return found.material;
      }
      if (this.state === "retrying") this.say("checking", message.msgChecking, false);
      await pause(POLL / 1000);
    }
  }
}

/** A drop is one group: together they make one material, apart each makes its own. */
class Group {
  constructor(sendings, together) {
    this.sendings = sendings;
    this.together = together;
    // Files that are added to a material that is there already.
    this.material = message.material ? { id: Number(message.material) } : null;
    for (const sending of sendings) sending.group = this;
  }

  async run(sendings = this.sendings) {
    for (const sending of sendings) {
      if (sending.over) continue;
      const material = await sending.run(this.together ? this.material : null);
      if (!material) continue;
      this.material ??= material;
      finished.set(material.id, material);
      showDone();
    }
  }
}

const finished = new Map();
const underway = new Set();
let work = Promise.resolve();
let waiting = [];

/** One thing after the other: school networks are narrow. */
function enqueue(group, sendings) {
  work = work.then(() => group.run(sendings));
}

function restart(sending) {
  sending.say("waiting", message.msgWaiting);
  enqueue(sending.group, [sending]);
}

function link(href, text, className) {
  const element = document.createElement("a");
  element.href = href;
  element.className = className;
  element.textContent = text;
  return element;
}

function showDone() {
  if (message.material) {
    document.getElementById("done").hidden = false;
    showLinks([link(message.files, message.msgArrange, "button main")]);
    return;
  }
  const materials = [...finished.values()];
  const many = materials.length > 1;
  document.getElementById("done").hidden = false;
  document.getElementById("done-text").textContent = many
    ? fill(message.msgDoneMany, { count: materials.length }) : message.msgDoneOne;
  showLinks(materials.flatMap((material) => {
    const label = many ? `${message.msgDescribe}: ${material.title ?? material.code}` : message.msgDescribe;
    const edit = link(material.edit_url, label, "button main");
    return many ? [edit] : [edit, link(material.url, message.msgView, "button")];
  }));
}

/** Links that are there already stay the same elements: one of them may have the focus. */
function showLinks(links) {
  const row = document.getElementById("done-links");
  const present = new Map([...row.children].map((element) => [element.href, element]));
  links.forEach((wanted, place) => {
    const element = present.get(wanted.href) ?? wanted;
    element.textContent = wanted.textContent;
    element.className = wanted.className;
    present.delete(wanted.href);
    if (row.children[place] !== element) row.insertBefore(element, row.children[place] ?? null);
  });
  for (const gone of present.values()) gone.remove();
}

function take(files) {
  waiting.push(...files);
  picker.value = "";
  if (waiting.length === 1 || (message.material && waiting.length > 0)) {
    begin(true);
    return;
  }
  question.hidden = waiting.length === 0;
  document.getElementById("start").textContent = fill(message.msgSendMany, { count: waiting.length });
}

function begin(together) {
  const group = new Group(waiting.map((file) => new Sending(file)), together);
  waiting = [];
  question.hidden = true;
  list.focus();
  enqueue(group);
}

picker.addEventListener("change", () => take(picker.files));
for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  zone.addEventListener(name, () => zone.classList.toggle("over", over));
}
document.getElementById("start").addEventListener("click", () => {
  begin(question.querySelector("input[name=together]:checked").value === "yes");
});
document.getElementById("discard").addEventListener("click", () => {
  waiting = [];
  question.hidden = true;
});
addEventListener("beforeunload", (event) => {
  if (underway.size > 0) event.preventDefault();
});
