// The page of what this device has saved and opened, drawn from the cards that the server still shows.

// The module that the page has loaded already, under the same address: one module, not two.
const { codes, keep, addButtons } = await import(document.querySelector("script[src*='/favorites.js']").src);

const ASKED_AT_ONCE = 50;

async function found(wanted) {
  const cards = [];
  for (let at = 0; at < wanted.length; at += ASKED_AT_ONCE) {
    const query = new URLSearchParams(wanted.slice(at, at + ASKED_AT_ONCE).map((code) => ["code", code]));
    const answer = await fetch(`/api/cards?${query}`, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    cards.push(...(await answer.json()).items);
  }
  return cards;
}

function text(element, selector, value) {
  element.querySelector(selector).textContent = value;
}

function drawn(card, page) {
  const line = document.getElementById("saved-card").content.firstElementChild.cloneNode(true);
  const kind = card.kind_label ?? page.dataset.unknown;
  const link = line.querySelector(".card-title a");
  link.href = card.url;
  link.textContent = card.title;
  text(line, ".card-kind", kind);
  text(line, ".snippet", card.description);
  const grades = card.grades.length ? [page.dataset.grade.replace("{grades}", () => card.grades.join(", "))] : [];
  const facts = [...grades, ...card.subjects.map((subject) => subject.label)];
  line.querySelector(".facts").replaceChildren(...facts.map((fact) => {
    const span = document.createElement("span");
    span.textContent = fact;
    return span;
  }));
  const cover = line.querySelector(".cover");
  const image = line.querySelector("img");
  if (card.thumbnail_url) {
    image.src = card.thumbnail_url;
    cover.remove();
    return line;
  }
  image.remove();
  cover.classList.add(`cover-${card.kind ?? "reference"}`);
  text(cover, ".cover-subject", card.subjects[0]?.label ?? kind);
  text(cover, ".cover-grade", card.grades[0] ?? "");
  cover.querySelector("use").setAttribute("href", `${page.dataset.kinds}#${card.kind ?? "reference"}`);
  return line;
}

async function show(page, list) {
  const wanted = codes(list);
  const section = page.querySelector(`[data-list=${list}]`);
  section.hidden = wanted.length === 0;
  if (section.hidden) return;
  const cards = await found(wanted);
  section.querySelector("ol").replaceChildren(...cards.map((card) => drawn(card, page)));
  const gone = section.querySelector("[data-gone-note]");
  gone.hidden = cards.length === wanted.length;
  gone.textContent = page.dataset.gone.replace("{count}", () => wanted.length - cards.length);
}

async function fill(page) {
  const empty = codes("saved").length + codes("opened").length === 0;
  document.getElementById("none").hidden = !empty;
  document.getElementById("clear").hidden = empty;
  try {
    await Promise.all([show(page, "saved"), show(page, "opened")]);
  } catch {
    document.getElementById("failed").hidden = false;
  }
  addButtons();
}

function offerClearing(page) {
  const dialog = document.getElementById("clear-dialog");
  document.getElementById("clear").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => {
    const answer = event.target.closest("button")?.value;
    if (!answer) return;
    dialog.close();
    if (answer === "yes") {
      keep("saved", []);
      keep("opened", []);
      fill(page);
    }
  });
}

const saved = document.getElementById("saved");
fill(saved);
offerClearing(saved);
