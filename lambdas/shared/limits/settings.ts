import type { Kind } from '../settings/kind';
import { type LiveSettings, liveSettings, type SettingsSource } from '../settings/live-settings';
import { LimitSettings } from './plans';

export const LIMITS: Kind<LimitSettings> = { name: 'limits', schema: LimitSettings };

/** The limits in force. */
export type Settings = LiveSettings<LimitSettings>;

/** @param deployed what the stage was deployed with: in force until somebody sets others */
export const settingsOf = (deployed: LimitSettings, source: SettingsSource<LimitSettings>): Settings =>
  liveSettings(LIMITS, deployed, source);
