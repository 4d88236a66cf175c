import { RemovalPolicy } from 'aws-cdk-lib';
import type { Stage } from '../stages';

/** What becomes of a thing that holds data when its stack goes. */
export const removal = (stage: Stage): RemovalPolicy => (stage.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY);
