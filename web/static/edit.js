// The edit form: only subjects taught in the chosen grades, and Enter where one expects it.

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
});
form.addEventListener("keydown", (event) => {
  const target = event.target.dataset.enter;
  if (event.key !== "Enter" || !target) return;
  event.preventDefault();
  document.getElementById(target).click();
});
document.getElementById("errors")?.querySelector("a").focus();
showSubjects();
