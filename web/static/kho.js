// What every page gets from script; each page works without it.

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

document.addEventListener("keydown", focusSearchOnSlash);
document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);
