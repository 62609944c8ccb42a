// How the texts of columns can be read: in words, what a reading makes of one text, and what was changed.
export const TYPES = { string: "Text", number: "Number", integer: "Whole number", boolean: "True or false", date: "Date", datetime: "Date and time" };

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** Of two digits: 69 to 99 belong to the 20th century, as in POSIX. */
const FIRST_SHORT_YEAR = 69;
/** The fields of a date pattern (https://www.unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table). */
const FIELDS = { y: "\\d+", M: "\\d+", MMM: "[A-Za-z]{3}", MMMM: "[A-Za-z]+", d: "\\d+", H: "\\d+", h: "\\d+", m: "\\d+", s: "\\d+", a: "AM|PM" };

/** `Read as number: 1.234,50 → 1234.5`; without a known value, the format instead. */
export function readingInWords(cell, reading) {
  const what = `Read as ${TYPES[reading.type].toLowerCase()}`;
  const value = valueOf(cell, reading);
  if (value !== null) return `${what}: ${cell} → ${value}`;
  return typeof reading.format === "string" ? `${what} (${reading.format})` : what;
}

/** Return what a reading makes of a text, as text; null if that is unknown, for example because the text is shortened. */
export function valueOf(text, { type, format }) {
  if (type === "number" || type === "integer") return numberOf(text, type, format);
  if ((type === "date" || type === "datetime") && format) return dateOf(text, type, format);
  return null;
}

function numberOf(text, type, { decimal = ".", group = "" } = {}) {
  const negative = /^[-−]|[-−]$/.test(text) ? "-" : "";
  const digits = text.replace(/^[-+−]|[-−]$/, "");
  const plain = (group ? digits.replaceAll(group, "") : digits).replace(decimal, ".");
  if (!/^(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain)) return null;
  // A whole number keeps all its digits.
  if (/^\d+$/.test(plain)) return negative + BigInt(plain);
  return type === "integer" ? null : String(Number(negative + plain));
}

function dateOf(text, type, pattern) {
  const fields = [];
  const source = pattern.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+/g, (part, quoted, letter) => {
    if (!letter) return escaped(quoted === undefined ? part : quoted.replaceAll("''", "'") || "'");
    fields.push(letter);
    return `(${FIELDS[part] ?? FIELDS[letter]})`;
  });
  const found = new RegExp(`^${source}$`, "i").exec(text);
  if (!found) return null;
  const part = Object.fromEntries(fields.map((letter, index) => [letter, found[index + 1]]));
  const date = [yearOf(part.y), monthOf(part.M), part.d].map(twoDigits).join("-");
  if (type === "date") return date;
  return `${date}T${[hourOf(part), part.m ?? 0, part.s ?? 0].map(twoDigits).join(":")}`;
}

function yearOf(text) {
  if (text.length > 2) return text;
  return Number(text) + (Number(text) >= FIRST_SHORT_YEAR ? 1_900 : 2_000);
}

function monthOf(text) {
  return /\d/.test(text) ? text : 1 + MONTHS.indexOf(text.slice(0, 3).toLowerCase());
}

function hourOf({ H, h, a }) {
  if (H !== undefined) return H;
  return (Number(h) % 12) + (a.toUpperCase() === "PM" ? 12 : 0);
}

const twoDigits = (number) => String(number).padStart(2, "0");
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/**
 * Return what was changed, as the API takes it: only these columns, each with its changed name, and its type and format if
 * one of them differs.
 *
 * @param {{ columnNames: readonly string[], columnTypes: Record<string, string>, columnFormats?: Record<string, unknown> }} schema
 * @param {{ name: string, type: string, format?: unknown }[]} entries in the order of the columns
 */
export function changesOf({ columnNames, columnTypes, columnFormats = {} }, entries) {
  const changed = columnNames.map((column, index) => {
    const { name, type, format } = entries[index];
    const isRead = type === columnTypes[column] && isSame(type, format, columnFormats[column]);
    return [column, { ...(name === column ? {} : { name }), ...(isRead ? {} : { type, ...(format === undefined ? {} : { format }) }) }];
  });
  return Object.fromEntries(changed.filter(([, change]) => Object.keys(change).length));
}

/** Nobody enters how many decimals there are, or the decimal sign of a whole number. */
function isSame(type, one, other) {
  const left = type === "integer" ? ["decimal", "decimals"] : ["decimals"];
  const plain = (format) => (typeof format === "object" ? JSON.stringify(Object.entries(format).filter(([name]) => !left.includes(name)).sort()) : (format ?? "[]"));
  return plain(one) === plain(other);
}
