import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../../lambdas/openapi';
import { filesIn } from '../../lambdas/platform/assets';
import { platformRoutes } from '../../lambdas/platform/contract';
import { docsAssets } from '../../lambdas/platform/docs-assets';
import { platform } from '../../lambdas/platform/platform';
import type { Probe } from '../../lambdas/platform/readiness';
import { type Handler, serve } from '../../lambdas/shared/http/serve';
import { served } from './event';
import { temporaryFolder } from './temporary-folder';

export const DEADLINE_MS = 100;

/** Lays the files out as the build does; they are gone when the tests of the file have run. */
export function builtFiles(): string {
  const directory = temporaryFolder('gatehouse-platform-');
  afterAll(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'docs-assets'));
  for (const [name, source] of Object.entries(docsAssets())) copyFileSync(source, join(directory, 'docs-assets', name));
  writeFileSync(join(directory, 'openapi.json'), openApiDocument());
  return directory;
}

/** The platform function over these files and dependencies. */
export function platformHandler(directory: string, ...probes: Probe[]): Handler {
  const probing = { probes, deadlineMs: DEADLINE_MS, now: () => performance.now() };
  const build = { version: '1.2.3', stage: 'test' };
  return serve(
    platformRoutes,
    platform({ probing, files: filesIn(directory), build, isDegraded: () => false }),
    served,
  );
}
