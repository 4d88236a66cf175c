import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../lambdas/openapi';

// The committed copy: a change of the public interface shows in the diff, and a test refuses a stale one.
writeFileSync(join(__dirname, '../docs/api/openapi.json'), openApiDocument());
