import { Agent, request } from 'node:http';
import type { AwsCall, AwsReply } from './service';

const agent = new Agent({ keepAlive: true });

/** Passes a call on to an emulator on the loopback, body replaced when given, and brings its answer back. */
export function forward(port: number, call: AwsCall, body: Buffer = call.raw): Promise<AwsReply> {
  const { signal, method, path } = call;
  const headers = { ...call.headers, host: `127.0.0.1:${port}`, 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const upstream = request({ host: '127.0.0.1', port, method, path, headers, agent, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const kept = Object.entries(response.headers).filter(
          ([name]) => name.startsWith('x-amz') || name === 'content-type',
        );
        const headersBack = Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
        resolve({ status: response.statusCode ?? 502, headers: headersBack, body: Buffer.concat(chunks) });
      });
    });
    upstream.on('error', reject);
    upstream.end(body);
  });
}
