// Comfort for tables: filters apply when they are chosen, addresses stay short, boxes can be ticked all at once.

/** Leave out what is empty, so that an address says only what was asked. */
function tidy(event) {
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
}

/** Keep count of the ticked boxes, and show what can be done with them. */
function countPicked(table, bulk, all) {
  const boxes = [...table.querySelectorAll("[data-pick]")];
  const picked = boxes.filter((box) => box.checked).length;
  const said = bulk.querySelector("[data-bulk-count]");
  said.textContent = picked ? said.dataset.some.replace("{count}", picked) : said.dataset.none;
  bulk.classList.toggle("k-idle", picked === 0);
  for (const button of bulk.querySelectorAll("button")) button.disabled = picked === 0;
  all.checked = picked === boxes.length;
  all.indeterminate = picked > 0 && picked < boxes.length;
}

function wakePicking(table, bulk) {
  const all = table.querySelector("[data-pick-all]");
  const count = () => countPicked(table, bulk, all);
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of table.querySelectorAll("[data-pick]")) box.checked = all.checked;
    count();
  });
  table.addEventListener("change", (event) => event.target.matches("[data-pick]") && count());
  count();
}

export function wake(table) {
  const form = table.querySelector("form[data-tidy]");
  form?.addEventListener("formdata", tidy);
  const bulk = table.querySelector("[data-bulk]");
  if (bulk) wakePicking(table, bulk);
}
