// What every page gets from script; each page works without it.

const messages = document.body.dataset;

/** "/" jumps to the search box, as long as nobody is typing. */
function focusSearchOnSlash(event) {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const box = [...document.querySelectorAll("input[name=q]")].find((input) => input.offsetParent);
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    if (event.type === "keydown" && event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (event.type === "click" && !menu.contains(event.target)) {
      menu.open = false;
    }
  }
}

function button(text, className) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  return element;
}

/** Ask before a form with data-confirm is sent; resolves to true when the person agrees. */
function ask(question) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "dialog-question");
  const text = document.createElement("p");
  text.id = "dialog-question";
  text.textContent = question;
  const row = document.createElement("div");
  row.className = "row";
  const no = button(messages.msgCancel, "button");
  const yes = button(messages.msgConfirm, "button danger");
  row.append(no, yes);
  dialog.append(text, row);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => dialog.close("yes"));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

async function confirmSubmit(event) {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.agreed) return;
  event.preventDefault();
  if (await ask(form.dataset.confirm)) {
    form.dataset.agreed = "yes";
    form.requestSubmit();
  }
}

async function copy(event) {
  const source = event.target.closest("[data-copy]");
  if (!source) return;
  const label = source.querySelector("span");
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(source.dataset.copy);
  } catch {
    // Without a secure context there is no clipboard: leave the text selectable in a field.
    const field = document.createElement("input");
    field.value = source.dataset.copy;
    field.readOnly = true;
    field.setAttribute("aria-label", before);
    field.className = "select";
    source.replaceWith(field);
    field.select();
    return;
  }
  label.setAttribute("role", "status");
  label.textContent = messages.msgCopied;
  setTimeout(() => { label.textContent = before; }, 2500);
}

document.addEventListener("keydown", focusSearchOnSlash);
document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);
document.addEventListener("click", copy);
document.addEventListener("submit", confirmSubmit);
