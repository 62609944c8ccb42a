// Comma-separated values for spreadsheets: https://www.rfc-editor.org/rfc/rfc4180

/** Without it, Excel does not read a file as UTF-8. */
const BYTE_ORDER_MARK = "\ufeff";
/** As in storage_format.py: what a spreadsheet would take for a formula, unless it is a number. */
const FORMULA = /^[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/;
const NUMBER = /^[+-]?[\d.,]+(?:e[+-]?\d+)?$/i;

/**
 * Write rows as CSV: numbers with all their digits, nothing for null, and an apostrophe before what would be a formula.
 * https://owasp.org/www-community/attacks/CSV_Injection
 *
 * @param {unknown[][]} rows
 */
export const csvIn = (rows) => BYTE_ORDER_MARK + rows.map((cells) => `${cells.map(cellIn).join(",")}\r\n`).join("");

function cellIn(cell) {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return String(cell);
  const text = typeof cell === "object" ? JSON.stringify(cell) : String(cell);
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
