/** What a local address stands in for: there is one account and one region here. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** An ARN in the local account, e.g. `arn('lambda', 'function:hello')`. */
export const arn = (service: string, resource: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
