// Which file is which: before it is sent, and when somebody chooses it again after days.

import { message } from "./words.js";

const HASH_LIMIT = 64 * 2 ** 20;
const SAMPLE = 64 * 1024;

const hexadecimal = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** A random 128-bit key, kept with the file, so that a repeated declaration makes no second upload. */
export const idempotencyKey = () => hexadecimal(crypto.getRandomValues(new Uint8Array(16)));

/** SHA-256 of a file of moderate size; null where the browser cannot or it would take too long. */
export function digest(file) {
  if (file.size > HASH_LIMIT || !window.isSecureContext) return Promise.resolve(null);
  return new Promise((resolve) => {
    const worker = new Worker(message.worker);
    const done = (found) => {
      worker.terminate();
      resolve(found);
    };
    worker.addEventListener("message", (event) => done(event.data));
    worker.addEventListener("error", () => done(null));
    worker.postMessage(file);
  });
}

/**
 * A hash of the beginning, the middle and the end: cheap for a film of 5 GB. Null without a secure
 * connection. Throws when the file cannot be read any more.
 */
export async function sample(file) {
  if (!window.isSecureContext) return null;
  const middle = Math.max(0, Math.floor(file.size / 2) - SAMPLE);
  const parts = [file.slice(0, SAMPLE), file.slice(middle, middle + SAMPLE), file.slice(-SAMPLE)];
  const bytes = await new Blob(parts).arrayBuffer();
  return hexadecimal(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Whether `file` may be the file of that record: its name and size. */
export const resembles = (record, file) => record.name === file.name && record.size === file.size;

/** Whether it is: phones date a file anew each time it is chosen, so its bytes are asked first. */
export async function isSame(record, file) {
  if (!resembles(record, file)) return false;
  if (record.modified === file.lastModified) return true;
  const found = await sample(file).catch(() => null);
  return found !== null && found === record.sample;
}
