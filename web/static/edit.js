// The edit form: only subjects taught in the chosen grades, guesses taken or cleared in place, and
// Enter where one expects it.

const form = document.querySelector("form.edit");
const subjects = [...form.querySelectorAll("[data-grades]")];

function showSubjects() {
  const grades = [...form.querySelectorAll("input[name=grades]:checked")].map((box) => box.value);
  for (const subject of subjects) {
    const taught = subject.dataset.grades.split(" ");
    const ticked = subject.querySelector("input").checked;
    // A ticked one stays in sight: nothing is sent that cannot be seen.
    subject.hidden = grades.length > 0 && !ticked && !grades.some((grade) => taught.includes(grade));
  }
}

form.addEventListener("change", (event) => {
  if (event.target.name === "grades") showSubjects();
  // What a person has changed is no guess any more.
  event.target.closest(".field")?.querySelector(".guess")?.remove();
});
form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-clear], [data-take]");
  if (!button) return;
  event.preventDefault();
  const field = button.closest(".field");
  if ("take" in button.dataset) {
    const input = field.querySelector("input, textarea");
    input.value = button.dataset.value;
    input.focus();
  } else {
    for (const input of field.querySelectorAll("input:checked")) input.checked = false;
    for (const input of field.querySelectorAll("input:not([type=radio], [type=checkbox], [type=search]), textarea")) input.value = "";
    field.querySelector("input, textarea, select").focus();
    showSubjects();
  }
  field.querySelector(".guess")?.remove();
});
form.addEventListener("keydown", (event) => {
  const target = event.target.dataset.enter;
  if (event.key !== "Enter" || !target) return;
  event.preventDefault();
  document.getElementById(target).click();
});
document.getElementById("errors")?.querySelector("a").focus();
showSubjects();
