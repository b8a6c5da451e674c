// Follows long work: the address of the page, asked for as an event stream, tells how far it is.

function show(bar, told) {
  const track = bar.querySelector("progress");
  bar.dataset.state = told.state;
  if (told.percent === null) track.removeAttribute("value");
  else track.value = told.percent;
  bar.querySelector("[data-progress-text]").textContent = told.text;
  bar.querySelector("[data-progress-count]").textContent = told.count;
}

export function wake(bar) {
  if (bar.dataset.state !== "running") return;
  const source = new EventSource(bar.dataset.progress || location.href);
  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    show(bar, told);
    if (told.state === "running") return;
    source.close();
    if (told.state === "done" && told.next) location.assign(told.next);
  });
  source.addEventListener("error", () => {
    // The server will not begin again what was cut short.
    if (source.readyState === EventSource.CLOSED) bar.dataset.state = "failed";
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}
