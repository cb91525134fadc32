// What the page says: sentences come from the template, numbers are written as people read them.

export const root = document.getElementById("upload");
export const message = root.dataset;

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Bytes as people read them here: comma for decimals, 1 KB = 1,024 bytes as the server says it. */
export function readable(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  const step = bytes < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10));
  const digits = step === 0 ? 0 : 1;
  const format = { maximumFractionDigits: digits };
  return `${(bytes / 1024 ** step).toLocaleString(message.lang, format)} ${units[step]}`;
}

function duration(seconds) {
  if (seconds < 60) return fill(message.msgSeconds, { count: Math.max(1, Math.ceil(seconds)) });
  if (seconds < 5400) return fill(message.msgMinutes, { count: Math.round(seconds / 60) });
  return fill(message.msgHours, { count: Math.round(seconds / 3600) });
}

/** " · 1,2 MB/giây · còn khoảng 3 phút"; empty while nobody can know. */
export function pace(rate, missing) {
  if (!(rate > 0)) return "";
  return fill(message.msgPace, { rate: readable(rate), left: duration(missing / rate) });
}

/** A few names, and how many more there are. */
export function names(list, shown = 4) {
  const rest = list.length - shown;
  return list.slice(0, shown).join(", ") + (rest > 0 ? ` … +${rest}` : "");
}

/** Tell a screen reader, once it has finished what it says. */
export function announce(text) {
  document.getElementById("said").textContent = text;
}

/** Bytes a second over the last seconds, so that a pause or a jump is soon forgotten. */
export class Rate {
  static WINDOW = 8000;

  constructor() {
    this.marks = [];
  }

  add(sent) {
    const now = performance.now();
    this.marks.push([now, sent]);
    while (this.marks.length > 2 && now - this.marks[0][0] > Rate.WINDOW) this.marks.shift();
  }

  /** 0 until there is enough to go by. */
  get value() {
    if (this.marks.length < 2) return 0;
    const [[began, first], [ended, last]] = [this.marks[0], this.marks.at(-1)];
    return ended - began < 500 ? 0 : Math.max(0, ((last - first) / (ended - began)) * 1000);
  }
}
