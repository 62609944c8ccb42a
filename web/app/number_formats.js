// Numbers in the format of a chart.
import { FORMATS } from "./chart_kinds.js";
import { exact, figure, lazily, short, WHOLE_BELOW } from "./numbers.js";

const plain = { exact, short, figure };
const MOST_DECIMALS = 10;
/** By format, because a formatter takes milliseconds. */
const known = new Map();

/**
 * Return the functions that write a chart's numbers; a format that is unknown is ignored.
 *
 * @param {{ style?: string, currency?: string, decimals?: number } | null} [format]
 * @returns {{ exact: (number: number) => string, short: (number: number) => string, figure: (number: number) => string }}
 */
export function numbersIn(format) {
  const { style = "number", currency, decimals } = format ?? {};
  const hasDecimals = Number.isInteger(decimals) && decimals >= 0 && decimals <= MOST_DECIMALS;
  const isKnown = style === "currency" ? /^[A-Za-z]{3}$/.test(currency) : Object.hasOwn(FORMATS, style) && (hasDecimals || style !== "number");
  if (!isKnown) return plain;
  const key = JSON.stringify([style, currency, decimals]);
  if (!known.has(key)) known.set(key, formatted({ style: style === "number" ? "decimal" : style, ...(style === "currency" && { currency }) }, hasDecimals ? decimals : null));
  return known.get(key);
}

function formatted(style, decimals) {
  const words = (options) => lazily(() => new Intl.NumberFormat("en", { ...style, ...options }));
  const digits = (least, most) => ({ minimumFractionDigits: least, maximumFractionDigits: most });
  const all = words(decimals === null ? style.style === "percent" && digits(0, 2) : digits(decimals, decimals));
  const some = words({ maximumSignificantDigits: 4 });
  const whole = words(digits(0, 0));
  const compact = (most) => words({ notation: "compact", ...digits(0, most) });
  const [compactAxis, compactFigure] = [compact(1), compact(decimals ?? 1)];
  // 0.25 is written as 25.
  const sizeOf = (number) => Math.abs(number) * (style.style === "percent" ? 100 : 1);
  const isSmall = (number) => sizeOf(number) < 1_000;
  const figure = (number) => {
    if (sizeOf(number) >= WHOLE_BELOW) return compactFigure();
    return decimals !== null ? all() : isSmall(number) ? some() : whole();
  };
  return {
    exact: (number) => all().format(number),
    short: (number) => (isSmall(number) ? some() : compactAxis()).format(number),
    figure: (number) => figure(number).format(number),
  };
}
