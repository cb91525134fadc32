// Page images of a file: buttons and arrow keys beside swiping, and the number of the page shown.

for (const view of document.querySelectorAll("[data-pages]")) {
  const strip = view.querySelector(".pages");
  const position = view.querySelector("[data-template]");
  if (!position) continue;
  const rest = position.textContent.split("·").slice(1).join("·");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let shown = 0;

  const say = () => {
    const text = position.dataset.template.replace("#", String(shown + 1));
    position.textContent = rest ? `${text} ·${rest}` : text;
    for (const step of view.querySelectorAll("[data-step]")) {
      const target = shown + Number(step.dataset.step);
      step.disabled = target < 0 || target >= strip.children.length;
    }
  };
  const go = (index) => {
    const at = Math.max(0, Math.min(index, strip.children.length - 1));
    strip.scrollTo({ left: at * strip.clientWidth, behavior: calm.matches ? "instant" : "smooth" });
  };

  strip.addEventListener("scroll", () => {
    const now = Math.round(strip.scrollLeft / strip.clientWidth);
    if (now === shown) return;
    shown = now;
    say();
  }, { passive: true });
  strip.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(shown + step);
  });
  view.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (step) go(shown + Number(step.dataset.step));
  });
  say();
}
