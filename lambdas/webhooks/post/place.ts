import { BoundedMap } from '../../shared/bounded-map';
import { type Target, targetOf } from '../../shared/http1/target';
import { PostFault } from './outcome';
import { faultInTarget, type TargetPolicy } from './target';

/** Where a request goes, as a connection needs to know it. */
export interface Place {
  /** What may share connections: one origin, under policies that trust alike. */
  readonly key: string;
  readonly target: Target;
  /** Whether it may be at an address that is none of the Internet. */
  readonly privateTargets: boolean;
}

/** Reads a URL and looks at it as `faultInTarget` does. */
export type PlaceOf = (url: string, policy: TargetPolicy) => Place | PostFault;

const KEPT = 1000;

/** An endpoint is posted to again and again: what its URL says is remembered, as long as the policy is the same object. */
export function openPlaces(): PlaceOf {
  const kept = new BoundedMap<string, { readonly policy: TargetPolicy; readonly place: Place | PostFault }>(KEPT);
  return (url, policy) => {
    const known = kept.get(url);
    if (known?.policy === policy) return known.place;
    const fault = faultInTarget(url, policy);
    const place = fault === undefined ? placeOf(url, policy) : new PostFault('refused_address', fault);
    kept.set(url, { policy, place });
    return place;
  };
}

function placeOf(url: string, { privateTargets }: TargetPolicy): Place {
  const target = targetOf(url);
  return { key: `${target.origin} ${privateTargets}`, target, privateTargets };
}
