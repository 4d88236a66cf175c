/** What a plan holds of webhooks. */
interface WebhookPlan {
  readonly endpoints: number;
  /** How long events, deliveries and attempts are kept. */
  readonly retentionDays: number;
}

const FREE: WebhookPlan = { endpoints: 10, retentionDays: 7 };
const ENTERPRISE: WebhookPlan = { endpoints: 1_000, retentionDays: 90 };
const PLANS: Readonly<Record<string, WebhookPlan>> = {
  free: FREE,
  pro: { endpoints: 100, retentionDays: 30 },
  enterprise: ENTERPRISE,
  custom: ENTERPRISE,
};

/** Of a plan that this release does not know, as little as of any. */
export const webhookPlan = (plan: string): WebhookPlan => (Object.hasOwn(PLANS, plan) ? (PLANS[plan] ?? FREE) : FREE);

export const DAY_SECONDS = 86_400;
