import * as z from 'zod/mini';
export const CustomHeaders = z.record(z.string(), z.string());
