// Answers all of a map's locators at once. arguments: the question, and the milliseconds of silence that are rest.
const [question, quiet] = arguments;
const answer = stateOf(quiet);
if (answer.broken !== null) return answer;
let room = question.room;
const take = (text) => { room -= text.length; return room < 0 ? '' : text; };
const SECRET = new Set();
for (const css of question.hidden) for (const el of document.querySelectorAll(css)) SECRET.add(el);
const secret = (el) => el.type === 'password' || SECRET.has(el);
const masked = (text) => question.mask.repeat([...text].length);
const CONTROLS = ['input', 'select', 'textarea'];

function valueOf(el) {
  if (el.localName === 'input' && (el.type === 'checkbox' || el.type === 'radio')) return String(el.checked);
  if (el.localName === 'select') return [...el.selectedOptions].map((o) => fold(o.text)).join('\n');
  if (CONTROLS.includes(el.localName)) return el.value;
  return el.isContentEditable ? el.innerText : null;
}
function textOf(el) {
  if (CONTROLS.includes(el.localName)) return '';
  const text = fold(visible(el) ? el.innerText ?? el.textContent : el.textContent);
  return secret(el) ? masked(text) : text;
}
function elementOf(el) {
  const value = valueOf(el);
  return {
    text: take(textOf(el)), value: value === null ? null : take(secret(el) ? masked(value) : value),
    role: roleOf(el), name: take(nameOf(el)), visible: visible(el), enabled: enabled(el),
  };
}
// The text of a table's cell: that of its only input or picture, where it has no text of its own.
function cellOf(el) {
  if (CONTROLS.includes(el.localName)) return secret(el) ? masked(valueOf(el)) : valueOf(el);
  const text = textOf(el);
  if (text !== '') return text;
  const parts = [...el.querySelectorAll('img, input, select, textarea')].filter(visible);
  if (parts.length !== 1) return text;
  return parts[0].localName === 'img' ? fold(parts[0].alt) : cellOf(parts[0]);
}
function rowOf(row, columns) {
  return columns.map((column) => {
    if (column === null) return null;
    const cells = column.css === '' ? [row] : agreeing(column, selected(column, row));
    return cells.length === 1 ? take(cellOf(cells[0])) : null;
  });
}

answer.found = {};
for (const finder of question.finders) {
  const all = agreeing(finder, selected(finder, document)).map((el) => [el, visible(el)]);
  const shown = [...all.filter(([, seen]) => seen), ...all.filter(([, seen]) => !seen)].slice(0, question.most);
  answer.found[finder.id] = shown.map(([el]) => elementOf(el));
}
answer.tables = {};
for (const table of question.tables) {
  const rows = selected({ css: table.row }, document).filter(visible);
  if (rows.length > question.rows) room = -1;
  else answer.tables[table.id] = rows.map((row) => rowOf(row, table.columns));
}
answer.title = take(document.title);
answer.text = (document.body?.innerText ?? '').slice(0, question.text);
answer.full = room < 0;
return answer;
