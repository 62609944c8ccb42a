// Describes filters in words.
import { isRelative } from "./relative_time.js";
import { count } from "./words.js";

const NAMED_IN_A_CHIP = 2;

/** Describe a filter: `Region: EU, US`; a filter with a `label` is described by it. */
export function inWords({ column, operator = "in", values = [], label }) {
  return `${column}: ${label ?? (Object.hasOwn(WORDS, operator) ? WORDS[operator](values) : unknown(operator))}`;
}

const WORDS = {
  in: named,
  notIn: (values) => `not ${named(values)}`,
  contains: ([text]) => `contains “${text}”`,
  notContains: ([text]) => `does not contain “${text}”`,
  between: ([low, high]) => {
    if (low == null || low === "") return `up to ${high}`;
    return high == null || high === "" ? `from ${low}` : `${low} to ${high}`;
  },
  last: (values) => (isRelative("last", values) ? `last ${count(...values)}` : unknown("last")),
  current: (values) => (isRelative("current", values) ? (values[0] === "day" ? "today" : `this ${values[0]}`) : unknown("current")),
};

function named(values) {
  const first = values.slice(0, NAMED_IN_A_CHIP).join(", ");
  return values.length > NAMED_IN_A_CHIP ? `${first} and ${values.length - NAMED_IN_A_CHIP} more` : first;
}

const unknown = (operator) => `not applied, because this page does not know “${operator}”`;

/** What an operator does, for the form of a filter and where it is named alone. */
export const OPERATORS = {
  in: "is one of",
  notIn: "is not one of",
  contains: "contains",
  notContains: "does not contain",
  between: "is between",
  last: "is in the last",
  current: "is in the current",
};
