// Swagger UI has a dark dress, but asks for it by a class of the root element and not by the reader's preference.
const dark = matchMedia('(prefers-color-scheme: dark)');
const dress = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', dress);
dress();

// Swagger UI asks its maker's online validator about every document unless it is told not to: nothing leaves this origin.
SwaggerUIBundle({
  dom_id: '#reference',
  url: 'openapi.json',
  validatorUrl: null,
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  showExtensions: true,
  filter: true,
  tryItOutEnabled: true,
});
