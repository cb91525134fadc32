// What was chosen or dropped: files with the folder that they lie in, without what systems leave about.
//
// An entry: {file, folder, handle}; `folder` is its path, "" for a file that was chosen by itself.

const LEFT_ABOUT = new Set([".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"]);
const LEFT_FOLDERS = new Set(["__macosx", "$recycle.bin", "system volume information"]);

/** Hidden files, those of systems, and the locks that Office lays beside an open document. */
export function isLeftAbout(name) {
  return name.startsWith(".") || name.startsWith("~$") || LEFT_ABOUT.has(name.toLowerCase());
}

const isLeftFolder = (name) => name.startsWith(".") || LEFT_FOLDERS.has(name.toLowerCase());

const keep = (entries) => {
  const skipped = entries.filter(({ file, folder }) => {
    return isLeftAbout(file.name) || folder.split("/").some(isLeftFolder);
  });
  return { entries: entries.filter((entry) => !skipped.includes(entry)), skipped };
};

/** The files of a picker; one for folders says where in them each lies. */
export function picked(files) {
  return keep([...files].map((file) => {
    const path = file.webkitRelativePath ?? "";
    return { file, folder: path.slice(0, Math.max(0, path.lastIndexOf("/"))), handle: null };
  }));
}

async function walkHandle(handle, folder) {
  if (handle.kind === "file") return [{ file: await handle.getFile(), folder, handle }];
  const inside = folder ? `${folder}/${handle.name}` : handle.name;
  const found = [];
  for await (const child of handle.values()) found.push(...await walkHandle(child, inside));
  return found;
}

const asked = (method, ...given) => new Promise((resolve, reject) => method(...given, resolve, reject));

async function walkEntry(entry, folder) {
  if (entry.isFile) {
    return [{ file: await asked(entry.file.bind(entry)), folder, handle: null }];
  }
  const inside = folder ? `${folder}/${entry.name}` : entry.name;
  const reader = entry.createReader();
  const found = [];
  // A reader hands out some hundred at a time, and nothing at the end.
  for (;;) {
    const children = await asked(reader.readEntries.bind(reader));
    if (children.length === 0) return found;
    for (const child of children) found.push(...await walkEntry(child, inside));
  }
}

async function walk({ handle, entry, file }) {
  const opened = await handle?.catch(() => null);
  if (opened) return walkHandle(opened, "");
  if (entry) return walkEntry(entry, "");
  return file ? [{ file, folder: "", handle: null }] : [];
}

/** The files of a drop, folders walked to their ends. What can no longer be read is left out. */
export async function dropped(transfer) {
  // All of it must be asked for at once: the drop is empty as soon as its event is over.
  const items = [...transfer.items].filter((item) => item.kind === "file").map((item) => ({
    handle: window.isSecureContext ? item.getAsFileSystemHandle?.() : null,
    entry: item.webkitGetAsEntry?.(),
    file: item.getAsFile(),
  }));
  const found = [];
  for (const item of items) found.push(...await walk(item).catch(() => []));
  return keep(found);
}

/** Entries by folder, in the order of their names: each folder that holds files is one lesson. */
export function byFolder(entries) {
  const folders = new Map();
  for (const entry of entries) {
    folders.set(entry.folder, [...folders.get(entry.folder) ?? [], entry]);
  }
  const order = new Intl.Collator("vi", { numeric: true });
  for (const [folder, files] of folders) {
    if (folder) files.sort((one, other) => order.compare(one.file.name, other.file.name));
  }
  return [...folders].sort(([one], [other]) => order.compare(one, other));
}
