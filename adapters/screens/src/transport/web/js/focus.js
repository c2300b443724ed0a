// What has the focus: whether something can be typed there.
const state = stateOf(0);
const el = document.activeElement;
const types = !el ? false : el.isContentEditable || el.localName === 'textarea' || el.localName === 'select'
  || (el.localName === 'input' && !['button', 'submit', 'reset', 'image', 'file', 'checkbox', 'radio', 'hidden'].includes(el.type));
return { url: state.url, broken: state.broken, leaving: window[Symbol.for('banyan.watch')]?.leaving === true,
  types: types && el.localName !== 'select' && enabled(el) && !el.readOnly };
