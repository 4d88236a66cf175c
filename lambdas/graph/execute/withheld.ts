import type { Json, Operation } from './operation';
import type { GraphError } from './run';

/** As Apollo's router says it. */
const UNAUTHORIZED = { message: 'Unauthorized field or type', extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } };

/** An error for each field that was asked for and is left out, once for all elements of a list. */
export function withheldFrom(
  { withheld = [] }: Pick<Operation, 'withheld'>,
  variables: Json,
): (GraphError & { readonly path: readonly string[] })[] {
  const asked = withheld.filter(({ when }) => when.every(([variable, wanted]) => variables[variable] === wanted));
  const paths = new Map(asked.map(({ path }) => [path.join(' '), path]));
  return [...paths.values()].map((path) => ({ ...UNAUTHORIZED, path }));
}
