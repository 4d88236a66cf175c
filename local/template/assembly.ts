import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type JsonObject, list, object, text } from '../json';
import { inDependencyOrder } from './order';

/** One synthesized stack: its template as CloudFormation would get it. */
export interface Stack {
  readonly name: string;
  readonly template: JsonObject;
}

/** What `cdk synth` wrote. */
export interface Assembly {
  /** Every stack after those it depends on. */
  readonly stacks: readonly Stack[];
  /** The folder that publishing would zip for this asset hash. */
  assetFolder(hash: string): string | undefined;
}

const readJson = (file: string): JsonObject => object(JSON.parse(readFileSync(file, 'utf8')));

/** Reads `cdk.out`. Stacks inside a Stage (nested assemblies) are not looked for. */
export const readAssembly = (folder: string): Assembly => {
  const artifacts = object(readJson(join(folder, 'manifest.json')).artifacts);
  const ofType = (type: string) => Object.keys(artifacts).filter((id) => object(artifacts[id]).type === type);
  const fileOf = (id: string, property: string): JsonObject =>
    readJson(join(folder, text(object(object(artifacts[id]).properties)[property]) ?? ''));

  const assets = new Map(
    ofType('cdk:asset-manifest')
      .flatMap((id) => Object.entries(object(fileOf(id, 'file').files)))
      .map(([hash, asset]) => [hash, text(object(object(asset).source).path)]),
  );
  const stackIds = inDependencyOrder(ofType('aws:cloudformation:stack'), (id) =>
    list(object(artifacts[id]).dependencies).map(String),
  );
  return {
    stacks: stackIds.map((id) => ({
      name: text(object(object(artifacts[id]).properties).stackName) ?? id,
      template: fileOf(id, 'templateFile'),
    })),
    assetFolder: (hash) => {
      const path = assets.get(hash);
      return path === undefined ? undefined : resolve(folder, path);
    },
  };
};
