// Shows the page behind a link as a dialog: <a href="/…/delete" data-kit="dialog">; without this file the link just leads there.

/** The part of the page that a dialog shows, with forms that still know where they belong. */
async function fetchPart(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const part = page.querySelector("[data-dialog]");
  if (!answer.ok || answer.redirected || !part) return null;
  for (const form of part.querySelectorAll("form:not([action])")) form.setAttribute("action", address);
  return document.importNode(part, true);
}

function open(part, opener) {
  const dialog = document.createElement("dialog");
  const heading = part.querySelector("h1, h2");
  dialog.className = "k-dialog";
  if (heading) {
    heading.id ||= "dialog-title";
    dialog.setAttribute("aria-labelledby", heading.id);
  }
  part.removeAttribute("aria-labelledby");
  dialog.append(part);
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener.focus();
  });
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("klods:added", { bubbles: true }));
}

export function wake(link) {
  link.setAttribute("aria-haspopup", "dialog");
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    if (document.querySelector("dialog.k-dialog") || link.ariaBusy) return;
    link.ariaBusy = "true";
    const part = await fetchPart(link.href).catch(() => null);
    link.ariaBusy = null;
    if (part) open(part, link);
    else location.assign(link.href);
  });
}
