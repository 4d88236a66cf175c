import { DEFAULT_LIMITS } from '../../lambdas/shared/limits/defaults';
import type { Limit, LimitSettings, Plan } from '../../lambdas/shared/limits/plans';
import { type Settings, settingsOf } from '../../lambdas/shared/limits/settings';

const WIDE: Limit = { ratePerSecond: 10_000, burst: 100_000, perMinute: 10_000_000 };
const wide: Plan = { principal: WIDE, organisation: { ...WIDE, concurrency: 100_000 } };

/** Of tests that are about something else: nobody meets a limit. */
export const WIDE_LIMITS: LimitSettings = {
  plans: { free: wide, pro: wide, enterprise: wide, custom: wide },
  addresses: {
    ...DEFAULT_LIMITS.addresses,
    credentials: { ...WIDE, wrongCosts: 1 },
    discovery: WIDE,
    pages: WIDE,
    services: WIDE,
  },
  degradedShare: 1,
};

/** Settings that nobody changes. */
export const fixedSettings = (settings: LimitSettings = WIDE_LIMITS): Settings =>
  settingsOf(settings, {
    copy: async () => JSON.stringify({ version: 0, settings }),
    stored: async () => ({ version: 0, settings }),
    nowMs: () => performance.now(),
  });
