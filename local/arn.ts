import { ACCOUNT, REGION } from './types';

/** An ARN in the local account, e.g. `arn('lambda', 'function:hello')`. */
export const arn = (service: string, resource: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** Whether a pattern of IAM (`*` any characters, `?` one) covers the whole value. */
export const covers = (pattern: string, value: string): boolean => {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
};
