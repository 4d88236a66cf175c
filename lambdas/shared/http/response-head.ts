/*
 * The head of an HTTP/1.1 response (RFC 9112), as strictly as its grammar: what two readers could understand in two ways
 * is no response. https://www.rfc-editor.org/rfc/rfc9112
 */

/** What says where a response ends, and whether another may follow on its connection. */
export interface ResponseHead {
  readonly status: number;
  /** Bytes of the body; `chunked` where it says so itself, `close` where it ends with the connection. */
  readonly length: number | 'chunked' | 'close';
  /** For how long the connection may be used again, in milliseconds; 0 where it may not. */
  readonly keptMs: number;
  /** All of it, in Latin-1, with the empty line that ends it. */
  readonly text: string;
  /** All fields, by names in lower case; the values of one name are joined by commas. Read when they are asked for. */
  readonly fields: Fields;
}

export type Fields = Readonly<Record<string, string>>;

/** What the other side sent is no response that we understand. */
export class NoResponse extends Error {
  override name = 'NoResponse';
}

/** Its head is longer than anybody reads. */
export class HeadTooLong extends NoResponse {
  override name = 'HeadTooLong';
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** Neither a space before the colon nor a folded line nor a lone CR, LF or NUL (RFC 9112 sections 2.2 and 5). */
export const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;
const LENGTH = /^\d{1,15}$/;
const KEPT_SECONDS = /(?:^|[ ,])timeout=(\d{1,9})(?:$|[ ,])/i;
/** A connection is not used when the other side may be about to close it, and the request on its way meets that. */
const MARGIN_MS = 1_000;
const BODILESS = new Set([204, 304]);

const LINE_END = '\r\n';
/** What ends a head. */
export const HEAD_END = LINE_END + LINE_END;

class Head implements ResponseHead {
  private known: Fields | undefined;

  constructor(
    readonly status: number,
    readonly length: ResponseHead['length'],
    readonly keptMs: number,
    readonly text: string,
  ) {}

  get fields(): Fields {
    return (this.known ??= fieldsIn(this.text));
  }
}

/** @param text a head in Latin-1, with the empty line that ends it */
export function responseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.slice(0, -HEAD_END.length).split(LINE_END);
  const [, minor, code] = STATUS_LINE.exec(first) ?? fail('its first line is no status line');
  const framing = framingOf(lines);
  const status = Number(code);
  if (status === 101) fail('it speaks another protocol');
  // RFC 9110 section 15.2: HTTP/1.0 knows no interim responses.
  if (status < 200 && minor === '0') fail('it is interim, and older than those are');
  const isOver = minor === '0' || /(?:^|[ ,])close(?:$|[ ,])/i.test(framing.connection ?? '');
  const length = lengthOf(status, framing, minor === '0');
  const mayKeep = !isOver && length !== 'close';
  return new Head(status, length, mayKeep ? keptMsOf(framing['keep-alive']) : 0, text);
}

/** Of a head whose lines have been looked at. */
function fieldsIn(text: string): Fields {
  const fields: Record<string, string> = {};
  for (const line of text.split(LINE_END).slice(1, -2)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).replaceAll(/^[\t ]+|[\t ]+$/g, '');
    fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}

type Framing = Partial<Record<string, string>>;
/** Where the body ends. */
const BOUNDS = new Set(['content-length', 'transfer-encoding']);
const FRAMING = new Set([...BOUNDS, 'connection', 'keep-alive']);

function framingOf(lines: readonly string[]): Framing {
  const fields: Framing = {};
  for (const line of lines) {
    const [, cased = '', value = ''] = FIELD_LINE.exec(line) ?? fail('a line of its head is no field');
    const name = cased.toLowerCase();
    if (!FRAMING.has(name)) continue;
    const known = fields[name];
    // Of two lengths one is meant for somebody else, even where they are the same.
    if (known !== undefined && BOUNDS.has(name)) fail(`it says ${name} twice`);
    // A tab is left: node:http refuses a length with one, and so does what reads it here.
    const trimmed = value.replace(/ +$/, '');
    fields[name] = known === undefined ? trimmed : `${known},${trimmed}`;
  }
  return fields;
}

/** RFC 9112 section 6.3; a response that has both, a length and an encoding, is refused. */
function lengthOf(status: number, fields: Framing, isOld: boolean): ResponseHead['length'] {
  const { 'content-length': length, 'transfer-encoding': encoding } = fields;
  if (encoding !== undefined) {
    if (length !== undefined || isOld || encoding.toLowerCase() !== 'chunked') fail('where its body ends is not clear');
    return 'chunked';
  }
  if (length !== undefined && !LENGTH.test(length)) fail('its length is no number');
  if (status < 200 || BODILESS.has(status)) return 0;
  return length === undefined ? 'close' : Number(length);
}

function keptMsOf(keepAlive: string | undefined): number {
  const [, seconds] = KEPT_SECONDS.exec(keepAlive ?? '') ?? [];
  return seconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Number(seconds) * 1_000 - MARGIN_MS);
}

function fail(why: string): never {
  throw new NoResponse(`the answer is no HTTP: ${why}`);
}
