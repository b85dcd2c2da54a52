// Small behaviours of every page: the CSV of the table behind a chart, rows that are picked, the place in the menu.
const unsafe = /^[=+\-@\t\r]/;
const isNumber = /^[-−+]?[\d,]*\.?\d+%?$/;

/** One CSV field: numbers without separators, dangerous texts with a leading quote. */
export function csvField(text) {
  let field = text.trim();
  if (field === "—") field = "";
  else if (isNumber.test(field)) field = field.replaceAll(",", "").replace("−", "-");
  else if (unsafe.test(field)) field = "'" + field;
  return /[",\n]/.test(field) ? '"' + field.replaceAll('"', '""') + '"' : field;
}

function tableCsv(table) {
  const lines = [...table.rows].map((row) =>
    [...row.cells].map((cell) => csvField(cell.innerText || cell.textContent)).join(","));
  const demo = document.body.dataset.demo;
  return "\ufeff" + (demo ? [demo, ...lines] : lines).join("\r\n") + "\r\n";
}

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name + ".csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-kit-csv]");
  if (!button) return;
  const table = button.closest("figure, .chart")?.querySelector("table");
  if (table) save(tableCsv(table), button.dataset.kitCsv);
});

// The box in the head of a table picks every row of the page.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-kit-pick-all]")) return;
  const boxes = event.target.closest("table").querySelectorAll("tbody .pick input");
  boxes.forEach((box) => { box.checked = event.target.checked; });
});
// A long menu opens where its reader is.
const menu = document.querySelector("nav.side");
const here = menu?.querySelector("[aria-current]");
if (here && here.offsetTop + here.offsetHeight > menu.clientHeight) {
  menu.scrollTop = here.offsetTop - menu.clientHeight / 2;
}

// A strip or a table that is wider than the screen opens at what is current, or at its end.
document.querySelectorAll(".seg, .years, [data-kit-end]").forEach((strip) => {
  if (strip.scrollWidth <= strip.clientWidth) return;
  const current = strip.querySelector("a[aria-current]");
  const left = strip.getBoundingClientRect().left + 40;
  strip.scrollLeft += current ? current.getBoundingClientRect().left - left : strip.scrollWidth;
});

// A form that comes back leads to the first field that is wrong.
document.querySelector("form[method=post] [aria-invalid=true]")?.focus();

function reveal(root) {
  root.querySelectorAll("[data-kit-csv][hidden], [data-kit-pick-all][hidden]").forEach((button) => { button.hidden = false; });
}
reveal(document);
document.addEventListener("htmx:after:swap", () => reveal(document));
