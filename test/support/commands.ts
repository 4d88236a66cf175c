import type { Redis as Client } from 'ioredis';
import type { Redis } from '../../lambdas/shared/stores/redis';

/** Commands as functions send them, without a deadline: a machine that runs tests does not keep it. */
export function commandsOn(client: Client): Redis {
  const commands: Pick<Redis, 'call'> = { call: (command, ...values) => client.call(command, ...values) };
  return { ...commands, insist: commands, isAway: false };
}
