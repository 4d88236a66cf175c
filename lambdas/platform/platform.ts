import { isErrorCode, refuse } from '../shared/errors';
import { Answer, type Operations } from '../shared/http/route';
import { ASSETS, type Files, isAssetName } from './assets';
import type { platformRoutes } from './contract';
import { type Build, metricsText } from './metrics';
import { docsPage, problemPage } from './pages';
import { type Probing, probeAll } from './readiness';

/** When to ask again: a paused Aurora needs about 15 s, a failover more. */
const RETRY_AFTER_SECONDS = 5;

interface Deps {
  readonly probing: Probing;
  readonly files: Files;
  readonly build: Build;
  /** Whether this environment does without Redis at the moment. */
  isDegraded(): boolean;
}

export const platform = ({ probing, files, build, isDegraded }: Deps): Operations<typeof platformRoutes> => ({
  getHealth: async () => ({ status: 'ok' }),

  async getReadiness() {
    const dependencies = await probeAll(probing);
    const missing = dependencies.filter(({ needed, state }) => needed && state === 'down');
    if (missing.length === 0) return { status: 'ready', dependencies };
    return refuse('not_ready', `not available: ${missing.map(({ name }) => name).join(', ')}`, {
      extensions: { dependencies },
      headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
    });
  },

  getMetrics: async () => metricsText(build, await probeAll(probing), isDegraded()),

  getOpenApi: () => files.openApi(),

  getDocs: async () => docsPage(await files.version()),

  async getDocsAsset({ params, query }) {
    if (!isAssetName(params.asset)) return refuse('not_found');
    return new Answer(await files.asset(params.asset), {
      'content-type': ASSETS[params.asset],
      'x-content-type-options': 'nosniff',
      // During a deploy a new page can meet an old function: only what is asked for by its own version is kept.
      'cache-control': query.v === (await files.version()) ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
  },

  async getProblem({ params }) {
    if (!isErrorCode(params.code)) return refuse('not_found');
    return problemPage(params.code, await files.version());
  },
});
