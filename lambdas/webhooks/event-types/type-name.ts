import * as z from 'zod/mini';

const SEGMENT = '[a-z0-9_-]+';

/** `invoice.paid`: what an event is of. */
export const TypeName = z.string().check(z.maxLength(128), z.regex(new RegExp(`^${SEGMENT}(\\.${SEGMENT}){0,7}$`)));

/** Names of events that this product publishes itself; a tenant's types have other names. */
export const isOurs = (name: string): boolean => name === 'gatehouse' || name.startsWith('gatehouse.');

/** The name of a type that a tenant may make. */
export const OwnTypeName = TypeName.check(z.refine((name) => !isOurs(name), 'is a name of the platform'));
