// Saves a file in the user's folder of downloads.

/** The browser has begun to save a file by then. */
const SAVED_MS = 60_000;
/** What some system does not take in the name of a file. */
const NOT_IN_NAMES = /\s*[\\/:*?"<>|\p{Cc}]+\s*/gu;

/**
 * @param {Blob} file
 * @param {string} name of the file without its extension
 * @param {string} extension
 */
export function saveFile(file, name, extension) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${name.replaceAll(NOT_IN_NAMES, " ").trim() || "chart"}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SAVED_MS);
}
