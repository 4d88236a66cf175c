import type { CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import * as z from 'zod/mini';

const Resource = z.looseObject({
  Type: z.string(),
  Properties: z.prefault(z.record(z.string(), z.unknown()), {}),
  DeletionPolicy: z.optional(z.string()),
  UpdateReplacePolicy: z.optional(z.string()),
});
const Template = z.looseObject({
  Resources: z.record(z.string(), Resource),
  Outputs: z.prefault(z.record(z.string(), z.looseObject({ Value: z.unknown(), Export: z.optional(z.unknown()) })), {}),
});

/** A resource of a template. `stack` is the last word of its stack's name. */
export interface Resource extends z.output<typeof Resource> {
  readonly stack: string;
  readonly id: string;
}

const word = ({ stackName }: CloudFormationStackArtifact) => stackName.split('-').at(-1) ?? '';

/** All templates of one deployment, to be asked about. */
export class Deployed {
  readonly resources: readonly Resource[];
  readonly terminationProtection: Readonly<Record<string, boolean>>;
  private readonly exports = new Map<string, unknown>();

  constructor(stacks: readonly CloudFormationStackArtifact[]) {
    this.resources = stacks.flatMap((stack) => {
      const { Resources, Outputs } = Template.parse(stack.template);
      for (const { Value, Export } of Object.values(Outputs)) this.exports.set(text(at(Export, 'Name')), Value);
      return Object.entries(Resources).map(([id, resource]) => ({ ...resource, id, stack: word(stack) }));
    });
    this.terminationProtection = Object.fromEntries(
      stacks.map((stack) => [word(stack), stack.terminationProtection ?? false]),
    );
  }

  of(type: string): readonly Resource[] {
    return this.resources.filter(({ Type }) => Type === type);
  }

  /** The only resource of this type. */
  only(type: string): Resource {
    const [found, ...more] = this.of(type);
    if (!found || more.length > 0) throw new Error(`${this.of(type).length} resources of ${type}`);
    return found;
  }

  /**
   * A value as a short text: a reference reads as the logical id without its hash, an import from another stack as what
   * it stands for there.
   */
  readable(value: unknown): string {
    if (typeof value !== 'object' || value === null) return String(value);
    if (Array.isArray(value)) return value.map((item) => this.readable(item)).join(',');
    const [name, of] = Object.entries(value)[0] ?? [];
    if (name === 'Ref') return unhashed(text(of));
    if (name === 'Fn::GetAtt') return unhashed(text(at(of, 0)));
    if (name === 'Fn::ImportValue') return this.readable(this.exports.get(text(of)));
    if (name === 'Fn::Join' && Array.isArray(at(of, 1)))
      return list(at(of, 1))
        .map((part) => this.readable(part))
        .join('');
    if (name === 'Fn::Select' || name === 'Fn::Split') return this.readable(at(of, 1));
    return JSON.stringify(value);
  }
}

/** A member, however deep; nothing where there is none. */
export const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
    value,
  );

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A list, or the one thing that stands in for a list of one. */
export const list = (value: unknown): readonly unknown[] => (value === undefined ? [] : [value].flat());

const unhashed = (id: string) => id.replace(/[0-9A-F]{8}$/, '');
