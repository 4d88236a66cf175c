import { signedPost } from '../../../lambdas/shared/aws/signed-post';
import { listen } from '../../support/http';

const IDENTITY = { region: 'us-east-1', accessKeyId: 'AKIA', secretAccessKey: 'secret', sessionToken: undefined };
const post = (url: string, timeoutMs = 5_000) =>
  signedPost({ service: 'dynamodb', url, headers: { 'x-amz-target': 'a' }, body: '{"a":"ü"}' }, IDENTITY, timeoutMs);

test('an answer comes whole, in however many pieces', async () => {
  const server = await listen(async (request, response) => {
    const sent: Buffer[] = [];
    for await (const chunk of request) sent.push(Buffer.from(chunk));
    response.writeHead(418, { 'x-thing': 'yes' }).write('one, ');
    setTimeout(() => response.end(Buffer.concat(sent)), 20);
  });
  const { status, fields, text } = await post(server.url);
  expect([status, fields['x-thing'], text]).toEqual([418, 'yes', 'one, {"a":"ü"}']);
  await server.stop();
});

test.each([
  ['that does not come', () => undefined],
  ['that begins and does not end', (response: { write(text: string): unknown }) => response.write('{')],
])('an answer %s in time is an error', async (_, answer) => {
  const server = await listen((_request, response) => answer(response));
  await expect(post(server.url, 50)).rejects.toThrow('no whole answer within 50 ms');
  await server.stop();
});

test('an answer that ends in the middle is an error', async () => {
  const server = await listen((_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half');
    setTimeout(() => response.destroy(), 20);
  });
  await expect(post(server.url)).rejects.toThrow('the connection was closed');
  await server.stop();
});

test('an answer that has no end is left', async () => {
  const server = await listen((_request, response) => {
    response.writeHead(200);
    const more = () => response.destroyed || response.write('x'.repeat(1024 * 1024), () => setImmediate(more));
    more();
  });
  await expect(post(server.url)).rejects.toThrow('the answer is too long');
  await server.stop();
});
