import { Duration, FileSystem } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';
import { runOnDeploy } from './constructs/run-on-deploy';

interface MigrationsProps {
  /** The function folder; its `migrations/` holds the numbered SQL files. */
  readonly code: string;
}

const TIMEOUT = Duration.minutes(10);

/** Runs the numbered SQL files at deploy. One that fails fails the deploy and leaves the schema as it was. */
export class Migrations extends Construct {
  constructor(scope: Construct, id: string, foundation: Foundation, { code }: MigrationsProps) {
    super(scope, id);
    const migrate = new GatewayFunction(this, 'Migrate', foundation, {
      code,
      impact: 'A deploy stops before it changes anything else.',
      timeoutSeconds: TIMEOUT.toSeconds(),
      database: 'owner',
    });
    runOnDeploy(this, migrate.fn, TIMEOUT, { files: FileSystem.fingerprint(`dist/functions/${code}/migrations`) });
  }
}
