// Checks of a file that was chosen or dropped, before it is sent.
/** How files begin (https://www.iana.org/assignments/media-types): as Latin-1 text, with what they are and what to do. */
const OTHERS = [
  [/^%PDF-/, "This is a PDF document, and only CSV and JSON files can be read. Export its table as CSV and upload that file."],
  [/^PK\x03\x04/, archive],
  [/^\xd0\xcf\x11\xe0/, "This is an old Excel workbook. Save it as “CSV UTF-8” in Excel and upload that file."],
  [/^\x1f\x8b/, "This file is compressed. Unpack it and upload the file that is in it."],
  [/^PAR1/, "This is a Parquet file. Export it as CSV and upload that file."],
  [/^(\x89PNG|\xff\xd8\xff|GIF8)/, "This is a picture. Choose a CSV or JSON file."],
];
const LONGEST_START = 8;

function archive(name) {
  if (/\.xls[xmb]$/i.test(name)) return "This is an Excel workbook. Save it as “CSV UTF-8” in Excel and upload that file.";
  if (/\.(ods|numbers)$/i.test(name)) return "This is a spreadsheet. Export it as CSV and upload that file.";
  return "This is a ZIP archive. Unpack it and upload the CSV or JSON file that is in it.";
}

/** Return why a file is not a table and what to do; null if it may be one. @param {File} file */
export async function refusalOf(file) {
  if (!file.size) return "The file is empty. Choose a file with a header and at least one row.";
  let start;
  try {
    start = new Uint8Array(await file.slice(0, LONGEST_START).arrayBuffer());
  } catch {
    // The browser's error differs: https://w3c.github.io/FileAPI/#dfn-error-codes
    return "The file cannot be read. It may have been moved or changed: choose it again.";
  }
  const other = OTHERS.find(([pattern]) => pattern.test(String.fromCharCode(...start)));
  return other ? (typeof other[1] === "function" ? other[1](file.name) : other[1]) : null;
}

/**
 * Return the file that was dropped, or why none can be taken.
 *
 * @param {DataTransfer} dropped
 * @returns {{ file: File } | { refusal: string }}
 */
export function droppedFile({ files, items }) {
  if (files.length !== 1) return { refusal: "Drop one file at a time: a dashboard has one table." };
  if ([...items].some((item) => item.webkitGetAsEntry?.()?.isDirectory)) return { refusal: "This is a folder. Drop the CSV or JSON file that is in it." };
  return { file: files[0] };
}
