// What every page gets from script; each page works without it.

const messages = document.body.dataset;

/** "/" jumps to the search box, as long as nobody is typing. */
function focusSearchOnSlash(event) {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const box = [...document.querySelectorAll("input[name=q]")].find((input) => input.offsetParent);
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    if (event.type === "keydown" && event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (event.type === "click" && !menu.contains(event.target)) {
      menu.open = false;
    }
  }
}

function button(text, className) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  return element;
}

/** Ask before a form with data-confirm is sent; resolves to true when the person agrees. */
function ask(question) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "dialog-question");
  const text = document.createElement("p");
  text.id = "dialog-question";
  text.textContent = question;
  const row = document.createElement("div");
  row.className = "row";
  const no = button(messages.msgCancel, "button");
  const yes = button(messages.msgConfirm, "button danger");
  row.append(no, yes);
  dialog.append(text, row);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => dialog.close("yes"));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

async function confirmSubmit(event) {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.agreed) return;
  event.preventDefault();
  if (await ask(form.dataset.confirm)) {
    form.dataset.agreed = "yes";
    form.requestSubmit();
  }
}

async function copy(event) {
  const source = event.target.closest("[data-copy]");
  if (!source) return;
  const label = source.querySelector("span");
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(source.dataset.copy);
  } catch {
    // Without a secure context there is no clipboard: leave the text selectable in a field.
    const field = document.createElement("input");
    field.value = source.dataset.copy;
    field.readOnly = true;
    field.setAttribute("aria-label", before);
    field.className = "select";
    source.replaceWith(field);
    field.select();
    return;
  }
  label.setAttribute("role", "status");
  label.textContent = messages.msgCopied;
  setTimeout(() => { label.textContent = before; }, 2500);
}

/** Suggestions below a search box: an ARIA combobox over /api/suggest. */
class Suggestions {
  constructor(input) {
    this.input = input;
    this.list = document.createElement("ul");
    this.list.className = "suggest";
    this.list.id = `${input.id}-suggest`;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", input.dataset.suggestLabel);
    input.after(this.list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.list.id);
    input.setAttribute("aria-expanded", "false");
    input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.load(), 160);
    });
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.show([]), 150));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.go(event.target.closest("li")));
  }

  async load() {
    const text = this.input.value.trim();
    this.request?.abort();
    if (text.length < 2) return this.show([]);
    this.request = new AbortController();
    try {
      const url = `${this.input.dataset.suggest}?q=${encodeURIComponent(text)}`;
      const answer = await fetch(url, { signal: this.request.signal });
      const items = answer.ok ? (await answer.json()).items : [];
      if (document.activeElement === this.input) this.show(items.slice(0, 8));
    } catch {
      this.show([]);
    }
  }

  show(items) {
    this.list.replaceChildren(...items.map((item, index) => {
      const line = document.createElement("li");
      line.id = `${this.list.id}-${index}`;
      line.dataset.url = item.url;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      const label = document.createElement("span");
      label.textContent = item.label;
      const kind = document.createElement("span");
      kind.className = "kind";
      kind.textContent = item.kind_label ?? "";
      line.append(label, kind);
      return line;
    }));
    this.list.hidden = items.length === 0;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.pick(-1);
  }

  /** Mark line `index`; one step beyond either end means: none, back to the typed text. */
  pick(index) {
    const lines = [...this.list.children];
    this.index = index >= lines.length ? -1 : index;
    lines.forEach((line, at) => line.setAttribute("aria-selected", String(at === this.index)));
    const current = lines[this.index];
    if (current) {
      this.input.setAttribute("aria-activedescendant", current.id);
      current.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  key(event) {
    if (this.list.hidden) return;
    if (event.key === "ArrowDown") this.pick(this.index + 1);
    else if (event.key === "ArrowUp") this.pick((this.index === -1 ? this.list.children.length : this.index) - 1);
    else if (event.key === "Escape") this.show([]);
    else if (event.key === "Enter" && this.index >= 0) this.go(this.list.children[this.index]);
    else return;
    event.preventDefault();
  }

  go(line) {
    if (line?.dataset.url) location.assign(line.dataset.url);
  }
}

document.addEventListener("keydown", focusSearchOnSlash);
document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);
document.addEventListener("click", copy);
document.addEventListener("submit", confirmSubmit);
// The results page answers while one types, so only the other search boxes suggest.
for (const input of document.querySelectorAll("input[data-suggest]")) {
  if (!input.closest("#search-form")) new Suggestions(input);
}
