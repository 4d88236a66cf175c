import * as z from 'zod/mini';

/**
 * A UUID as PostgreSQL writes it. In lower case alone: grants are compared with the id as it stands in the path, and a
 * second spelling of it would pass by a deny.
 */
export const Id = z.string().check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/));
