// Opens the pages of a package in a frame, with the interface of SCORM around them where they need
// one. What a learner does is kept in memory alone, and is gone with the page.

const said = document.body.dataset;
const stage = document.getElementById("stage");
const links = [...document.querySelectorAll("#contents a")];
const position = document.getElementById("position");
const menu = document.querySelector("details#contents");
let shown = -1;
let frame = null;

const RUNTIMES = {
  scorm12: () => { window.API = new window.Scorm12API(quiet()); return window.API; },
  scorm2004: () => { window.API_1484_11 = new window.Scorm2004API(quiet()); return window.API_1484_11; },
};
// Nothing is sent anywhere: there is no address to send it to.
const quiet = () => ({ autocommit: false, logLevel: 5, lmsCommitUrl: false, mastery_override: false });

const tell = (text) => {
  const line = document.getElementById("result");
  line.textContent = text;
  line.hidden = !text;
};

let api = null;

const result = () => {
  const old = said.runtime === "scorm12";
  const value = (name) => String((old ? api.LMSGetValue(name) : api.GetValue(name)) || "");
  const status = old ? [value("cmi.core.lesson_status")] : [value("cmi.success_status"), value("cmi.completion_status")];
  const score = value(old ? "cmi.core.score.raw" : "cmi.score.raw");
  const word = status.map((code) => said[`status${code.charAt(0).toUpperCase()}${code.slice(1)}`]).find(Boolean);
  if (word && (score || status[0] !== "incomplete")) {
    tell(said.result.replace("{score}", score || "–").replace("{status}", word));
  }
};

// A new interface for each page: nothing of the one before is left.
const renew = () => {
  api = RUNTIMES[said.runtime]();
  const before = said.runtime === "scorm12" ? "LMS" : "";
  for (const call of ["Commit", "Finish", "Terminate"]) api.on(before + call, result);
};

const open = (index) => {
  if (!links[index]) return;
  shown = index;
  tell("");
  frame?.remove(); // the page says goodbye to its interface while that is there
  if (RUNTIMES[said.runtime]) renew();
  frame = document.createElement("iframe");
  frame.name = "page";
  frame.title = links[index].textContent;
  frame.allow = "fullscreen; autoplay";
  frame.src = links[index].href;
  stage.replaceChildren(frame);
  for (const [at, link] of links.entries()) {
    if (at === index) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!position) return;
  position.textContent = `${index + 1}/${links.length} · ${links[index].textContent}`;
  document.getElementById("previous").disabled = index === 0;
  document.getElementById("next").disabled = index === links.length - 1;
  menu.open = false;
};

// A page in a sandbox has no storage of its own, and H5P asks for one.
const forgetful = () => {
  const kept = new Map();
  return {
    get length() { return kept.size; },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (name) => kept.get(String(name)) ?? null,
    setItem: (name, value) => { kept.set(String(name), String(value)); },
    removeItem: (name) => { kept.delete(String(name)); },
    clear: () => kept.clear(),
  };
};

const playH5P = () => {
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, { value: forgetful() });
  }
  // Pictures are of another origin than a page in a sandbox; some activities draw with them.
  window.H5PIntegration = { crossorigin: "anonymous" };
  const { origin } = new URL(location.href);
  const options = {
    h5pJsonPath: origin + said.base.replace(/\/$/, ""),
    frameJs: origin + said.h5pFrame,
    frameCss: origin + said.h5pStyle,
    embedType: "div",
    saveFreq: false,
    fullScreen: true,
  };
  new window.H5PStandalone.H5P(stage, options).catch((error) => { console.error(error); tell(said.failed); });
};

links.forEach((link, index) => link.addEventListener("click", (event) => { event.preventDefault(); open(index); }));
document.getElementById("previous")?.addEventListener("click", () => open(shown - 1));
document.getElementById("next")?.addEventListener("click", () => open(shown + 1));
menu?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
if (said.runtime === "h5p") playH5P();
else open(0);
