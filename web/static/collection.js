// Putting a collection in order by drag and by keyboard. Each move is sent at once, one after the
// other, each with the revision that the one before has made; the page's forms learn it, too.

const panel = document.querySelector("[data-order]");
const messages = document.body.dataset;
const said = panel.querySelector("[data-said]");
const failed = panel.querySelector("[data-failed]");
const lists = [...panel.querySelectorAll("[data-section]")];
let revision = panel.dataset.rev;
let waiting = Promise.resolve();
let broken = false;

function fail(sentence) {
  broken = true;
  failed.querySelector("span").textContent = sentence;
  failed.hidden = false;
}

async function send(id, section, position) {
  if (broken) return false;
  try {
    const answer = await fetch(`/api/collections/${panel.dataset.order}/items/${id}/move`, {
      method: "POST",
      headers: { "content-type": "application/json", "if-match": `"${revision}"` },
      body: JSON.stringify({ section, position }),
    });
    const body = await answer.json();
    if (!answer.ok) {
      fail(body.error.message);
      return false;
    }
    revision = String(body.rev);
    for (const field of document.querySelectorAll("input[name=rev]")) field.value = revision;
    return true;
  } catch {
    fail(messages.msgFailed);
    return false;
  }
}

/** Tell the server where the item stands now, and the person when it is done. */
function settle(item) {
  const list = item.parentElement;
  const position = [...list.children].indexOf(item) + 1;
  const section = list.dataset.section ? Number(list.dataset.section) : null;
  const name = list.dataset.section ? list.getAttribute("aria-label") : messages.msgBefore;
  waiting = waiting.then(async () => {
    if (!(await send(item.dataset.item, section, position))) return;
    const values = { "#1": item.dataset.title, "#2": position, "#3": name };
    said.textContent = messages.msgMoved.replace(/#[123]/g, (mark) => values[mark]);
  });
}

/** One place up (-1) or down (1), over the edge of a section if need be. */
function step(item, way) {
  if (broken) return;
  const focused = document.activeElement;
  const beside = way < 0 ? item.previousElementSibling : item.nextElementSibling;
  const list = lists[lists.indexOf(item.parentElement) + way];
  if (beside) beside[way < 0 ? "before" : "after"](item);
  else if (list) list[way < 0 ? "append" : "prepend"](item);
  else return;
  if (item.contains(focused)) focused.focus();
  item.scrollIntoView({ block: "nearest" });
  settle(item);
}

panel.addEventListener("keydown", (event) => {
  const item = event.target.closest("[data-item]");
  const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!item || !way || !event.altKey) return;
  event.preventDefault();
  step(item, way);
});

// The buttons send a form without script; with it the page stays where it is.
panel.addEventListener("click", (event) => {
  const [, way, id] = event.target.closest("button[name=do]")?.value.match(/^i(up|down)-(\d+)$/) ?? [];
  if (!id || broken) return;
  event.preventDefault();
  step(panel.querySelector(`[data-item="${id}"]`), way === "up" ? -1 : 1);
});

/** Where a dragged item would stand, by the height of the pointer. */
function follow(item, y) {
  const others = [...panel.querySelectorAll("[data-item]")].filter((one) => one !== item);
  const list = lists.findLast((one) => one.getBoundingClientRect().top <= y) ?? lists[0];
  const next = others.find((one) => {
    const box = one.getBoundingClientRect();
    return one.parentElement === list && y < box.top + box.height / 2;
  });
  if (next) {
    if (item.nextElementSibling !== next) next.before(item);
  } else if (list.lastElementChild !== item) list.append(item);
}

function hold(event) {
  const grip = event.target.closest(".grip");
  if (!grip || broken || event.button !== 0) return;
  const item = grip.closest("[data-item]");
  const home = { list: item.parentElement, next: item.nextElementSibling };
  let y = event.clientY;
  let frame = 0;
  event.preventDefault();
  item.classList.add("held");

  // At the edge of the screen the page follows, for a list is longer than a phone.
  function tick() {
    const edge = 80;
    if (y < edge) window.scrollBy(0, -12);
    else if (y > window.innerHeight - edge) window.scrollBy(0, 12);
    follow(item, y);
    frame = requestAnimationFrame(tick);
  }
  const move = (moved) => { y = moved.clientY; };
  function end(keep) {
    cancelAnimationFrame(frame);
    ending.abort();
    item.classList.remove("held");
    if (!keep) home.list.insertBefore(item, home.next);
    else if (item.parentElement !== home.list || item.nextElementSibling !== home.next) settle(item);
    grip.focus();
  }
  const ending = new AbortController();
  const { signal } = ending;
  window.addEventListener("pointermove", move, { signal });
  window.addEventListener("pointerup", (up) => { y = up.clientY; follow(item, y); end(true); }, { signal });
  window.addEventListener("pointercancel", () => end(false), { signal });
  window.addEventListener("keydown", (key) => { if (key.key === "Escape") end(false); }, { signal });
  frame = requestAnimationFrame(tick);
}

panel.addEventListener("pointerdown", hold);
