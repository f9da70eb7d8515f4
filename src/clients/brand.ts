import type { PictureType } from '../config/picture.ts';

/** How a client looks on the pages of its own sign-ins; only an operator sets it. */
export interface ClientBrand {
  /** `#rrggbb` */
  readonly color: string | null;
  readonly logo: { readonly type: PictureType; readonly digest: string } | null;
}

export const NO_BRAND: ClientBrand = { color: null, logo: null };

/** Addresses hold what they show, so a copy never goes stale: public/brand-assets.ts answers them. */
export function accentUrl(color: string): string {
  return `/assets/accent-${color.slice(1)}.css`;
}

export function logoUrl(digest: string): string {
  return `/assets/logo-${digest}`;
}
