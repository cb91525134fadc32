// Suggestions below a search box: an ARIA combobox over /api/suggest.

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
      const asked = new URLSearchParams({ q: text, lang: document.documentElement.lang });
      const url = `${this.input.dataset.suggest}?${asked}`;
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
      kind.textContent = [item.kind_label, item.place].filter(Boolean).join(" · ");
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
    else if (event.key === "Escape") this.forget();
    else if (event.key === "Enter" && this.index >= 0) this.go(this.list.children[this.index]);
    else return;
    event.preventDefault();
  }

  /** Close the list, and keep an answer that is still under way from opening it again. */
  forget() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.show([]);
  }

  go(line) {
    if (line?.dataset.url) location.assign(line.dataset.url);
  }
}

for (const input of document.querySelectorAll("input[data-suggest]")) new Suggestions(input);
