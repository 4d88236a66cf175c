import * as z from 'zod/mini';
import { faultIn, issuerFields, OrganisationMap, settingsOf } from '../lambdas/shared/credentials/issuer-fields';
import { DEFAULT_LIMITS } from '../lambdas/shared/limits/defaults';
import { LimitSettings } from '../lambdas/shared/limits/plans';
import { parse } from '../lambdas/shared/parse';
import { throttlingFault } from './gateway/throttles';

/**
 * Everything a deployment of Gatehouse may choose, one object per stage. A new stage is a new entry here.
 * Prices are us-east-1 list prices, to say what a choice costs when nothing happens.
 */
const Stage = z.strictObject({
  /** Keep data for ever: RETAIN, deletion and termination protection. */
  keepData: z.boolean(),
  availabilityZones: z.int().check(z.gte(2), z.lte(3)),
  /** `ipv6`: an egress-only gateway, free when idle, reaches dual-stack addresses only. `nat`: 32 $ a month per zone, reaches all. */
  egress: z.enum(['ipv6', 'nat']),
  database: z.strictObject({
    /** Aurora capacity units (2 GiB each); 0 lets the cluster pause. */
    minCapacityUnits: z.number().check(z.gte(0), z.lte(256), z.multipleOf(0.5)),
    maxCapacityUnits: z.number().check(z.gte(1), z.lte(256), z.multipleOf(0.5)),
    /** A proxy shares connections between environments, and keeps one open: a cluster behind it never pauses. */
    proxy: z.boolean(),
    readers: z.int().check(z.gte(0), z.lte(15)),
    backupDays: z.int().check(z.gte(1), z.lte(35)),
  }),
  cache: z.strictObject({
    maxStorageGb: z.int().check(z.gte(1), z.lte(5000)),
    maxUnitsPerSecond: z.int().check(z.gte(1000), z.lte(15_000_000)),
  }),
  /** A key of our own for data at rest: 1 $ a month each; it lets you cut off and audit access to the data. */
  customerKey: z.boolean(),
  logRetentionDays: z.literal([7, 14, 30, 90, 365]),
  /** What API Gateway lets through follows from the plans (lib/gateway/throttles.ts) and from these. */
  throttling: z.strictObject({
    /** Organisations of the largest plan that may use all of it at once. */
    fullRateOrganisations: z.int().check(z.gte(1), z.lte(1_000)),
    /** The account's own quota for all its APIs in the region. */
    accountRatePerSecond: z.int().check(z.gte(1), z.lte(100_000)),
    accountBurst: z.int().check(z.gte(1), z.lte(50_000)),
  }),
  /**
   * Plans, limits of addresses, and what is let through while Redis is away. An operator changes them while they run
   * (docs/limits.md); these are in force until one has.
   */
  limits: LimitSettings,
  /** `create`: this deployment sets the account's log role for API Gateway; `exists`: the account has one. */
  accountLogRole: z.enum(['create', 'exists']),
  /** The one origin whose pages may call the API, or `*`: we use bearer tokens, never cookies. */
  corsOrigin: z.string().check(z.regex(/^(\*|https?:\/\/[\w.:-]+)$/)),
  passwordGrant: z.boolean(),
  /** Two example organisations with a login for each role; their password is generated, in the secret `SeedLogins`. */
  seedLogins: z.boolean(),
  exampleSubgraphs: z.boolean(),
  /** Whom the first deploy invites to administer the first organisation; the invitation is in the secret `FirstInvitation`. */
  firstAdmin: z.optional(
    z.strictObject({ email: z.email(), organisation: z.string().check(z.minLength(1), z.maxLength(200)) }),
  ),
  /** Whether addresses that people name (an issuer's keys, a subgraph) may be private and without TLS: on a laptop, and nowhere else. */
  privateTargets: z.boolean(),
  /** The ports that webhook endpoints may have: `any` of them, or these. */
  webhookPorts: z.string().check(z.regex(/^(any|\d{1,5}( \d{1,5})*)$/)),
  /** Of an operation with fields that its caller may not see: `filter` makes them null, `reject` refuses it whole. */
  unauthorizedFields: z.enum(['filter', 'reject']),
  /**
   * External issuers whose tokens every organisation of the stage accepts: as at `POST /v1/issuers`, and with the
   * organisation that each value of a claim stands for.
   */
  issuers: z.optional(
    z.array(z.strictObject({ ...issuerFields, organisations: OrganisationMap })).check(z.maxLength(20)),
  ),
  alarmEmail: z.optional(z.email()),
  domain: z.optional(
    z.strictObject({
      name: z.string().check(z.regex(/^[a-z0-9.-]+$/)),
      /** Of the same region as the deployment. */
      certificateArn: z.string().check(z.regex(/^arn:[\w-]+:acm:/)),
    }),
  ),
});

