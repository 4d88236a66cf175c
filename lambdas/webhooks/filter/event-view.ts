/** An event as filters and routes see it. */
export interface EventView {
  readonly type: string;
  readonly channel?: string | undefined;
  readonly version: number;
  /** ISO 8601. */
  readonly timestamp: string;
  /** JSON. */
  readonly data: unknown;
}

export const EVENT_FIELDS: ReadonlySet<string> = new Set<keyof EventView>([
  'type',
  'channel',
  'version',
  'timestamp',
  'data',
]);

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
