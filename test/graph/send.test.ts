import { createHash, createHmac, Hash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
