import { type FieldNode, GraphQLError, type ValidationContext, type ValidationRule } from 'graphql';
import type { Weights } from './weights';

/** `requireOneSlicingArgument`: a list whose length must be said, by one argument alone. */
export const oneSlicingArgument =
  (weights: Weights): ValidationRule =>
  (context) => ({ Field: (node) => check(node, weights, context) });

function check(node: FieldNode, weights: Weights, context: ValidationContext): void {
  const [type, definition] = [context.getParentType(), context.getFieldDef()];
  if (!type || !definition || !('getInterfaces' in type)) return;
  const size = weights.sizeOf(type, node.name.value);
  if (!size?.requireOneSlicingArgument || size.slicingArguments.length === 0) return;
  const isOfSize = ({ name }: { readonly name: string }) => size.slicingArguments.includes(name);
  const given = (node.arguments ?? []).map(({ name }) => ({ name: name.value })).filter(isOfSize);
  // One that has a default is there for who gives none.
  const standing = definition.args.filter((arg) => isOfSize(arg) && arg.defaultValue !== undefined);
  if ((given.length > 0 ? given : standing).length === 1) return;
  const names = size.slicingArguments.map((name) => `"${name}"`).join(', ');
  context.reportError(
    new GraphQLError(`Field "${node.name.value}" takes exactly one of the arguments ${names}.`, { nodes: node }),
  );
}
