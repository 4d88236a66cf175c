import { permits } from '../../shared/access/permissions';
import { refuse } from '../../shared/errors';
import type { Call, Operations } from '../../shared/http/route';
import { parse } from '../../shared/parse';
import { type eventRoutes, MOST_EVENT_BYTES, NewEvent, type Result } from '../contracts/events';
import type { CatalogueOf, TenantCatalogue } from '../event-types/catalogue-of';
import { DAY_SECONDS, webhookPlan } from '../plans';
import { timeIn } from '../records/event';
import { type Checked, checked } from './checked';
import { type Published, type Publishing, publish } from './publish';

type Publication = Call<(typeof eventRoutes)['publishEvents']>;

const time = (ms: number) => new Date(ms).toISOString();

interface Events extends Publishing {
  readonly catalogueOf: CatalogueOf;
}

export const eventOperations = (deps: Events): Operations<typeof eventRoutes> => ({
  async publishEvents(call) {
    const { principal, body } = call;
    const { events, organisation = principal.organisation, ...single } = body;
    if (organisation !== principal.organisation && !permits(principal, 'events:operate'))
      refuse('forbidden', 'needs the permission events:operate');
    if (events && Object.keys(single).length > 0) refuse('bad_request', 'body: is one event, or has `events`');
    const catalogue = await deps.catalogueOf(organisation);
    const drafted = await Promise.all(
      (events ?? [single]).map((event, index) => draftOf(catalogue, call, event, events ? index : undefined)),
    );
    const drafts = drafted.filter(isDraft).map(({ draft }) => draft);
    const retention = webhookPlan(principal.organisationPlan).retentionDays * DAY_SECONDS;
    const published = await publish(deps, organisation, drafts, retention);
    const rest = published.values();
    const items = drafted.map((each) =>
      isDraft(each) ? { ...resultOf(rest.next().value), ...warningsOf(each) } : each,
    );
    return events ? answerOf(items) : answerOf(items.map(refusedAlone));
  },

  async getEvent({ principal, params }) {
    const found = (await deps.log.event(principal.organisation, params.event)) ?? refuse('not_found');
    return {
      id: found.id,
      type: found.type,
      version: found.version,
      channel: found.channel ?? null,
      receivedAt: time(timeIn(found.id)),
      payload: JSON.parse(found.body),
      expiresAt: time(found.expiresAtSeconds * 1000),
    };
  },

  async listEventDeliveries({ principal, params }) {
    const { organisation } = principal;
    const event = (await deps.log.event(organisation, params.event)) ?? refuse('not_found');
    const found = await deps.log.deliveriesOf(organisation, event.id, event.to);
    const byEndpoint = new Map(found.map((delivery) => [delivery.endpoint, delivery]));
    const items = event.to
      .filter((endpoint) => permits(principal, 'webhooks:read', `webhook:${endpoint}`))
      .map((endpoint) => {
        const { state = 'pending', attempts = 0, nextAtMs, why } = byEndpoint.get(endpoint) ?? {};
        const nextAttemptAt = nextAtMs === undefined ? null : time(nextAtMs);
        return { endpoint, state, attempts, nextAttemptAt, why: why ?? null };
      });
    return { items };
  },
});

const isDraft = (either: Checked | Result): either is Checked => 'draft' in either;
const warningsOf = ({ warnings }: Checked) => (warnings.length > 0 ? { warnings: [...warnings] } : {});

/** The event as it is taken, or what is wrong with it. */
async function draftOf(
  catalogue: TenantCatalogue,
  { idempotencyKey, arrivedAtMs }: Publication,
  event: unknown,
  index: number | undefined,
): Promise<Checked | Result> {
  const parsed = parse(NewEvent, event);
  if (!parsed.ok)
    return invalid(parsed.wrong.map(({ name, detail }) => (name ? `${name} ${detail}` : detail)).join('; '));
  const { id, timestamp = time(arrivedAtMs), ...rest } = parsed.value;
  if (Buffer.byteLength(JSON.stringify(rest.data)) > MOST_EVENT_BYTES)
    return invalid(`data may hold ${MOST_EVENT_BYTES} bytes`);
  const shared = idempotencyKey !== undefined && index !== undefined ? `${idempotencyKey} ${index}` : idempotencyKey;
  const key = id === undefined ? shared && `key ${shared}` : `id ${id}`;
  const either = await checked(catalogue, { ...rest, timestamp, key });
  return 'fault' in either ? invalid(either.fault) : either;
}

const invalid = (detail: string): Result => ({ status: 400, detail });

function resultOf(published: Published | undefined): Result {
  switch (published?.outcome) {
    case 'accepted':
    case 'repeated': {
      const { id, to } = published.event;
      return { status: 202, id, repeated: published.outcome === 'repeated', deliveries: to.length };
    }
    case 'conflict':
      return { status: 409, detail: 'this id was used for another event' };
    default:
      return { status: 503, detail: 'not on its way yet: publish it again with the same id' };
  }
}

const RETRY_AFTER = { headers: { 'retry-after': '2' } };

/** One event by itself is answered by the status of the answer. */
function refusedAlone(result: Result): Result {
  if (result.status === 400) refuse('bad_request', `body: ${result.detail}`);
  if (result.status === 409) refuse('conflict', result.detail);
  if (result.status === 503) refuse('not_ready', result.detail, RETRY_AFTER);
  return result;
}

function answerOf(items: Result[]) {
  // Nobody looks into an answer of 202 for the news that nothing at all was taken.
  if (items.every(({ status }) => status === 503)) refuse('not_ready', items[0]?.detail, RETRY_AFTER);
  return { items };
}
