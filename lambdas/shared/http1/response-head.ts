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
export const FIELD_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;
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
  return new Head(status, length, mayKeep ? keptMsOf(framing.keepAlive) : 0, text);
}

/** Of a head whose lines have been looked at. */
function fieldsIn(text: string): Fields {
  const fields: Record<string, string> = {};
  for (const line of text.split(LINE_END).slice(1, -2)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = valueIn(line, colon, isBlank);
    fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}

const [SPACE, TAB] = [0x20, 0x09];
const isSpace = (code: number) => code === SPACE;
const isBlank = (code: number) => code === SPACE || code === TAB;

/** Without a pattern: one that begins or ends with blanks takes half a second for a line of 16 kB of them. */
function valueIn(line: string, colon: number, isLeftOut: (code: number) => boolean): string {
  let [from, to] = [colon + 1, line.length];
  while (from < to && isBlank(line.charCodeAt(from))) from += 1;
  while (to > from && isLeftOut(line.charCodeAt(to - 1))) to -= 1;
  return line.slice(from, to);
}

interface Framing {
  length: string | undefined;
  encoding: string | undefined;
  connection: string | undefined;
  keepAlive: string | undefined;
}

/** Of the names that are of interest here. Most lines have names of other lengths. */
const LENGTHS = new Set(['connection', 'keep-alive', 'content-length', 'transfer-encoding'].map((name) => name.length));

function framingOf(lines: readonly string[]): Framing {
  const framing: Framing = { length: undefined, encoding: undefined, connection: undefined, keepAlive: undefined };
  for (const line of lines) {
    if (!FIELD_LINE.test(line)) fail('a line of its head is no field');
    const colon = line.indexOf(':');
    if (LENGTHS.has(colon)) note(framing, line.slice(0, colon).toLowerCase(), line, colon);
  }
  return framing;
}

function note(framing: Framing, name: string, line: string, colon: number): void {
  // A tab at the end is left: node:http refuses a length with one, and so does what reads it here.
  const value = () => valueIn(line, colon, isSpace);
  if (name === 'connection') framing.connection = listed(framing.connection, value());
  else if (name === 'keep-alive') framing.keepAlive = listed(framing.keepAlive, value());
  // Of two lengths one is meant for somebody else, even where they are the same.
  else if (name === 'content-length')
    framing.length = framing.length === undefined ? value() : fail('it says its length twice');
  else if (name === 'transfer-encoding')
    framing.encoding = framing.encoding === undefined ? value() : fail('it says its encoding twice');
}

const listed = (before: string | undefined, value: string) => (before === undefined ? value : `${before},${value}`);

/** RFC 9112 section 6.3; a response that has both, a length and an encoding, is refused. */
function lengthOf(status: number, { length, encoding }: Framing, isOld: boolean): ResponseHead['length'] {
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
