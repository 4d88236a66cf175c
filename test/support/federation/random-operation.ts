import { type GraphQLSchema, parse, validate } from 'graphql';
import type { GraphOperation } from './apollo-side';
import { Variables } from './input-values';
import type { Random } from './random';
import { Selections } from './selections';

/** A valid operation over the API schema. `rejected` is called with why another draw was not valid. */
export function randomOperation(
  random: Random,
  schema: GraphQLSchema,
  rejected: (message: string) => void = () => {},
): GraphOperation {
  for (let attempt = 0; attempt < 50; attempt++) {
    const operation = drawDocument(random, schema);
    const [error] = validate(schema, parse(operation.query));
    if (error === undefined) return operation;
    rejected(`${error.message}\n${operation.query}`);
  }
  throw new Error('none of 50 random operations is valid');
}

function drawDocument(random: Random, schema: GraphQLSchema): GraphOperation {
  const named = random.chance(0.4);
  const main = drawOperation(random, schema, named ? 'Main' : '', 'v', 'F');
  if (!named) return { query: main.text, variables: main.variables };
  if (!random.chance(0.35)) return { ...withName(random.chance(0.5)), query: main.text, variables: main.variables };
  // Without fragments: Apollo's planner reads every fragment of a document against the variables of one operation.
  const other = drawOperation(random, schema, 'Other', 'w', undefined);
  const texts = random.shuffle([main.text, other.text]);
  return { ...withName(true), query: texts.join('\n'), variables: main.variables };
}

const withName = (given: boolean) => (given ? { operationName: 'Main' } : {});

function drawOperation(random: Random, schema: GraphQLSchema, name: string, letter: string, prefix?: string) {
  const variables = new Variables(random, letter);
  const mutation = random.chance(0.12) ? schema.getMutationType() : undefined;
  const root = mutation ?? schema.getQueryType();
  if (!root) throw new Error('the schema has no queries');
  const selections = new Selections(schema, random, variables, prefix, random.int(2, 13));
  const depth = random.pick([1, 2, 3, 3, 4, 4, 5, 6]);
  const body = `${selections.set(root, '', depth, mutation ? 2 : 1)}${introspection(random, mutation)}`;
  const kind = mutation ? 'mutation' : 'query';
  const head = [kind, `${name}${variables.declarations()}`].filter((part) => part !== '').join(' ');
  const fragments = selections.fragments.map(
    (fragment) => `fragment ${fragment.name} on ${fragment.on} { ${fragment.body} }`,
  );
  return { text: [`${head} { ${body} }`, ...fragments].join('\n'), variables: variables.values };
}

function introspection(random: Random, mutation: unknown): string {
  if (mutation || !random.chance(0.03)) return '';
  return random.pick([' __schema { queryType { name } }', ' t: __type(name: "T0") { name kind fields { name } }']);
}
