import * as z from 'zod/mini';

/** Text that spells a URL, of whatever host: with one to look at, zod makes a URL of it and does not ask `URL.canParse`. */
export const Url = z.url({ hostname: /^/ });

/**
 * The URL that a text spells; nothing where it spells none. Not by `URL.canParse`: once V8 has optimised its caller, after
 * some thousand calls, Node 20 says false of each text with a letter such as ü (it takes Latin-1 for UTF-8).
 */
export function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
