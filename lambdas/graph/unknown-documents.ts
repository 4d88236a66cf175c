import { BoundedMap } from '../shared/bounded-map';
import { countUnknownDocument, logger } from '../shared/telemetry';
import type { GraphRequest } from './request';

/** Each is told once by an environment, and of many only so many a minute: whoever makes them up fills no log. */
const told = new BoundedMap<string, true>(1_000);
const MOST_A_MINUTE = 20;
const MINUTE_MS = 60_000;
let minute = { beganAtMs: Number.NEGATIVE_INFINITY, lines: 0 };

/** Counts a document that no client has published, and tells the operator who has sent it. */
export function noteUnknown(hash: string, { operationName, client }: GraphRequest): void {
  countUnknownDocument();
  if (told.get(hash)) return;
  if (performance.now() - minute.beganAtMs >= MINUTE_MS) minute = { beganAtMs: performance.now(), lines: 0 };
  if (minute.lines >= MOST_A_MINUTE) return;
  minute.lines += 1;
  told.set(hash, true);
  logger.warn('unknown document', { hash, operationName, client });
}
