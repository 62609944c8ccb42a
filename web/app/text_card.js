// A text card: Markdown, drawn by templates. It is only taken apart here: no text ever becomes markup.
import { lexer } from "marked";
import { html, nothing } from "./html.js";

const PROTOCOLS = ["http:", "https:", "mailto:"];

/** @param {{ text?: string, title?: string }} chart */
export function view({ text, title }) {
  if (typeof text !== "string" || !text.trim()) return html`<p class="empty">No text yet</p>`;
  // Headings are below the card's own, if it has one.
  return blocks(lexer(text), title === "" ? 3 : 4);
}

const blocks = (tokens, level) => tokens.map((token) => block(token, level));

function block(token, level) {
  switch (token.type) {
    case "heading":
      return heading(inline(token.tokens), level + token.depth - 1);
    case "paragraph":
      return html`<p>${inline(token.tokens)}</p>`;
    case "list":
      return list(token, level);
    case "blockquote":
      return html`<blockquote>${blocks(token.tokens, level)}</blockquote>`;
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
  if (level <= 3) return html`<h3>${content}</h3>`;
  if (level === 4) return html`<h4>${content}</h4>`;
  return level === 5 ? html`<h5>${content}</h5>` : html`<h6>${content}</h6>`;
}

function list({ ordered, start, items }, level) {
  const entries = items.map(({ task, checked, tokens }) => html`<li>${task ? (checked ? "☑ " : "☐ ") : nothing}${blocks(tokens.filter(({ type }) => type !== "checkbox"), level)}</li>`);
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
