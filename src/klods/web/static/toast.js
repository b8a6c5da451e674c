// A message that says what was done: it can be put away, and goes by itself unless somebody reads it.

const SECONDS = 10;

export function wake(toast) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn-close";
  button.setAttribute("aria-label", toast.dataset.close);
  button.addEventListener("click", () => toast.remove());
  toast.append(button);
  toast.classList.add("k-toast");
  let timer;
  const wait = () => (timer = setTimeout(() => toast.remove(), SECONDS * 1000));
  for (const stop of ["mouseenter", "focusin"]) toast.addEventListener(stop, () => clearTimeout(timer));
  for (const go of ["mouseleave", "focusout"]) toast.addEventListener(go, wait);
  wait();
}
