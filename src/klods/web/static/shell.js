// What makes every page a little nicer; all of it works without this file too.

const root = document.documentElement;

/** Change the theme at once and let the server remember it. */
function chooseTheme(event) {
  const button = event.submitter;
  if (!button || button.name !== "theme") return;
  event.preventDefault();
  if (button.value === "auto") root.removeAttribute("data-bs-theme");
  else root.setAttribute("data-bs-theme", button.value);
  for (const other of button.parentElement.children) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  const body = new URLSearchParams({ theme: button.value, to: "/" });
  fetch(event.target.action, { method: "POST", body, redirect: "manual" });
}

/** A pop-up closes when the person turns to something else, or with Escape. */
function closePopups(keep) {
  for (const popup of document.querySelectorAll("details.k-pop[open]")) {
    if (!popup.contains(keep)) popup.open = false;
  }
}

function closeByKey(event) {
  if (event.key !== "Escape") return;
  const popup = document.activeElement?.closest("details.k-pop[open]");
  closePopups(null);
  popup?.querySelector("summary")?.focus();
}

/** A form that must not be sent twice shows that it is working. */
function sendOnce(event) {
  const button = event.target.querySelector("button[data-busy]");
  if (!button) return;
  button.setAttribute("aria-disabled", "true");
  button.classList.add("disabled");
  button.textContent = button.dataset.busy;
}

document.querySelectorAll("form[data-look=theme]").forEach((form) => form.addEventListener("submit", chooseTheme));
document.querySelectorAll("form[data-once]").forEach((form) => form.addEventListener("submit", sendOnce));
document.addEventListener("click", (event) => closePopups(event.target));
document.addEventListener("focusin", (event) => closePopups(event.target));
document.addEventListener("keydown", closeByKey);
