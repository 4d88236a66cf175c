import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

/*
 * A real OpenID Connect provider in a process of its own: npm `oidc-provider`, with tokens in the shapes of others
 * (header `x-shape`), and a front that can be told to be down, slow or talk nonsense.
 */
const CLIENT = { client_id: 'test', client_secret: 'test-secret' };
const API = 'https://api.acme.example';

/** @type {{ mode: string, asked: number, discovered: number }} */
const state = { mode: 'up', asked: 0, discovered: 0 };
let keys = [newKey()];
let provider;

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' };
}

function providerOf(issuer) {
  const made = new Provider(issuer, {
    jwks: { keys },
    clients: [{ ...CLIENT, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => API,
        getResourceServerInfo: () => ({
          scope: '',
          audience: API,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 3600,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    formats: {
      customizers: {
        jwt(ctx, _token, jwt) {
          const { header = {}, payload = {} } = JSON.parse(ctx.get('x-shape') || '{}');
          jwt.header ??= {};
          // The provider wants an audience to be there; this one is, and is written as nothing.
          for (const [part, change] of [
            [jwt.header, header],
            [jwt.payload, payload],
          ])
            for (const [name, value] of Object.entries(change))
              if (value === null) part[name] = { toJSON: () => undefined };
              else part[name] = value;
          return jwt;
        },
      },
    },
  });
  return made.callback();
}

const misbehaviours = {
  down: (request) => request.socket.destroy(),
  slow: () => undefined,
  nonsense: (_, response) => response.end('<html>welcome</html>'),
  failing: (_, response) => response.writeHead(500).end('{}'),
  redirecting: (_, response) => response.writeHead(302, { location: '/jwks' }).end(),
  endless(_, response) {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '.repeat(16_384)), 1);
    response.on('close', () => clearInterval(timer));
  },
  weak(_, response) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'weak' }] }));
  },
};

const server = createServer((request, response) => {
  const path = request.url ?? '';
  if (path.startsWith('/jwks')) state.asked += 1;
  if (path.startsWith('/.well-known')) state.discovered += 1;
  const isPublic = path.startsWith('/jwks') || path.startsWith('/.well-known');
  const misbehaviour = isPublic ? misbehaviours[state.mode] : undefined;
  if (misbehaviour) misbehaviour(request, response);
  else provider(request, response);
});

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}${process.argv[2] ?? ''}`;
  const restart = () => {
    provider = providerOf(issuer);
  };
  restart();
  process.on('message', ({ mode, rotate }) => {
    if (mode) state.mode = mode;
    if (rotate) {
      keys = [newKey()];
      restart();
    }
    process.send({ ...state, kids: keys.map(({ kid }) => kid) });
  });
  process.send({ issuer });
});
process.on('disconnect', () => process.exit());
