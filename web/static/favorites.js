// Saved and recently opened materials: their codes are kept on this device alone.

const SAVED_LIMIT = 200;
const OPENED_LIMIT = 30;
const NAMES = { saved: "kho.saved", opened: "kho.opened" };

/** The codes of a list, newest first; empty where the browser keeps nothing or something foreign. */
export function codes(list) {
  try {
    const kept = JSON.parse(localStorage.getItem(NAMES[list]) ?? "[]");
    return Array.isArray(kept) ? kept.filter((code) => /^[0-9a-z]{7}$/.test(code)) : [];
  } catch {
    return [];
  }
}

export function keep(list, kept) {
  try {
    localStorage.setItem(NAMES[list], JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing (private window, full): the page works as before.
  }
}

function codeOf(card) {
  return card.querySelector(".card-title a")?.pathname.match(/^\/hoc-lieu\/([0-9a-z]{7})$/)?.[1];
}

function toggle(code) {
  const kept = codes("saved");
  const rest = kept.filter((other) => other !== code);
  keep("saved", rest.length < kept.length ? rest : [code, ...rest].slice(0, SAVED_LIMIT));
  showPressed();
}

function showPressed() {
  const kept = new Set(codes("saved"));
  for (const button of document.querySelectorAll("[data-save]")) {
    button.setAttribute("aria-pressed", String(kept.has(button.dataset.save)));
  }
}

/**
 * A button on every card, but not on one's own shelf, where cards tell their state. It is added here,
 * because without script it could do nothing.
 */
export function addButtons() {
  const pattern = document.getElementById("save-button");
  for (const card of document.querySelectorAll(".card:not(:has(> .save, .status))")) {
    const code = codeOf(card);
    if (!code) continue;
    const button = pattern.content.firstElementChild.cloneNode(true);
    button.dataset.save = code;
    const title = card.querySelector(".card-title").textContent.trim();
    button.setAttribute("aria-label", pattern.dataset.label.replace("{title}", () => title));
    card.append(button);
  }
  showPressed();
}

function rememberOpened() {
  const code = document.querySelector("[data-opened]")?.dataset.opened;
  if (!code) return;
  keep("opened", [code, ...codes("opened").filter((other) => other !== code)].slice(0, OPENED_LIMIT));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save]");
  if (button) toggle(button.dataset.save);
});
document.addEventListener("htmx:afterSettle", addButtons);
// Another window of the same browser has saved something.
addEventListener("storage", showPressed);
rememberOpened();
addButtons();
