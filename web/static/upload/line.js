// The line of one file in the list: name, size, how far, what is wrong, and what can be done.

import { announce, fill, message, readable } from "./words.js";

const OVER = ["ready", "rejected", "failed", "cancelled"];
/** States that are told to who cannot see them; the others follow from these. */
const TOLD = ["ready", "rejected", "failed", "retrying", "unchosen"];
/** Of many files only what went wrong is told one by one. */
const FEW = 5;

/** What the buttons do in each state: [the first button, the second button]. */
const ACTS = {
  waiting: ["pause", "cancel"],
  hashing: ["pause", "cancel"],
  sending: ["pause", "cancel"],
  retrying: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  unchosen: ["rechoose", "cancel"],
  asking: ["resume", "cancel"],
  failed: ["retry", "cancel"],
};

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export class Line {
  /** `act(name)` is called with what was asked for: pause, resume, retry, rechoose or cancel. */
  constructor(name, folder, size, act) {
    this.name = name;
    this.row = element("li", "sending");
    this.row.tabIndex = -1;
    this.buttons = [0, 1].map(() => {
      const button = element("button", "button plain");
      button.type = "button";
      button.addEventListener("click", () => act(button.dataset.act));
      return button;
    });
    const acts = element("span", "acts");
    acts.append(...this.buttons);
    this.bar = document.createElement("progress");
    this.bar.max = size || 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", name);
    this.said = element("p", "said");
    const title = element("p", "name");
    title.append(element("span", "", name));
    if (folder) title.append(element("span", "small soft folder", folder));
    this.row.append(title, element("span", "small soft", readable(size)), acts, this.bar, this.said);
    document.getElementById("sendings").append(this.row);
  }

  show(state, text) {
    const changed = this.state !== state;
    this.state = state;
    if (changed) this.dress(state);
    if (this.said.textContent !== text) this.said.textContent = text;
    const many = document.getElementById("sendings").childElementCount > FEW;
    if (changed && TOLD.includes(state) && !(many && state === "ready")) {
      announce(`${this.name}: ${text}`);
    }
  }

  dress(state) {
    this.row.className = `sending ${state}`;
    this.bar.hidden = OVER.includes(state);
    const focused = this.buttons.find((button) => button === document.activeElement);
    this.buttons.forEach((button, place) => {
      const act = ACTS[state]?.[place];
      button.hidden = !act;
      if (!act) return;
      const label = { pause: message.msgPause, resume: message.msgResume, retry: message.msgRetry,
        rechoose: message.msgRechoose, cancel: message.msgCancel }[act];
      button.dataset.act = act;
      button.textContent = label;
      button.setAttribute("aria-label", `${label}: ${this.name}`);
    });
    // Whoever stood on a button that is gone stands on the line, not at the top of the page.
    if (focused?.hidden) this.row.focus();
  }

  progress(sent) {
    this.bar.value = sent;
  }

  /** Lead to what the library has already that is like this file. */
  alike(found, url) {
    const [first] = found;
    const text = fill(message.msgAlike, { title: first.title, percent: Math.round(first.share * 100) });
    const link = element("a", "", message.msgAlikeLook);
    link.href = url;
    link.setAttribute("aria-label", `${text} – ${message.msgAlikeLook}`);
    const note = element("p", "alike", `${text} – `);
    note.append(link);
    this.row.append(note);
  }
}
