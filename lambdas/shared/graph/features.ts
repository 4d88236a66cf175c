/** What Apollo's planner refuses in a supergraph unless somebody honours it: the graph does so itself, before planning. */
export const RULE_FEATURES = ['authenticated', 'requiresScopes', 'policy'].map(
  (name) => `https://specs.apollo.dev/${name}/v0.1`,
);
