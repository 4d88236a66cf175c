/** One IAM statement, its intrinsics already resolved. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A role of the template: what whoever holds its credentials may do. */
export interface Role {
  /** The ARN that AccessDenied names. */
  readonly arn: string;
  readonly statements: readonly Statement[];
}

/** Fake credentials of one function; the access key tells the loopback AWS endpoint whose role is calling. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** A Lambda function of the template, ready to be invoked. */
export interface LocalFunction {
  /** The logical id in its template, and the stack it stands in. */
  readonly id: string;
  readonly stack: string;
  readonly name: string;
  readonly arn: string;
  readonly timeoutSeconds: number;
  readonly credentials: Credentials;
  /** Runs one event. Rejects with a FunctionError when the function throws, times out or dies. */
  invoke(event: unknown): Promise<unknown>;
}

/** What a function ended with when it did not end well. */
export class FunctionError extends Error {
  override name = 'FunctionError';
  constructor(
    readonly errorType: string,
    message: string,
    readonly trace: readonly string[] = [],
  ) {
    super(message);
  }
}

/** Something that was started and must be ended. */
export interface Running {
  stop(): Promise<void>;
}

/** A resource of a synthesized template as it looks here: its properties with every intrinsic resolved. */
export interface Resource {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** What `Ref` gives for it on this machine. */
  readonly ref: string;
  /** What `Fn::GetAtt` gives for it on this machine. Throws when this attribute is not known here. */
  attribute(name: string): string;
}

/** Who is calling AWS, known by an access key. */
export interface Caller {
  /** The assumed-role ARN that AccessDenied names. */
  readonly principal: string;
  readonly statements: readonly Statement[];
  readonly secretAccessKey: string;
}

/** Finds the caller an access key belongs to; undefined for a key that was never given out. */
export type CallerOf = (accessKeyId: string) => Caller | undefined;

/** A call that the synthesized policies do not allow. */
export interface Denial {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
}
