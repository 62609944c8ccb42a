// Which dashboards of a list are shown, and in which order.
import { lazily } from "./numbers.js";

const KEY = "dashkeep.order";
const byName = lazily(() => new Intl.Collator("en", { numeric: true, sensitivity: "base" }));
const latest = (member) => (one, other) => Date.parse(other[member]) - Date.parse(one[member]);

/** The first is the server's own. */
export const ORDERS = {
  changed: { label: "Last changed", compare: latest("updatedAt") },
  name: { label: "Name", compare: (one, other) => byName().compare(one.name, other.name) },
  created: { label: "Date created", compare: latest("createdAt") },
};

/** The order that was last chosen in this browser. */
export function rememberedOrder() {
  const order = localStorage.getItem(KEY);
  return Object.hasOwn(ORDERS, order) ? order : "changed";
}

export const rememberOrder = (order) => localStorage.setItem(KEY, order);

/** Return the dashboards whose names contain a text, ignoring case and accents, in an order. */
export function found(projects, { search, order }) {
  const wanted = plain(search.trim());
  return projects.filter(({ name }) => plain(name).includes(wanted)).sort(ORDERS[order].compare);
}

const plain = (text) => text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
