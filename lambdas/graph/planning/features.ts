import type { FeatureDefinition, FeatureDefinitions, Schema } from '@apollo/federation-internals';

/** What a supergraph links of a spec, by whatever name it does. Throws for a version that we do not know. */
export function specOf<T extends FeatureDefinition>(
  schema: Schema,
  identity: string,
  versions: FeatureDefinitions<T>,
): T | undefined {
  const feature = schema.coreFeatures?.getByIdentity(identity);
  if (!feature) return undefined;
  const spec = versions.find(feature.url.version);
  if (!spec) throw new Error(`the supergraph links ${feature.url.toString()}, which is not known`);
  return spec;
}

/** `Type`, `Type.field` or `Type.field(argument:)`. What stands where it is not understood would go unheard. */
export function coordinateOf(element: object): string {
  if ('coordinate' in element && typeof element.coordinate === 'string') return element.coordinate;
  throw new Error('a directive of the supergraph stands at what has no name');
}
