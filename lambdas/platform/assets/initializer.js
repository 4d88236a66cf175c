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
