// Fills a panel from the address of another module's piece; when that is slow or fails, the box says why.

const SECONDS = 8;

/** What the page of an error says. */
function reasonOf(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return page.querySelector("main h1 + p")?.textContent ?? "";
}

async function fetchFragment(address) {
  const signal = AbortSignal.timeout(SECONDS * 1000);
  const headers = { accept: "text/html", "x-klods-fragment": "true" };
  const answer = await fetch(address, { headers, signal, redirect: "error" });
  const text = await answer.text();
  if (!answer.ok) throw new Error(reasonOf(text));
  return text;
}

function showReason(panel, body, error) {
  const box = document.createElement("p");
  const again = document.createElement("button");
  const slow = error.name === "TimeoutError";
  box.className = "k-panel-failed";
  box.textContent = `${slow ? panel.dataset.slow : panel.dataset.failed} ${error.name === "Error" ? error.message : ""} `;
  again.type = "button";
  again.className = "btn btn-link btn-sm";
  again.textContent = panel.dataset.again;
  again.addEventListener("click", () => fill(panel));
  box.append(again);
  body.replaceChildren(box);
}

async function fill(panel) {
  const body = panel.querySelector("[data-panel-body]");
  body.setAttribute("aria-busy", "true");
  try {
    body.innerHTML = await fetchFragment(panel.dataset.panel);
    body.dispatchEvent(new CustomEvent("klods:added", { bubbles: true }));
  } catch (error) {
    showReason(panel, body, error);
  }
  body.removeAttribute("aria-busy");
}

export function wake(panel) {
  fill(panel);
}
