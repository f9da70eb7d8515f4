/** The custom properties of a scheme: those of the dark one lie over those of the light one. */
export function paletteOf(css: string, scheme: 'light' | 'dark'): Record<string, string> {
  const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
  return Object.fromEntries(scheme === 'light' ? colours(light) : [...colours(light), ...colours(dark)]);
}

function colours(css: string): [string, string][] {
  return [...css.matchAll(/(--[a-z-]+):\s*(#[0-9a-f]{6})/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
}

/** WCAG 2.2, contrast ratio of two `#rrggbb` colours. */
export function contrast(one: string | undefined, other: string | undefined): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string | undefined): number {
  if (!colour) throw new Error('there is no such colour');
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((index) =>
    linear(Number.parseInt(colour.slice(index, index + 2), 16) / 255),
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function linear(channel: number): number {
  return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}
