import { awsIdentity } from '../shared/aws/aws-token';
import { signedPost } from '../shared/aws/signed-post';
import { logger } from '../shared/telemetry';

/** Has the documents planned that clients have published, for what was published just now. Never rejects. */
export type AskToPlan = () => Promise<void>;

/** A publication waits so long for it; planning goes on whoever waits. */
const PATIENCE_MS = 2_000;

/** Asks the function behind this IAM function URL, which the graph brings along. Unheard, it does so by the clock. */
export const askToPlanBy =
  (functionUrl: string): AskToPlan =>
  async () => {
    const request = { service: 'lambda', url: functionUrl, headers: {}, body: '' };
    try {
      const { status } = await signedPost(request, awsIdentity(), PATIENCE_MS);
      if (status >= 300) logger.warn('documents not planned', { status });
    } catch (error) {
      logger.info('documents not planned yet', { error: error instanceof Error ? error : 'unknown failure' });
    }
  };
