// Starts Swagger on the address that the page names.

const place = document.getElementById("swagger");
window.SwaggerUIBundle({ url: place.dataset.url, domNode: place, deepLinking: true, tryItOutEnabled: true });
