// Colours: the Okabe–Ito palette, which colour-blind readers can tell apart, in a light and a dark theme.

export type Rgb = [number, number, number];

const HUES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#a8890b"].map(rgb);
export const COLOURS = 24;

/** The colour of the words of a class. Classes count from 1, 0 is none; with many classes colours repeat. */
export const colourOf = (group: number) => (group ? 1 + ((group - 1) % (COLOURS - 1)) : 0);

export interface Theme {
  dark: boolean;
  paper: Rgb;
  ink: Rgb;
  quiet: Rgb;
  accent: Rgb;
  /** Colour 0 is for words without a class; then the classes. */
  classes: Rgb[];
  /** From rare to frequent. */
  scale: Rgb[];
}

export function theme(dark: boolean): Theme {
  const paper = rgb(dark ? "#101318" : "#fcfbf8");
  const ink = rgb(dark ? "#e9e7e1" : "#1d2025");
  const quiet = mix(ink, paper, dark ? 0.5 : 0.6);
  const classes = [mix(ink, paper, 0.56)];
  for (let i = 1; i < COLOURS; i++) {
    const hue = HUES[(i - 1) % HUES.length];
    const round = Math.floor((i - 1) / HUES.length);
    const base = dark ? mix(hue, [1, 1, 1], 0.12) : hue;
    classes.push(
      round === 0 ? base : round === 1 ? mix(base, ink, dark ? 0.5 : 0.42) : mix(base, paper, dark ? 0.25 : 0.42),
    );
  }
  const [rare, middle, often] = dark ? ["#39465c", "#56b4e9", "#fff3c4"] : ["#c9d3df", "#56a0c8", "#14304f"];
  const scale = Array.from({ length: COLOURS }, (_, i) => {
    const along = (2 * i) / (COLOURS - 1);
    return along < 1 ? mix(rgb(rare), rgb(middle), along) : mix(rgb(middle), rgb(often), along - 1);
  });
  return { dark, paper, ink, quiet, accent: rgb(dark ? "#ff9d5c" : "#c24a00"), classes, scale };
}

export function rgb(hex: string): Rgb {
  const value = parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

export const mix = (a: Rgb, b: Rgb, share: number): Rgb => a.map((value, i) => value + (b[i] - value) * share) as Rgb;

export const css = (colour: Rgb, alpha = 1) =>
  `rgb(${colour.map((value) => Math.round(value * 255)).join(" ")} / ${alpha})`;

/** A diverging scale for values from −1 to 1: blue below zero, orange above. */
export function diverging(value: number, dark: boolean): Rgb {
  const strength = Math.min(1, Math.abs(value)) ** 0.8;
  const nothing = rgb(dark ? "#1b1f26" : "#f4f2ec");
  return mix(nothing, rgb(value < 0 ? (dark ? "#4aa8e8" : "#0067a8") : dark ? "#f0883e" : "#c24a00"), strength);
}

/** Whether the theme is dark: by the reader's choice, else by the system's. */
export function isDark(chosen: "light" | "dark" | null): boolean {
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
