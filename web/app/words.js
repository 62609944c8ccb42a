// How the page words numbers, times and errors.
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const whole = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const full = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

export const count = (number, one, many = `${one}s`) => `${full.format(number)} ${number === 1 ? one : many}`;
export const short = (number) => (Math.abs(number) < 1_000 ? full.format(number) : compact.format(number));
export const long = (number) => full.format(number);
export const exactly = (time) => whole.format(new Date(time));

/** `3 minutes ago`; after a week, the date. */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(time)) / 1_000);
  const unit = UNITS.find(([, size]) => seconds >= size);
  if (!unit) return "just now";
  return seconds > 7 * 86_400 ? exactly(time) : relative.format(-Math.floor(seconds / unit[1]), unit[0]);
}

/** Describe an error in the server's words, if any, with the places that it names. */
export function explain(error) {
  if (error.status === 0) return "The server cannot be reached.";
  const { detail, title, errors = [] } = error.problem ?? {};
  const places = errors.filter(({ message }) => !detail?.includes(message)).map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message));
  return [detail ?? title ?? error.message, ...places].join(" ");
}
