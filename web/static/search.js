// Live results: htmx fetches the part of the page that changes and morphs it in.

const form = document.getElementById("ask");
const results = document.getElementById("results");
const text = form.elements.q;
const wide = matchMedia("(min-width: 62rem)");
let typing = 0;

/** The address of the form as it stands, without empty fields and without the usual order. */
function address() {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    const usual = name === "sort" && form.elements.sort.selectedIndex === 0;
    if (value !== "" && !usual) fields.append(name, value);
  }
  return `${form.getAttribute("action")}?${fields}`;
}

/** Replace the results; while one types, the history keeps one entry, not one per letter. */
async function load(url, { replace = false, top = false } = {}) {
  clearTimeout(typing);
  results.classList.add("waiting-results");
  try {
    await htmx.ajax("GET", url, {
      target: "#results",
      source: results,
      swap: "innerMorph",
      [replace ? "replace" : "push"]: url,
    });
  } finally {
    results.classList.remove("waiting-results");
  }
  if (!top) return;
  document.getElementById("found-count")?.focus({ preventScroll: true });
  document.getElementById("main").scrollIntoView({ block: "start", behavior: "instant" });
}

/** Morphing changes attributes; what a person ticked is a property, so bring both together. */
function settleControls() {
  for (const box of results.querySelectorAll("input[type=checkbox]")) box.checked = box.defaultChecked;
  for (const option of results.querySelectorAll("option")) option.selected = option.defaultSelected;
  openFacetsOnWideScreens();
}

/** Where the style sheet cannot open a closed <details>, the script does. */
function openFacetsOnWideScreens() {
  if (CSS.supports("selector(::details-content)")) return;
  const facets = results.querySelector(".facets");
  if (facets && wide.matches) facets.open = true;
}

function sayFailed() {
  const count = document.getElementById("found-count");
  if (count) count.textContent = results.dataset.msgFailed;
}

function answerLive() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    load(address());
  });
  text.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => load(address(), { replace: true }), 280);
  });
  results.addEventListener("change", () => load(address()));
  results.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-live]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    text.value = new URL(link.href).searchParams.get("q") ?? "";
    load(link.getAttribute("href"), { top: link.closest(".pager") !== null });
  });
  document.addEventListener("htmx:before:swap", (event) => {
    if ((event.detail.ctx?.response?.status ?? 200) < 400) return;
    event.preventDefault();
    sayFailed();
  });
  document.addEventListener("htmx:error", sayFailed);
  document.addEventListener("htmx:after:swap", settleControls);
}

// Where htmx did not arrive, the form still does: a ticked filter sends it.
if (globalThis.htmx) answerLive();
else results.addEventListener("change", () => form.requestSubmit());
openFacetsOnWideScreens();
