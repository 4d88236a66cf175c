import { BoundedMap } from '../../shared/bounded-map';
import { PostFault } from './outcome';
import { faultInTarget, type TargetPolicy } from './target';

/** Where a request goes, as a connection needs to know it. */
export interface Place {
  /** What may share connections: one origin, under policies that trust alike. */
  readonly key: string;
  readonly origin: string;
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** Whether it may be at an address that is none of the Internet. */
  readonly privateTargets: boolean;
  /** With the query. */
  readonly path: string;
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
  const { origin, protocol, hostname, port, pathname, search } = new URL(url);
  const isSecure = protocol === 'https:';
  return {
    key: `${origin} ${privateTargets}`,
    origin,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (isSecure ? 443 : 80)),
    isSecure,
    privateTargets,
    path: pathname + search,
  };
}
