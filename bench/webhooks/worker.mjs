/*
 * The process of one contender. With FUNCTION it is our function that sends, as it is deployed, and each batch an event of SQS;
 * without, a bare loop that POSTs the same bodies. Only what this process uses is counted.
 */
import { Agent, request } from 'undici';

const agent = new Agent({ connections: 32, pipelining: 1 });
const headers = { 'content-type': 'application/json' };
const post = async (url, body) => {
  const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent });
  await answer.body.dump();
};

const { handler } = process.env.FUNCTION ? await import(process.env.FUNCTION) : {};

async function send({ url, messages }) {
  if (!handler) {
    await Promise.all(messages.map((body) => post(url, body)));
    return;
  }
  const Records = messages.map((body, place) => ({
    messageId: `${place}`,
    body,
    attributes: { ApproximateReceiveCount: '1' },
  }));
  const { batchItemFailures } = await handler({ Records });
  if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} of a batch failed`);
}

/** Batches at a time: one that waits for the log alone would be charged for waking up each time. More than the poster keeps connections for would connect anew. */
const LANES = 3;

/** @param overMs for how long the batches are to last: each begins when its turn has come. Without it, as fast as may be. */
async function take({ url, batches, overMs = 0 }) {
  const before = process.cpuUsage();
  const began = performance.now();
  const left = batches.entries();
  const lane = async () => {
    for (const [place, messages] of left) {
      const earlyMs = (overMs * place) / batches.length - (performance.now() - began);
      if (earlyMs > 1) await new Promise((resolve) => setTimeout(resolve, earlyMs));
      await send({ url, messages });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const elapsedMs = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1000, elapsedMs };
}

process.on('message', (task) => {
  take(task).then(
    (turn) => process.send(turn),
    (error) => process.send({ failed: String(error?.stack ?? error) }),
  );
});
process.once('disconnect', () => process.exit());
process.send('ready');
