// Narrows a list to the rows that hold every typed word: <div hidden data-filter="#list"> with an input inside.

/** Show the rows whose data-words hold all words, and the note when there are none. */
function narrow(rows, none, typed) {
  const words = typed.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.dataset.words.toLocaleLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += Number(!row.hidden);
  }
  none.hidden = shown > 0;
}

for (const box of document.querySelectorAll("[data-filter]")) {
  const rows = document.querySelectorAll(`${box.dataset.filter} > [data-words]`);
  const none = document.querySelector(box.dataset.filterNone);
  const input = box.querySelector("input");
  if (rows.length === 0) continue;
  box.hidden = false;
  input.addEventListener("input", () => narrow(rows, none, input.value));
  narrow(rows, none, input.value);
}
