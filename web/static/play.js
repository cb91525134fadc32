// The whole screen for a player.

for (const button of document.querySelectorAll("[data-fullscreen]")) {
  const frame = document.getElementById(button.dataset.fullscreen);
  if (!frame.requestFullscreen) button.hidden = true; // phones of Apple know it for films alone
  button.addEventListener("click", () => frame.requestFullscreen().then(() => frame.focus(), () => {}));
}
