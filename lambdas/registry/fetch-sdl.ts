import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { signedPost } from '../shared/aws/signed-post';
import { askOutside, Fault, type OutsideOptions } from '../shared/http/outside';
import { fromJson } from '../shared/json';
import { MOST_SDL_BYTES } from './contract';

/** What the function `fetch-sdl` is asked, and what it answers: that a service is down or talks nonsense is an answer too. */
export const SdlQuestion = z.object({ url: z.string() });
const SdlAnswer = z.union([
  z.object({ ok: z.literal(true), sdl: z.string() }),
  z.object({ ok: z.literal(false), detail: z.string() }),
]);
type SdlAnswer = z.output<typeof SdlAnswer>;

/** Asks a running service for its SDL. Rejects when the function that does so is not reached. */
export type FetchSdl = (url: string) => Promise<SdlAnswer>;

const TIMEOUT_MS = 4_000;
/** Longer than that, the start of the function that fetches included. */
const ASK_TIMEOUT_MS = 8_000;
/** Escaped as JSON, with what a service may say beside it. */
const MOST_BYTES = 2 * MOST_SDL_BYTES;

/** Apollo's federation subgraph specification: `_Service`. */
const SERVICE = '_service';
const QUERY = `query SubgraphSdl { ${SERVICE} { sdl } }`;
const Reply = z.object({ data: z.object({ [SERVICE]: z.object({ sdl: z.string().check(z.minLength(1)) }) }) });

/** @throws only what is a fault of ours */
export async function fetchSdl(url: string, options: OutsideOptions): Promise<SdlAnswer> {
  const ask = askOutside(options, TIMEOUT_MS);
  try {
    const body = { query: QUERY, operationName: 'SubgraphSdl' };
    const reply = Reply.safeParse(await ask({ what: 'the service', address: url, body, mostBytes: MOST_BYTES }));
    if (!reply.success) throw new Fault('the service: its answer has no SDL at data._service.sdl');
    return { ok: true, sdl: reply.data.data[SERVICE].sdl };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, detail: error.message };
    throw error;
  }
}

/** Asks the function behind this IAM function URL: it stands outside the VPC, where a hostile address has nothing to reach. */
export const fetchSdlBy =
  (functionUrl: string): FetchSdl =>
  async (url) => {
    const headers = { 'content-type': 'application/json' };
    const request = { service: 'lambda', url: functionUrl, headers, body: JSON.stringify({ url }) };
    const { status, text } = await signedPost(request, awsIdentity(), ASK_TIMEOUT_MS);
    if (status !== 200) throw new Error(`fetch-sdl answered ${status}`);
    return z.pipe(fromJson, SdlAnswer).parse(text);
  };
