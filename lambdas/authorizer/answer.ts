import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { authorizerContext, type Identity } from '../shared/access/principal';
import { logLine } from '../shared/log-line';

/** Whose credential it is, or why that is not known. The reason goes to our log only. */
export type Identified = Identity | { readonly refused: string };
/** Finds out whose it is. `issuer` is what our own tokens name as theirs; `address` is the caller's. */
export type Identify = (credential: string, issuer: string, address: string) => Promise<Identified>;

/** API Gateway turns exactly this message into its UNAUTHORIZED answer. */
const UNAUTHORIZED = 'Unauthorized';
const BEARER = /^Bearer ([\w.-]+)$/i;

/** The authorizer: one wildcard answer for the whole stage, because API Gateway keeps it by credential, not by route. */
export const authorizer =
  (identify: Identify) =>
  async (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
    const found = await identified(event, identify);
    if ('refused' in found) {
      logLine('INFO', 'refused', { requestId: event.requestContext.requestId, reason: found.refused });
      throw new Error(UNAUTHORIZED);
    }
    return {
      principalId: found.id,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: wholeStage(event.methodArn) }],
      },
      context: authorizerContext(found),
    };
  };

async function identified(event: APIGatewayRequestAuthorizerEvent, identify: Identify): Promise<Identified> {
  const [authorization, ...more] = valuesOf(event, 'authorization');
  const [apiKey, ...others] = valuesOf(event, 'x-api-key');
  // Which of two is the caller would be a guess.
  if (more.length + others.length > 0 || (authorization && apiKey)) return { refused: 'more than one credential' };
  const credential = apiKey ?? BEARER.exec(authorization ?? '')?.[1];
  const issuer = event.stageVariables?.publicUrl;
  if (!credential || !issuer) return { refused: 'no credential' };
  return identify(credential, issuer, event.requestContext.identity.sourceIp);
}

/** arn:…:execute-api:region:account:api/stage/GET/path becomes arn:…:api/stage/* */
const wholeStage = (methodArn: string) => `${methodArn.split('/').slice(0, 2).join('/')}/*`;

/** A header's values, whatever its spelling. */
function valuesOf({ headers, multiValueHeaders }: APIGatewayRequestAuthorizerEvent, wanted: string): string[] {
  const all = Object.entries({ ...headers, ...multiValueHeaders });
  return all.flatMap(([name, values]) => (name.toLowerCase() === wanted ? (values ?? []) : []));
}
