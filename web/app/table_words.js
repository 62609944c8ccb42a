// How far an upload is, and why work on a table failed, in words.
import { lazily } from "./numbers.js";
import { size } from "./words.js";

const rounded = lazily(() => new Intl.NumberFormat("en", { maximumFractionDigits: 1 }));

/** `3.1 of 9.8 MB` */
export function portion(done, bytes) {
  const whole = size(bytes);
  return `${rounded().format(done / (whole.endsWith("KB") ? 1_000 : 1_000_000))} of ${whole}`;
}

/** Say what failed and why, with what to do about it: either the page has refused a file, or there is a DashkeepError. */
export function problemInWords(problem) {
  const { action, fileName, refusal, error } = problem;
  const what = action === "change" ? "The columns could not be read differently." : fileName ? `“${fileName}” was not uploaded.` : "Nothing was uploaded.";
  return { what, why: refusal ?? whyOf(error, problem) };
}

/** Whether the server has the file and found something in it that another delimiter may explain. */
export function isReadable({ action, uploadId, fileName, error }) {
  const hasRows = error?.problem?.errors?.length > 0;
  return action === "upload" && uploadId !== undefined && error?.code === "invalid-data" && hasRows && !/json/i.test(fileName);
}

function whyOf({ code, message, problem }, failed) {
  if (code === "network" || code === "timeout") return `${message} Check the connection, then try again.`;
  if (code === "upload-refused") return "The storage did not accept the file. Try again in a minute.";
  if (code === "upload-too-large") return `The file has ${size(problem.actualBytes)}, and the limit is ${size(problem.limitBytes)}. Leave out rows or columns, and upload it again.`;
  if (isReadable(failed)) return `${message} Choose its delimiter, or correct the file and upload it again.`;
  if (code === "invalid-data" && failed.action === "upload") return `${message} Correct the file, and upload it again.`;
  return message;
}
