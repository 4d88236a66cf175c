import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of our pages with their content types; nothing else is served. All are text, so API Gateway needs no binary types. */
export const ASSETS = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'initializer.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml; charset=utf-8',
} as const satisfies Record<string, string>;

export type AssetName = keyof typeof ASSETS;
export const isAssetName = (name: string): name is AssetName => Object.hasOwn(ASSETS, name);
export const ASSET_NAMES: readonly AssetName[] = Object.keys(ASSETS).filter(isAssetName);

/** What the build laid beside the function. */
export interface Files {
  readonly openApi: () => Promise<string>;
  readonly asset: (name: AssetName) => Promise<string>;
  /** Of all assets together: it changes with any of them, and so does every address that carries it. */
  readonly version: () => Promise<string>;
}

/** Files are read when they are first asked for: probes pay nothing for the 1.9 MB of the API reference. */
export function filesIn(directory: string): Files {
  const known = new Map<string, Promise<string>>();
  const once = (key: string, load: () => Promise<string>) => {
    const value = known.get(key) ?? load();
    known.set(key, value);
    return value;
  };
  const read = (path: string) => once(path, () => readFile(join(directory, path), 'utf8'));
  const asset = (name: AssetName) => read(join('docs-assets', name));
  return {
    openApi: () => read('openapi.json'),
    asset,
    version: () => once('version', async () => hash(await Promise.all(ASSET_NAMES.map(asset)))),
  };
}

const hash = (contents: readonly string[]) =>
  createHash('sha256').update(contents.join('\0')).digest('hex').slice(0, 12);
