// CDK_VALIDATION=false: `npm run check` validates every stage's templates once; here it would cost 6 s a template.
process.env.CDK_VALIDATION = 'false';

const swc = ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }];

const project = (displayName, testMatch, more = {}) => ({
  displayName,
  testMatch: testMatch.map((glob) => `<rootDir>/test/${glob}`),
  transform: { '^.+\\.(ts|mjs|js)$': swc },
  // These are published as ES modules only; the latter offers itself to no `require`.
  transformIgnorePatterns: ['/node_modules/(?!(jose|@octokit/webhooks-methods)/)'],
  moduleNameMapper: {
    '^@octokit/webhooks-methods$': '<rootDir>/node_modules/@octokit/webhooks-methods/dist-node/index.js',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/cdk.out', '<rootDir>/.gatehouse'],
  ...more,
});

/** @type {import('jest').Config} */
module.exports = {
  testTimeout: 60_000,
  // jest leaves one core free; most of these tests wait for servers.
  maxWorkers: '100%',
  projects: [
    project('unit', ['!(e2e|lib)/**/*.test.ts', '*.test.ts']),
    // These look at what `npm run build` and `npm run synth` make.
    project('lib', ['lib/**/*.test.ts'], { globalSetup: '<rootDir>/test/support/build.ts' }),
    // These call one running local host over HTTP, or start their own.
    project('e2e', ['e2e/**/*.test.ts'], {
      globalSetup: '<rootDir>/test/support/start-host.ts',
      globalTeardown: '<rootDir>/test/support/stop-host.ts',
    }),
  ],
};
