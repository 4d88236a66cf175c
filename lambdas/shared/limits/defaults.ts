import type { LimitSettings } from './plans';

/** What a stage has unless lib/stages.ts says otherwise. An operator changes them while they run (docs/limits.md). */
export const DEFAULT_LIMITS: LimitSettings = {
  plans: {
    free: {
      principal: { ratePerSecond: 5, burst: 20, perMinute: 120 },
      organisation: {
        ratePerSecond: 10,
        burst: 40,
        perMinute: 300,
        quota: { requests: 10_000, per: 'day' },
        concurrency: 10,
      },
    },
    pro: {
      principal: { ratePerSecond: 50, burst: 100, perMinute: 1_500 },
      organisation: {
        ratePerSecond: 100,
        burst: 200,
        perMinute: 3_000,
        quota: { requests: 5_000_000, per: 'month' },
        concurrency: 50,
      },
    },
    enterprise: {
      principal: { ratePerSecond: 200, burst: 400, perMinute: 6_000 },
      organisation: {
        ratePerSecond: 1_000,
        burst: 2_000,
        perMinute: 30_000,
        quota: { requests: 100_000_000, per: 'month' },
        concurrency: 500,
      },
    },
    /** Of an organisation whose figures are its own: it begins with those of `enterprise`, without a quota. */
    custom: {
      principal: { ratePerSecond: 200, burst: 400, perMinute: 6_000 },
      organisation: { ratePerSecond: 1_000, burst: 2_000, perMinute: 30_000, concurrency: 500 },
    },
  },
  addresses: {
    credentials: { ratePerSecond: 1, burst: 30, perMinute: 60, wrongCosts: 5 },
    services: { ratePerSecond: 100, burst: 500, perMinute: 6_000 },
    discovery: { ratePerSecond: 2, burst: 30, perMinute: 120 },
    pages: { ratePerSecond: 20, burst: 100, perMinute: 1_200 },
  },
  degradedShare: 0.1,
};
