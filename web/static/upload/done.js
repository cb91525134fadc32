// What there is to do once files have arrived: describe each draft.

import { fill, message } from "./words.js";

const finished = new Map();

function link(href, text, className) {
  const element = document.createElement("a");
  element.href = href;
  element.className = className;
  element.textContent = text;
  return element;
}

/** Lead to what this material needs next. */
export function show(material, name) {
  finished.set(material.id, { name, ...finished.get(material.id), ...material });
  document.getElementById("done").hidden = false;
  if (message.material) {
    showLinks([link(message.files, message.msgArrange, "button main")]);
    return;
  }
  const materials = [...finished.values()];
  const many = materials.length > 1;
  document.getElementById("done-text").textContent = many
    ? fill(message.msgDoneMany, { count: materials.length }) : message.msgDoneOne;
  showLinks(materials.flatMap((one) => {
    const label = many ? `${message.msgDescribe}: ${one.name}` : message.msgDescribe;
    const edit = link(one.edit_url, label, "button main");
    return many ? [edit] : [edit, link(one.url, message.msgView, "button")];
  }));
}

/** Links that are there already stay the same elements: one of them may have the focus. */
function showLinks(links) {
  const row = document.getElementById("done-links");
  const present = new Map([...row.children].map((element) => [element.href, element]));
  links.forEach((wanted, place) => {
    const element = present.get(wanted.href) ?? wanted;
    element.textContent = wanted.textContent;
    element.className = wanted.className;
    present.delete(wanted.href);
    if (row.children[place] !== element) row.insertBefore(element, row.children[place] ?? null);
  });
  for (const gone of present.values()) gone.remove();
}
