// A text card: Markdown, drawn by templates. It is only taken apart here: no text ever becomes markup.
import { lexer } from "marked";
import { html, nothing } from "./html.js";

const PROTOCOLS = ["http:", "https:", "mailto:"];
/** Beyond these, taking a text apart may take seconds, or all of the stack. */
const MOST_CHARACTERS = 20_000;
const MOST_LEVELS = 60;

/** @param {{ text?: string, title?: string }} chart */
export function view({ text, title }) {
  if (typeof text !== "string" || !text.trim()) return html`<p class="empty">No text yet</p>`;
  const tokens = tokensOf(text);
  if (!tokens) return html`<p class="empty">The text is too long or too deeply nested to be shown.</p>`;
  const levels = levelsOf(tokens, title === "" ? 3 : 4);
  return tokens.map((token) => (levels.has(token) ? heading(inline(token.tokens), levels.get(token)) : block(token)));
}

/** Return the parts of a text, null if it is too long or too deep. */
function tokensOf(text) {
  if (text.length > MOST_CHARACTERS) return null;
  try {
    const tokens = lexer(text);
    return isDeep(tokens) ? null : tokens;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function isDeep(tokens) {
  let level = tokens;
  for (let depth = 0; depth < MOST_LEVELS; depth += 1) level = level.flatMap((token) => token.items ?? token.tokens ?? []);
  return level.length > 0;
}

/** Return the levels of headings: the largest is below the card's own, if it has one, and none is left out. */
function levelsOf(tokens, first) {
  const headings = tokens.filter(({ type }) => type === "heading");
  const largest = Math.min(...headings.map(({ depth }) => depth));
  let last = first - 1;
  return new Map(headings.map((token) => [token, (last = Math.min(first + token.depth - largest, last + 1, 6))]));
}

const blocks = (tokens) => tokens.map(block);

function block(token) {
  switch (token.type) {
    case "heading":
      // In a quotation or a list, it is no part of the text's outline.
      return html`<p><strong>${inline(token.tokens)}</strong></p>`;
    case "paragraph":
      return html`<p>${inline(token.tokens)}</p>`;
    case "list":
      return list(token);
    case "blockquote":
      return html`<blockquote>${blocks(token.tokens)}</blockquote>`;
    case "code":
      return html`<pre><code>${token.text}</code></pre>`;
    case "table":
      return table(token);
    case "hr":
      return html`<hr>`;
    case "space":
    case "def":
      return nothing;
    case "text":
      return token.tokens ? inline(token.tokens) : token.text;
    default:
      // HTML is shown as it is written.
      return html`<p>${token.raw}</p>`;
  }
}

function heading(content, level) {
  if (level === 3) return html`<h3>${content}</h3>`;
  if (level === 4) return html`<h4>${content}</h4>`;
  return level === 5 ? html`<h5>${content}</h5>` : html`<h6>${content}</h6>`;
}

function list({ ordered, start, items }) {
  const entries = items.map(({ task, checked, tokens }) => html`<li>${task ? (checked ? "☑ " : "☐ ") : nothing}${blocks(tokens.filter(({ type }) => type !== "checkbox"))}</li>`);
  return ordered ? html`<ol start=${start || 1}>${entries}</ol>` : html`<ul>${entries}</ul>`;
}

function table({ header, rows }) {
  const alignment = ({ align }) => (align === "right" ? "number-cell" : "");
  return html`<table>
    <thead><tr>${header.map((cell) => html`<th scope="col" class=${alignment(cell)}>${inline(cell.tokens)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td class=${alignment(cell)}>${inline(cell.tokens)}</td>`)}</tr>`)}</tbody>
  </table>`;
}

const inline = (tokens) => tokens.map(span);

function span(token) {
  switch (token.type) {
    case "strong":
      return html`<strong>${inline(token.tokens)}</strong>`;
    case "em":
      return html`<em>${inline(token.tokens)}</em>`;
    case "del":
      return html`<del>${inline(token.tokens)}</del>`;
    case "codespan":
      return html`<code>${token.text}</code>`;
    case "br":
      return html`<br>`;
    case "link":
      return link(token.href, inline(token.tokens));
    case "image":
      // Loading it would tell its server who looks at the dashboard.
      return link(token.href, token.text || token.href);
    case "text":
      return token.tokens ? inline(token.tokens) : token.text;
    case "escape":
      return token.text;
    default:
      return token.raw;
  }
}

/** Other addresses, such as `javascript:`, stay text. */
function link(href, content) {
  const isSafe = URL.canParse(href) && PROTOCOLS.includes(new URL(href).protocol);
  return isSafe ? html`<a href=${href} target="_blank" rel="noopener noreferrer">${content}</a>` : content;
}
