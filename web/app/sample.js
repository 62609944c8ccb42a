// A sample table: two years of a shop's orders, the same on every machine.
const REGIONS = ["North", "South", "East", "West"];
const PRODUCTS = { Lamp: 48, Chair: 129, Desk: 310, Shelf: 85, Rug: 140 };
const CHANNELS = ["Online", "Store", "Partner"];
const ORDERS = 1_500;
const DAYS = 730;

/** Mulberry32; 32 bits of state are plenty for sample orders. */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The orders as a CSV file. */
export function sampleFile() {
  const random = chance(7);
  const pick = (list) => list[Math.floor(random() ** 1.4 * list.length)];
  const rows = Array.from({ length: ORDERS }, (_, index) => {
    const day = Math.floor((index / ORDERS) * DAYS);
    const date = new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10);
    const product = pick(Object.keys(PRODUCTS));
    const units = 1 + Math.floor(random() * 6);
    const season = 1 + 0.35 * Math.sin((day / 365) * 2 * Math.PI);
    const revenue = (PRODUCTS[product] * units * season * (0.9 + random() * 0.2)).toFixed(2);
    return [date, pick(REGIONS), product, pick(CHANNELS), revenue, units].join(",");
  });
  return new File([["Date,Region,Product,Channel,Revenue,Units", ...rows].join("\n")], "orders.csv", { type: "text/csv" });
}
