const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether it is a UUID of RFC 9562 in lower case: less than `z.uuid` takes, in a tenth of its time. */
export const isUuid = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);
