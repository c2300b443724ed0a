// Puts a value into an input that keys cannot fill alike everywhere: a date, a time, a colour. arguments: input, value.
const [el, wanted] = arguments;
const before = el.value;
const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
set.call(el, wanted);
if (el.value !== wanted) { set.call(el, before); return false; }
el.dispatchEvent(new Event('input', { bubbles: true }));
el.dispatchEvent(new Event('change', { bubbles: true }));
return true;
