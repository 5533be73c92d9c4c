// Words and numbers as readers see them.

/** A token with its white space visible: ␣ for a space, ⏎ for a line end. */
export function spelled(word: string): string {
  return (
    word
      .replace(/ /g, "␣")
      .replace(/\n/g, "⏎")
      .replace(/\t/g, "⇥")
      .replace(/[\u0000-\u001f]/g, "·") || "(empty)"
  );
}

/** A cosine with its sign: +0.86, −0.13. */
export function signed(value: number, digits = 2): string {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) !== 0 ? "−" : "+") + text;
}

export const whole = (value: number) => Math.round(value).toLocaleString("en-GB");

/** Three significant digits, two for small numbers. */
export function brief(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value >= 100 ? whole(value) : value.toPrecision(value < 0.1 ? 2 : 3);
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** The id of each word; the first, if two are spelled the same. */
export function index(words: string[]): Map<string, number> {
  const ids = new Map<string, number>();
  words.forEach((word, id) => ids.has(word) || ids.set(word, id));
  return ids;
}
