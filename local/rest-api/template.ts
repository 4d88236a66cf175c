import { type JsonObject, object } from '../json';
import { NotEmulated } from './not-emulated';

/** What a template can name: `$context.identity.sourceIp`, `$stageVariables.color`. */
export interface TemplateValues {
  readonly context: JsonObject;
  readonly stageVariables: JsonObject;
}

const NAME = String.raw`(?:context|stageVariables)(?:\.[A-Za-z_][\w-]*)+`;
// A closing brace belongs to the variable only where an opening one does.
const VARIABLE = new RegExp(String.raw`\$!?(?:\{(${NAME})\}|(${NAME}))`, 'g');
const OTHER_VELOCITY = /\$!?\{?[A-Za-z]|#(?:set|if|elseif|else|end|foreach|macro|#|\*)/;

/** The value at a dotted path, as a text; empty when there is none. */
export const valueAt = (root: JsonObject, path: string): string => {
  const found = path.split('.').reduce<unknown>((level, name) => object(level)[name], root);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : '';
};

/** Fills in the variables. Values go in as they are: quoting is the template's business, as on AWS. */
export const render = (template: string, values: TemplateValues): string =>
  template.replace(VARIABLE, (_, braced: string | undefined, bare: string) => valueAt({ ...values }, braced ?? bare));

/** Throws {@link NotEmulated} for a mapping template that needs more of Velocity than the variables above. */
export const checkTemplate = (template: string): string => {
  if (OTHER_VELOCITY.test(template.replace(VARIABLE, ''))) {
    throw new NotEmulated(`a template with more than $context and $stageVariables (${template})`);
  }
  return template;
};
