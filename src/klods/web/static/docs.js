// Starts Swagger on the address that the page names, in the look that was chosen or the one of the system.

const root = document.documentElement;
const system = window.matchMedia("(prefers-color-scheme: dark)");

function follow() {
  const chosen = root.dataset.theme;
  root.classList.toggle("dark-mode", chosen === "dark" || (chosen === "auto" && system.matches));
}

system.addEventListener("change", follow);
follow();

const place = document.getElementById("swagger");
window.SwaggerUIBundle({ url: place.dataset.url, domNode: place, deepLinking: true, tryItOutEnabled: true });
