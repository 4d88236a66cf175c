import { readFileSync } from 'node:fs';
import { DEFAULT_LIMITS } from '../../../lambdas/shared/limits/defaults';
import { type Limit, PLAN_NAMES } from '../../../lambdas/shared/limits/plans';

const page = readFileSync('docs/limits.md', 'utf8');
const count = (value: number) => value.toLocaleString('en-US');
const figures = ({ ratePerSecond, burst, perMinute }: Limit) =>
  `${count(ratePerSecond)}/s, ${count(burst)}, ${count(perMinute)}`;

test.each(PLAN_NAMES)('the page says what the plan %s has by default', (name) => {
  const { principal, organisation } = DEFAULT_LIMITS.plans[name];
  const { quota, concurrency } = organisation;
  const quotaText = quota ? `${count(quota.requests)} a ${quota.per}` : 'none';
  expect(page).toContain(
    `| \`${name}\` | ${figures(principal)} | ${figures(organisation)} | ${quotaText} | ${concurrency} |`,
  );
});
