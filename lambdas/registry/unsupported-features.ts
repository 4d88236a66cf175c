import { type CoreFeature, DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES, type Schema } from '@apollo/federation-internals';
import { type DirectiveNode, type DocumentNode, visit } from 'graphql';
import { RULE_FEATURES } from '../shared/graph/features';
import type { CompositionError } from './contract';

const SUPPORTED = new Set([...DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES, ...RULE_FEATURES]);

/** What a supergraph must be run with, and the graph cannot: Apollo's planner refuses to open such a supergraph at all. */
export const unsupportedIn = ({ coreFeatures }: Schema): readonly CoreFeature[] =>
  [...(coreFeatures?.allFeatures() ?? [])].filter(
    ({ url, purpose }) => (purpose === 'SECURITY' || purpose === 'EXECUTION') && !SUPPORTED.has(url.base.toString()),
  );

/** As composition says what does not compose. Positions are those where it is used by its usual names. */
export function refusal(
  { url }: Pick<CoreFeature, 'url'>,
  subgraphs: readonly { readonly typeDefs: DocumentNode }[],
  positionOf: (node: DirectiveNode) => CompositionError['positions'],
): CompositionError {
  const { name } = url;
  const usual = new RegExp(`^(federation__)?(${name === 'context' ? 'context|fromContext' : name})$`);
  const positions: CompositionError['positions'] = [];
  for (const { typeDefs } of subgraphs)
    visit(typeDefs, {
      Directive(node) {
        if (usual.test(node.name.value)) positions.push(...positionOf(node));
      },
    });
  const words = name === 'context' ? '@context and @fromContext are' : `@${name} is`;
  return { code: 'UNSUPPORTED_FEATURE', message: `${words} not supported.`, positions };
}