type Settings = z.output<typeof Stage>;
export interface Stage extends Settings {
  readonly name: StageName;
}

const dev: Settings = {
  keepData: false,
  availabilityZones: 2,
  egress: 'ipv6',
  database: { minCapacityUnits: 0, maxCapacityUnits: 2, proxy: false, readers: 0, backupDays: 1 },
  cache: { maxStorageGb: 1, maxUnitsPerSecond: 1000 },
  customerKey: false,
  logRetentionDays: 7,
  throttling: { fullRateOrganisations: 1, accountRatePerSecond: 10_000, accountBurst: 5_000 },
  limits: DEFAULT_LIMITS,
  accountLogRole: 'create',
  corsOrigin: '*',
  passwordGrant: true,
  seedLogins: true,
  exampleSubgraphs: true,
  privateTargets: false,
  webhookPorts: '443 8443',
  unauthorizedFields: 'filter',
};

const prod: Settings = {
  keepData: true,
  availabilityZones: 3,
  egress: 'nat',
  database: { minCapacityUnits: 1, maxCapacityUnits: 32, proxy: true, readers: 1, backupDays: 14 },
  cache: { maxStorageGb: 10, maxUnitsPerSecond: 100_000 },
  customerKey: true,
  logRetentionDays: 90,
  throttling: { fullRateOrganisations: 5, accountRatePerSecond: 10_000, accountBurst: 5_000 },
  limits: DEFAULT_LIMITS,
  accountLogRole: 'exists',
  corsOrigin: '*',
  passwordGrant: false,
  seedLogins: false,
  exampleSubgraphs: false,
  privateTargets: false,
  webhookPorts: '443 8443',
  unauthorizedFields: 'filter',
};

const stages = {
  /** What `npm start` serves: dev, on a laptop. */
  local: {
    ...dev,
    privateTargets: true,
    webhookPorts: 'any',
    // There everybody is one address: whoever tries things out, and whatever signs in for them.
    limits: {
      ...DEFAULT_LIMITS,
      addresses: {
        ...DEFAULT_LIMITS.addresses,
        credentials: { ratePerSecond: 20, burst: 200, perMinute: 1_000, wrongCosts: 5 },
      },
    },
  },
  dev,
  staging: {
    ...prod,
    availabilityZones: 2,
    database: { ...prod.database, minCapacityUnits: 0.5, maxCapacityUnits: 8, readers: 0 },
    logRetentionDays: 30,
    exampleSubgraphs: true,
  },
  prod,
} satisfies Record<string, Settings>;

export type StageName = keyof typeof stages;
export const STAGE_NAMES = ['local', 'dev', 'staging', 'prod'] as const satisfies readonly StageName[];

const isStageName = (name: unknown): name is StageName => STAGE_NAMES.some((known) => known === name);

/** The stage of this name. Throws one line that names what is wrong, and the choices. */
export function stageOf(name: unknown, settings: Record<string, unknown> = stages): Stage {
  if (!isStageName(name)) throw new Error(`stage '${String(name)}' is not one of: ${STAGE_NAMES.join(', ')}`);
  const parsed = parse(Stage, settings[name]);
  if (!parsed.ok)
    throw new Error(`stage '${name}': ${parsed.wrong.map((wrong) => `${wrong.name} ${wrong.detail}`).join('; ')}`);
  const { database, issuers = [] } = parsed.value;
  for (const [index, issuer] of issuers.entries()) {
    const fault = faultIn(settingsOf(issuer));
    if (fault !== undefined) throw new Error(`stage '${name}': issuers.${index}: ${fault}`);
  }
  const throttled = throttlingFault(parsed.value);
  if (throttled !== undefined) throw new Error(`stage '${name}': ${throttled}`);
  if (database.minCapacityUnits > database.maxCapacityUnits)
    throw new Error(`stage '${name}': database.minCapacityUnits must be at most database.maxCapacityUnits`);
  if (database.minCapacityUnits === 0 && database.proxy)
    throw new Error(
      `stage '${name}': database.proxy must be false when minCapacityUnits is 0: a proxy never lets the cluster pause`,
    );
  return { name, ...parsed.value };
}
