import { isObject, object, text } from '../json';
import { FunctionError } from '../types';
import type { AuthorizerSettings, IdentitySource } from './authorizer-settings';
import { type AuthorizerContext, type GatewayRequest, requestAuthorizerEvent } from './event';
import { GatewayError } from './gateway-response';
import type { Invoke } from './invoke';
import { decide, MalformedPolicy } from './policy';
import type { Match } from './router';
import { valueAt } from './template';

/** An authorizer's answer, good for every method that its policy speaks of. */
interface Answer {
  readonly policyDocument: unknown;
  readonly context: AuthorizerContext;
}

interface Kept {
  readonly answer: Promise<Answer>;
  /** Milliseconds since the epoch; unset while the function is being asked. */
  expires: number | undefined;
}

/** Enough for a laptop; the oldest goes first. */
const MAX_KEPT_ANSWERS = 10_000;

const malformed = (reason: string): GatewayError => new GatewayError('AUTHORIZER_CONFIGURATION_ERROR', { reason });

/** Context values reach handlers as texts; a nested one makes the whole answer invalid. */
const contextOf = (principalId: string, context: unknown, integrationLatency: number): AuthorizerContext => {
  const values = Object.entries(object(context)).map(([name, value]) => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return [name, String(value)];
    throw malformed(`the context's ${name} is not a string, number or boolean`);
  });
  return { ...Object.fromEntries(values), principalId, integrationLatency };
};

const answerOf = (value: unknown, latencyMs: number): Answer => {
  const { principalId, policyDocument, context } = object(value);
  if (typeof principalId !== 'string') throw malformed('no principalId');
  if (!isObject(policyDocument)) throw malformed('no policyDocument');
  return { policyDocument, context: contextOf(principalId, context, latencyMs) };
};

/** One Lambda authorizer with the answers that it has given. */
export class Authorizer {
  readonly #kept = new Map<string, Kept>();

  constructor(
    readonly settings: AuthorizerSettings,
    readonly invoke: Invoke,
    readonly stageVariables: Readonly<Record<string, string>>,
    readonly now: () => number,
  ) {}

  /** Who calls, if that caller may. Throws a {@link GatewayError}. */
  async authorize(request: GatewayRequest, match: Match, methodArn: string): Promise<AuthorizerContext> {
    const identity = this.settings.identitySources.map((source) => this.#part(source, request));
    if (identity.some((part) => part === '')) throw new GatewayError('UNAUTHORIZED');
    const { validation } = this.settings;
    if (validation !== undefined && !validation.test(identity[0] ?? '')) throw new GatewayError('UNAUTHORIZED');
    const event =
      this.settings.type === 'token'
        ? { type: 'TOKEN', methodArn, authorizationToken: identity[0] }
        : requestAuthorizerEvent(request, match, this.stageVariables, methodArn);
    const { policyDocument, context } = await this.#answer(JSON.stringify(identity), event);
    this.#enforce(policyDocument, methodArn);
    return context;
  }

  #part({ place, name }: IdentitySource, { message, query, context }: GatewayRequest): string {
    if (place === 'header') return text(message.headers[name.toLowerCase()]) ?? '';
    if (place === 'querystring') return query.get(name) ?? '';
    return place === 'context' ? valueAt(context, name) : (this.stageVariables[name] ?? '');
  }

  /** From those kept, or by asking. Concurrent callers of one identity share one question. */
  #answer(key: string, event: unknown): Promise<Answer> {
    const { ttlSeconds } = this.settings;
    if (ttlSeconds === 0) return this.#ask(event);
    const known = this.#kept.get(key);
    if (known !== undefined && (known.expires === undefined || known.expires > this.now())) return known.answer;
    const kept: Kept = { answer: this.#ask(event), expires: undefined };
    this.#keep(key, kept);
    return kept.answer;
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT_ANSWERS && oldest !== undefined) this.#kept.delete(oldest);
    void this.#settle(key, kept);
  }

  async #settle(key: string, kept: Kept): Promise<void> {
    try {
      await kept.answer;
      kept.expires = this.now() + this.settings.ttlSeconds * 1000;
    } catch {
      // A failure is not an answer: the next request asks again.
      this.#kept.delete(key);
    }
  }

  async #ask(event: unknown): Promise<Answer> {
    const started = this.now();
    try {
      return answerOf(await this.invoke(event), this.now() - started);
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      // The one word by which a function refuses; any other error is its own failure.
      if (error.message === 'Unauthorized') throw new GatewayError('UNAUTHORIZED');
      throw new GatewayError('AUTHORIZER_FAILURE', { reason: `${error.errorType}: ${error.message}` });
    }
  }

  #enforce(policyDocument: unknown, methodArn: string): void {
    const decision = this.#decide(policyDocument, methodArn);
    if (decision === 'allow') return;
    const why =
      decision === 'explicit deny'
        ? 'with an explicit deny in an identity-based policy'
        : 'because no identity-based policy allows the execute-api:Invoke action';
    throw new GatewayError('ACCESS_DENIED', { message: `User is not authorized to access this resource ${why}` });
  }

  #decide(policyDocument: unknown, methodArn: string) {
    try {
      return decide(policyDocument, methodArn);
    } catch (error) {
      throw error instanceof MalformedPolicy ? malformed(error.message) : error;
    }
  }
}
