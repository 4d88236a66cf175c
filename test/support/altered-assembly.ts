import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { temporaryFolder } from './temporary-folder';

const Statement = z.looseObject({ Action: z.union([z.string(), z.array(z.string())]) });

/** What tests reach for in a template; all else stays as it is. */
const Template = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Properties: z.optional(
        z.looseObject({
          PolicyDocument: z.optional(z.looseObject({ Statement: z.optional(z.array(Statement)) })),
          Environment: z.optional(z.looseObject({ Variables: z.record(z.string(), z.unknown()) })),
        }),
      ),
    }),
  ),
});
export type Template = z.output<typeof Template>;

export interface Folder {
  readonly path: string;
  remove(): void;
}

/** A folder like a checkout, with this project's cdk.out after `alter` has changed one of its templates. */
export function alteredAssembly(stack: string, alter: (template: Template) => void): Folder {
  const path = temporaryFolder('gatehouse-altered-');
  for (const name of ['bin', 'local', 'node_modules', 'package.json', 'tsconfig.json'])
    symlinkSync(resolve(name), join(path, name));
  cpSync('cdk.out', join(path, 'cdk.out'), { recursive: true });
  const file = join(path, 'cdk.out', `Gatehouse-local-${stack}.template.json`);
  const template = Template.parse(JSON.parse(readFileSync(file, 'utf8')));
  alter(template);
  writeFileSync(file, JSON.stringify(template));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Takes the statements that allow an action from the policies of the resources whose id begins with `owner`. */
export function revoke(template: Template, owner: string, action: string): void {
  let revoked = 0;
  for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
    const document = Properties?.PolicyDocument;
    if (Type !== 'AWS::IAM::Policy' || !id.startsWith(owner) || !document?.Statement) continue;
    const kept = document.Statement.filter(({ Action }) => ![Action].flat().includes(action));
    revoked += document.Statement.length - kept.length;
    document.Statement = kept;
  }
  if (revoked === 0) throw new Error(`no policy of ${owner} allows ${action}`);
}
