import { refuse } from '../shared/errors';
import { faultInAddress } from '../shared/http/address-fault';
import type { FetchSdl } from './fetch-sdl';

const RETRY_AFTER = { 'retry-after': '2' };

/** Where SDL comes from: said by the caller, or asked of the service that the caller names. */
export interface Sources {
  readonly fetchSdl: FetchSdl;
  /** Whether addresses may be private and without TLS: on a laptop. */
  readonly privateTargets: boolean;
}

export function mustBeUrl(url: string, { privateTargets }: Sources): void {
  const fault = faultInAddress(url, { privateTargets });
  if (fault !== undefined) refuse('bad_request', `body: url: ${fault}`);
  if (url.includes('#')) refuse('bad_request', 'body: url: has a fragment, which is never sent');
}

export async function sdlOf(url: string, { fetchSdl }: Sources): Promise<string> {
  const answer = await fetchSdl(url).catch((cause: unknown) =>
    refuse('not_ready', 'the SDL could not be fetched', { headers: RETRY_AFTER, cause }),
  );
  return answer.ok ? answer.sdl : refuse('bad_request', `the SDL could not be fetched: ${answer.detail}`);
}
