// Requests beside the bytes, what the server refuses, and how long to wait before trying again.

import { message } from "./words.js";

const PATIENCE = [1, 2, 4, 8, 15, 30];

/** Seconds before the next try after so many in vain. */
export const patience = (attempt) => PATIENCE[Math.min(attempt, PATIENCE.length - 1)];
/** A position that the server does not agree with is asked for anew this often. */
export const MOVES = PATIENCE.length;

/** What the server refused, with its own sentence. `again` says whether trying later can help. */
export class Refused extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
    this.again = status === 0 || [408, 423, 429].includes(status) || (status >= 500 && status !== 507);
  }
}

/** The refusal that an answer stands for; `text` is its body. */
export function refusal(status, text) {
  if (status === 0) return new Refused("", 0);
  if (status === 401) return new Refused(message.msgSignedOut, 401);
  try {
    return new Refused(JSON.parse(text).error.message, status);
  } catch {
    return new Refused(`HTTP ${status}`, status);
  }
}

export async function call(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    throw options.signal?.aborted ? options.signal.reason : new Refused("", 0);
  }
  if (answer.ok) return answer;
  throw refusal(answer.status, await answer.text().catch(() => ""));
}

/** Wait; the network's return ends it early, and so does the signal. */
export function pause(seconds, signal) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const end = () => {
      over.abort();
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    over.signal.addEventListener("abort", () => clearTimeout(timer));
    addEventListener("online", end, { signal: over.signal });
    signal?.addEventListener("abort", end, { signal: over.signal });
    if (signal?.aborted) end();
  });
}
