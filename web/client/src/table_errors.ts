/** The messages of errors in tables: `Row 420,001, column “Price”: This text cannot be read as number.` */

import { DashkeepError, placeInWords, type FieldError, type Problem } from "./errors.js";
import { tokensOf } from "./pointer.js";

/** How many places a message names. */
const MOST_PLACES = 5;
/** How most of the server's messages about files begin. */
const PLACE = /^Row (\d+)(?:, column (\d+)(?: \("(?:[^"\\]|\\.)*"\))?)?: /;

/** Make a call whose rejections name the rows and columns of a table. */
export function inWords<Given extends unknown[], T>(call: (...given: Given) => Promise<T>): (...given: Given) => Promise<T> {
  return async (...given) => {
    try {
      return await call(...given);
    } catch (error) {
      if (error instanceof DashkeepError && Array.isArray(error.problem?.errors)) error.message = messageOf(error.problem);
      throw error;
    }
  };
}

function messageOf({ detail, errors = [] }: Problem): string {
  return [detail, ...errors.slice(0, MOST_PLACES).map(placed), errors.length > MOST_PLACES && "And more."].filter(Boolean).join(" ");
}

/** Rows count from 1 below the header; the pointers of a file begin with the index of the row, those of a body with `rawData`. */
function placed({ pointer, message }: FieldError): string {
  const inTable = pointer.replace(/^\/rawData(?=\/|$)/, "");
  const [first = "", name] = tokensOf(inTable);
  const [own = "", ownRow, number] = PLACE.exec(message) ?? [];
  const row = ownRow ?? (/^\d+$/.test(first) ? Number(first) + 1 : undefined);
  const isCell = row !== undefined || first === "columns";
  const column = name === undefined ? number : `“${name}”`;
  const place = isCell ? [row && `row ${Number(row).toLocaleString("en")}`, column && `column ${column}`].filter(Boolean).join(", ") : placeInWords(inTable);
  return [isCell ? place.charAt(0).toUpperCase() + place.slice(1) : place, message.slice(own.length)].filter(Boolean).join(": ");
}
