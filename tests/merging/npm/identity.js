/** The members that identify the elements of arrays in the benchmark's dashboards. */
const IDENTITIES = ['id', 'i', 'uid', 'key', 'refId', 'name'];

/** What identifies an element of an array: an identity of an object, or else its text. */
export function identity(element) {
  const name = element && typeof element === 'object' && IDENTITIES.find((each) => each in element);
  return name ? `${name}=${element[name]}` : JSON.stringify(element);
}
