/**
 * One colour of somebody's brand made into the accents of both schemes. Whatever the colour, text in it and on it stays
 * readable: it is darkened on light pages and lightened on dark ones until WCAG 2.2 (1.4.3) is met.
 */

/** Of `styles/10-base.css`: the surfaces that accents lie on. */
const SURFACES = {
  light: ['#fffefb', '#f6f4ee', '#f3f1ec'],
  dark: ['#1d1f20', '#17191a', '#131415'],
} as const;
const CONTRAST_MIN = 4.5;
const STEP = 0.04;
const STRONGER = 0.2;

/** A style sheet that sets the accents. `color` is `#rrggbb`. */
export function accentStyles(color: string): string {
  const light = readable(color, '#000000', SURFACES.light);
  const dark = readable(color, '#ffffff', SURFACES.dark);
  const rules = {
    light: properties(light, mix(light, '#000000', STRONGER), '#ffffff'),
    dark: properties(dark, mix(dark, '#ffffff', STRONGER), '#101112'),
  };
  return `:root{${rules.light}}@media (prefers-color-scheme:dark){:root{${rules.dark}}}\n`;
}

function properties(accent: string, strong: string, on: string): string {
  return `--accent:${accent};--accent-strong:${strong};--on-accent:${on}`;
}

function readable(color: string, towards: string, surfaces: readonly string[]): string {
  for (let share = 0; share < 1; share += STEP) {
    const shade = mix(color, towards, share);
    if (surfaces.every((surface) => contrast(shade, surface) >= CONTRAST_MIN)) return shade;
  }
  return towards;
}

function mix(one: string, other: string, share: number): string {
  const [a, b] = [channels(one), channels(other)];
  const mixed = a.map((channel, index) => Math.round(channel + ((b[index] ?? 0) - channel) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/** WCAG 2.2: relative luminance and contrast ratio. */
function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channels(color: string): number[] {
  return [1, 3, 5].map((index) => Number.parseInt(color.slice(index, index + 2), 16));
}
