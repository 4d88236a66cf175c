import { dirname, join } from 'node:path';
import { ASSETS } from './assets';

/** Where the build finds each asset, by file name; it lays them beside the function as `docs-assets/`. */
export function docsAssets(): Record<string, string> {
  const swaggerUi = dirname(require.resolve('swagger-ui-dist/package.json'));
  const own = join(__dirname, 'assets');
  const source = (name: string) => join(name.startsWith('swagger-ui') ? swaggerUi : own, name);
  return Object.fromEntries(Object.keys(ASSETS).map((name) => [name, source(name)]));
}
