// Chooses the entry with exactly that text. arguments: the select, the text.
const [el, wanted] = arguments;
const fold = (text) => String(text ?? '').replace(/[\s\u00a0]+/g, ' ').trim();
const options = [...el.options].filter((o) => fold(o.text) === wanted);
if (options.length !== 1 || options[0].disabled || options[0].closest('optgroup:disabled')) return options.length === 1 ? -1 : options.length;
if (!options[0].selected) {
  options[0].selected = true;
  el.dispatchEvent(new Event('input', { bubbles: true }));
  el.dispatchEvent(new Event('change', { bubbles: true }));
}
return 1;
