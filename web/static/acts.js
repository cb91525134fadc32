// Acts on a page: asking before a form is sent, copying a link.

const messages = document.body.dataset;

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

document.addEventListener("click", copy);
document.addEventListener("submit", confirmSubmit);
