import * as z from 'zod/mini';
import { awsIdentity } from '../aws/aws-token';
import { signedPost } from '../aws/signed-post';
import { fromJson } from '../json';
import { ALGORITHMS, type IssuerSettings } from './issuer-settings';
import { ForeignJwk } from './jwk';

/** What the function `issuer-keys` is asked. */
export const KeysQuestion = z.object({
  issuer: z.string(),
  jwksUri: z.optional(z.string()),
  algorithm: z.enum(ALGORITHMS),
});
export type KeysQuestion = z.output<typeof KeysQuestion>;

/** What it answers: that an issuer is down or talks nonsense is an answer too. */
export const KeysAnswer = z.union([
  z.object({ ok: z.literal(true), keys: z.array(ForeignJwk) }),
  z.object({ ok: z.literal(false), detail: z.string() }),
]);
export type KeysAnswer = z.output<typeof KeysAnswer>;

/** Fetches an issuer's keys. Rejects when the function that does so is not reached. */
export type FetchKeys = (settings: IssuerSettings, timeoutMs: number) => Promise<KeysAnswer>;

/** Asks the function behind this IAM function URL: it stands outside the VPC, where a hostile address has nothing to reach. */
export const fetchKeysBy =
  (url: string): FetchKeys =>
  async ({ issuer, jwksUri, algorithm }, timeoutMs) => {
    const question: KeysQuestion = { issuer, algorithm, ...(jwksUri !== undefined && { jwksUri }) };
    const headers = { 'content-type': 'application/json' };
    const request = { service: 'lambda', url, headers, body: JSON.stringify(question) };
    const { status, text } = await signedPost(request, awsIdentity(), timeoutMs);
    if (status !== 200) throw new Error(`issuer-keys answered ${status}`);
    return z.pipe(fromJson, KeysAnswer).parse(text);
  };
