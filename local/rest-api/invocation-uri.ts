import { text } from '../json';
import { NotEmulated } from './not-emulated';

/** The function in `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function ARN>/invocations`. */
export const functionArnOf = (uri: unknown): string => {
  const found = /\/functions\/([^/]+)\/invocations$/.exec(text(uri) ?? '')?.[1];
  if (found === undefined) throw new NotEmulated(`the function address ${JSON.stringify(uri)}`);
  return found;
};
