// What is not finished, kept in this browser so that a reload, a crash or a flat battery costs nothing.
//
// A record: key, account, name, path, size, modified, sample, sha256, url, material (declared with), settled (nothing
// of these changes any more), bundle {id, name, together, material}, source (a handle, the file itself, or null), at. Where the browser keeps nothing
// (a private window) sending works all the same, but not after a reload.

import { message } from "./words.js";

const LIFETIME = 7 * 24 * 3600 * 1000;
/** Files up to this size are kept with their bytes where there is room for twice as much. */
const KEEP_LIMIT = 256 * 2 ** 20;

const done = (request) => new Promise((resolve, reject) => {
  request.addEventListener("success", () => resolve(request.result));
  request.addEventListener("error", () => reject(request.error));
});

const opened = (async () => {
  const request = indexedDB.open("kho-upload", 1);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore("uploads", { keyPath: "key" });
  });
  return done(request);
})().catch(() => null);

async function inStore(mode, act) {
  const database = await opened;
  if (!database) return null;
  try {
    return await done(act(database.transaction("uploads", mode).objectStore("uploads")));
  } catch {
    return null;
  }
}

/** Write a record; without its bytes when there is no room for them. */
export async function remember(record) {
  const kept = await inStore("readwrite", (store) => store.put(record));
  if (kept === null && record.source) {
    record.source = null;
    await inStore("readwrite", (store) => store.put(record));
  }
}

export const forget = (key) => inStore("readwrite", (store) => store.delete(key));

/** What can bring the file back after a reload: a handle, its bytes, or nothing. */
export async function source(file, handle) {
  if (handle) return handle;
  if (file.size > KEEP_LIMIT || !navigator.storage?.estimate) return null;
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return quota - usage > 2 * file.size ? file : null;
}

/** Nobody else's page may go on with an upload that this one has; freed when the page goes. */
export async function claim(key) {
  if (!navigator.locks) return true;
  return new Promise((resolve) => {
    navigator.locks.request(`kho-upload-${key}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : undefined;
    });
  });
}

/**
 * The unfinished uploads of who is signed in, oldest first. Computers of schools are shared: of others'
 * files no byte stays once somebody else sends from here, only what finds their upload again.
 */
export async function recall() {
  const records = (await inStore("readonly", (store) => store.getAll())) ?? [];
  const own = [];
  for (const record of records) {
    if (Date.now() - record.at > LIFETIME) await forget(record.key);
    else if (record.account === message.account) own.push(record);
    else if (record.source) await remember({ ...record, source: null });
  }
  return own.sort((one, other) => one.at - other.at);
}
