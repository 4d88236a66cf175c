import { mkdirSync, writeFileSync } from 'node:fs';
import { composeExamples } from '../examples/compose';

mkdirSync('dist', { recursive: true });
writeFileSync('dist/supergraph.graphql', composeExamples());
