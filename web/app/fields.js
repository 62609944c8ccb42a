// The fields of forms.
import { html, live, nothing } from "./html.js";

/**
 * A list to choose from.
 *
 * @param {{ label: string, name: string, value: string, options: [string, string][], choose: (value: string) => void, isRequired?: boolean }} field
 *   `options` are values with what is shown
 */
export function select({ label, name, value, options, choose, isRequired = false }) {
  return html`<label class="field"
    ><span>${label}</span>
    <select name=${name} ?required=${isRequired} @input=${({ target }) => choose(target.value)}>
      ${options.map(([id, text]) => html`<option value=${id} .selected=${live(id === value)}>${text}</option>`)}
    </select></label
  >`;
}

/** A text, a number or a date, by its `type`. */
export function input({ label, name, value, set, type = "text", min = nothing, max = nothing, step = "any", isRequired = false, hint = nothing }) {
  return html`<label class="field"
    ><span>${label}</span>
    <input type=${type} name=${name} min=${min} max=${max} step=${step} ?required=${isRequired} placeholder=${hint} autocomplete="off" .value=${live(String(value ?? ""))} @input=${({ target }) => set(target.value)}
  ></label>`;
}

export const checkbox = ({ label, name, isChecked, set }) =>
  html`<label class="check"><input type="checkbox" name=${name} .checked=${live(isChecked)} @input=${({ target }) => set(target.checked)}><span>${label}</span></label>`;
