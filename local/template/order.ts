/** The ids so that each comes after those it needs; what it needs outside the list is ignored. Order is otherwise kept. */
export const inDependencyOrder = (
  ids: readonly string[],
  needs: (id: string) => readonly string[],
): readonly string[] => {
  const known = new Set(ids);
  const placed = new Set<string>();
  const visiting = new Set<string>();
  const place = (id: string): void => {
    // CloudFormation refuses circles, so one here can only be of our own reading: take the order as it stands.
    if (placed.has(id) || visiting.has(id)) return;
    visiting.add(id);
    for (const needed of needs(id)) if (known.has(needed)) place(needed);
    placed.add(id);
  };
  ids.forEach(place);
  return [...placed];
};
