import { listen } from '../../../local/http/listen';
import { send } from '../fixture/http';

test('a listener has its URL before it has anything to answer, and may change its handler', async () => {
  const listener = await listen(0);
  expect(await send(listener.url, { path: '/' })).toMatchObject({ status: 503, text: 'starting\n' });
  listener.handle(async (_, response) => void response.end('first'));
  expect(await send(listener.url, { path: '/' })).toMatchObject({ text: 'first' });
  listener.handle(async (_, response) => void response.end('second'));
  expect(await send(listener.url, { path: '/' })).toMatchObject({ text: 'second' });
  await listener.stop();
});

test('a taken port is told, with the way out', async () => {
  const listener = await listen(0);
  await expect(listen(Number(new URL(listener.url).port))).rejects.toThrow(/^port \d+ is taken: .*PORT=0/);
  await listener.stop();
});

test('stop does not wait for clients that stay connected', async () => {
  const listener = await listen(0);
  listener.handle(() => new Promise(() => undefined));
  const hanging = send(listener.url, { path: '/' });
  hanging.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await listener.stop();
  await expect(hanging).rejects.toMatchObject({ code: 'ECONNRESET' });
});
