// Finds the one element an act is for. arguments: the finder.
const [finder] = arguments;
const state = stateOf(0);
if (state.broken !== null || state.token === '') return { url: state.url, broken: state.broken };
const css = selected(finder, document);
const all = agreeing(finder, css);
const el = all.length === 1 ? all[0] : null;
return {
  url: state.url, broken: null, leaving: window[Symbol.for('banyan.watch')].leaving,
  selected: css.length, agreed: all.length,
  seen: css.slice(0, 3).map((other) => `${roleOf(other)} "${nameOf(other).slice(0, 60)}"`),
  element: el,
  about: el && {
    tag: el.localName, type: el.type ?? '', visible: visible(el), enabled: enabled(el), readonly: el.readOnly === true,
    editable: el.isContentEditable, multiple: el.multiple === true, most: el.maxLength > 0 ? el.maxLength : null,
    checked: el.checked === true, empty: el.value === '',
  },
};
