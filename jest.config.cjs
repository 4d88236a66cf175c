// CDK_VALIDATION=false: `npm run check` validates every stage's templates once; here it would cost 6 s a template.
process.env.CDK_VALIDATION = 'false';

const swc = ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }];

/** @type {import('jest').Config} */
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.(ts|mjs|js)$': swc },
  // jose is published as ES modules only.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/cdk.out', '<rootDir>/.gatehouse'],
};
