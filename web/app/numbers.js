// Numbers as text: exact, or as short as an axis and a card need them.

/** Return a function that creates something when it is first called: a formatter takes milliseconds. */
export function lazily(create) {
  let made = null;
  return () => (made ??= create());
}

// A double has 15 digits that are surely right.
const all = lazily(() => new Intl.NumberFormat("en", { maximumSignificantDigits: 15 }));
const some = lazily(() => new Intl.NumberFormat("en", { maximumSignificantDigits: 4 }));
const compact = lazily(() => new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }));
const whole = lazily(() => new Intl.NumberFormat("en", { maximumFractionDigits: 0 }));
const percent = lazily(() => new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 }));
/** A card shows larger numbers in short. */
export const WHOLE_BELOW = 100_000;

/** All digits of a number: `1,234,567.89`. */
export const exact = (number) => all().format(number);

/** A number on an axis: `0.25`, `1.2M`. */
export const short = (number) => (Math.abs(number) < 1_000 ? some().format(number) : compact().format(number));

/** The number of a card: `12,346`, `1.2M`. */
export function figure(number) {
  const size = Math.abs(number);
  return size < 1_000 || size >= WHOLE_BELOW ? short(number) : whole().format(number);
}

export const share = (part, all) => percent().format(part / all);
