import { request } from 'undici';
import type { TargetPolicy } from './target';

export type { TargetPolicy } from './target';
export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly policy: TargetPolicy;
}
export interface Outcome {
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  readonly bodyBytes: number;
  readonly address?: string | undefined;
  readonly times: { readonly totalMs: number };
  readonly error?: { readonly class: string; readonly detail: string } | undefined;
  readonly retryAfterSeconds?: number | undefined;
}
export type Post = (request: PostRequest) => Promise<Outcome>;
export const openPoster =
  (): Post =>
  async ({ url, headers, body }) => {
    const began = performance.now();
    try {
      const r = await request(url, { method: 'POST', headers, body });
      const t = await r.body.text();
      return { status: r.statusCode, body: t, bodyBytes: t.length, times: { totalMs: performance.now() - began } };
    } catch (error) {
      return {
        bodyBytes: 0,
        times: { totalMs: performance.now() - began },
        error: { class: 'connect', detail: String(error) },
      };
    }
  };
