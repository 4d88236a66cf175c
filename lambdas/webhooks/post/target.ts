export interface TargetPolicy {
  readonly http: boolean;
  readonly privateTargets: boolean;
  readonly ports: readonly number[] | 'any';
}
export const faultInTarget = (_url: string, _policy: TargetPolicy): string | undefined => undefined;
