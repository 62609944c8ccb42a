// The templates of the page. lit-html inserts each value as text or as an attribute value, never as markup, so stored
// values stay text.
export { html, nothing, render } from "lit-html";
export { live } from "lit-html/directives/live.js";
export { ref } from "lit-html/directives/ref.js";
export { repeat } from "lit-html/directives/repeat.js";

import { html } from "lit-html";

const PATHS = {
  add: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  download: "M12 4v12M7 11l5 5 5-5M4 20h16",
  edit: "M4 20h4L19 9l-4-4L4 16v4zM13 7l4 4",
  filter: "M4 5h16l-6 7.5V19l-4-2v-4.5z",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  hide: "M3 3l18 18M10 6.3A9.8 9.8 0 0 1 12 6c6 0 9 6 9 6a16 16 0 0 1-2.6 3.3M6.5 8A15 15 0 0 0 3 12s3 6 9 6a9 9 0 0 0 3.5-.7",
  history: "M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5M12 8v4.5l3 2",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.5",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  move: "M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.6c2.1.9 3.5 2.8 3.5 5.4",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17",
  print: "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z",
  redo: "M15 14l5-5-5-5M20 9H9a5 5 0 0 0 0 10h4",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  undo: "M9 14 4 9l5-5M4 9h11a5 5 0 0 1 0 10h-4",
  upload: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
};

/** A decorative icon; the button around it has the name. */
export const icon = (name) =>
  html`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d=${PATHS[name]}></path></svg>`;

/** A button that shows an icon and has its name as an accessible label. */
export const iconButton = (name, label, onClick) =>
  html`<button type="button" class="icon-button" aria-label=${label} title=${label} @click=${onClick}>${icon(name)}</button>`;

/** Placeholders for what is loading. */
export const loading = (label) =>
  html`<div class="loading" role="status" aria-label=${label}><span class="skeleton"></span><span class="skeleton"></span><span class="skeleton"></span></div>`;
