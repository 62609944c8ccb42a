// Formats numbers, times and the names of charts as text.
import { lazily } from "./numbers.js";

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = lazily(() => new Intl.RelativeTimeFormat("en", { numeric: "auto" }));
const whole = lazily(() => new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }));
const date = lazily(() => new Intl.DateTimeFormat("en", { dateStyle: "medium" }));
const full = lazily(() => new Intl.NumberFormat("en", { maximumFractionDigits: 2 }));
const rounded = lazily(() => new Intl.NumberFormat("en", { maximumFractionDigits: 1 }));

export const count = (number, one, many = `${one}s`) => `${full().format(number)} ${number === 1 ? one : many}`;
/** `98.1 MB`: a million bytes each. */
export const size = (bytes) => (bytes < 100_000 ? `${rounded().format(bytes / 1_000)} KB` : `${rounded().format(bytes / 1_000_000)} MB`);
export const exactly = (time) => whole().format(new Date(time));
export const onDay = (time) => date().format(new Date(time));

/** What a chart is called. */
export const chartTitle = ({ title }) => String(title ?? "") || "Untitled";

/** What is above a chart; nothing if its title was left empty. */
export const chartHeading = (chart) => (chart.title === "" ? "" : chartTitle(chart));

/** `3 minutes ago`; after a week, the date. */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(time)) / 1_000);
  const unit = UNITS.find(([, size]) => seconds >= size);
  if (!unit) return "just now";
  return seconds > 7 * 86_400 ? exactly(time) : relative().format(-Math.floor(seconds / unit[1]), unit[0]);
}
