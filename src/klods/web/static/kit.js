// Wakes the pieces of the kit that a page holds: <… data-kit="name"> loads name.js and calls its `wake` with the element.

const version = new URL(import.meta.url).search;

/** Wake every piece below an element; a page without pieces loads nothing. */
function wakeAll(root) {
  for (const piece of root.querySelectorAll("[data-kit]")) {
    if (piece.dataset.awake) continue;
    piece.dataset.awake = "yes";
    import(`./${piece.dataset.kit}.js${version}`).then((module) => module.wake(piece));
  }
}

document.documentElement.classList.add("k-js");
document.addEventListener("klods:added", (event) => wakeAll(event.target));
wakeAll(document);
