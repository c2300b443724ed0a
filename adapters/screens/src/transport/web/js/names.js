// Roles and accessible names: the part of ARIA that the documentation names.
const fold = (text) => String(text ?? '').replace(/[\s\u00a0]+/g, ' ').trim();
const visible = (el) => el.checkVisibility({ visibilityProperty: true }) && el.getClientRects().length > 0;
const enabled = (el) => !el.matches(':disabled') && !el.closest('[inert]') && el.getAttribute('aria-disabled') !== 'true';

const ROLES = {
  article: 'article', aside: 'complementary', button: 'button', datalist: 'listbox', dd: 'definition', dialog: 'dialog',
  dt: 'term', fieldset: 'group', figure: 'figure', form: 'form', h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading',
  h5: 'heading', h6: 'heading', hr: 'separator', li: 'listitem', main: 'main', menu: 'list', meter: 'meter', nav: 'navigation',
  ol: 'list', optgroup: 'group', option: 'option', output: 'status', p: 'paragraph', progress: 'progressbar', table: 'table',
  tbody: 'rowgroup', td: 'cell', textarea: 'textbox', tfoot: 'rowgroup', thead: 'rowgroup', tr: 'row', ul: 'list',
};
const INPUTS = {
  button: 'button', submit: 'button', reset: 'button', image: 'button', checkbox: 'checkbox', radio: 'radio',
  range: 'slider', number: 'spinbutton', search: 'searchbox', text: 'textbox', email: 'textbox', tel: 'textbox',
  url: 'textbox', password: 'textbox',
};
function roleOf(el) {
  const given = fold(el.getAttribute('role')).toLowerCase().split(' ')[0];
  if (given) return given === 'presentation' ? 'none' : given === 'image' ? 'img' : given;
  const tag = el.localName;
  if (tag === 'a' || tag === 'area') return el.hasAttribute('href') ? 'link' : '';
  if (tag === 'img') return el.getAttribute('alt') === '' ? 'none' : 'img';
  if (tag === 'select') return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
  if (tag === 'th') return /^row/i.test(el.getAttribute('scope') ?? '') ? 'rowheader' : 'columnheader';
  if (tag === 'header' || tag === 'footer') {
    if (el.closest('article, aside, main, nav, section')) return '';
    return tag === 'header' ? 'banner' : 'contentinfo';
  }
  if (tag === 'section') return el.hasAttribute('aria-label') || el.hasAttribute('aria-labelledby') ? 'region' : '';
  if (tag === 'input') {
    const role = INPUTS[el.type] ?? '';
    return el.list && (role === 'textbox' || role === 'searchbox') ? 'combobox' : role;
  }
  return ROLES[tag] ?? '';
}

const FROM_CONTENT = new Set(['button', 'cell', 'checkbox', 'columnheader', 'gridcell', 'heading', 'link', 'menuitem',
  'menuitemcheckbox', 'menuitemradio', 'option', 'radio', 'row', 'rowheader', 'switch', 'tab', 'tooltip', 'treeitem']);
const BUTTONS = { submit: 'Submit', reset: 'Reset', button: '' };

// The text of what stands within, as a screen reader joins it. `except`: the control whose label this is.
function contentOf(el, except) {
  let text = '';
  for (const node of el.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) text += node.data;
    else if (node.nodeType === Node.ELEMENT_NODE && node !== except) {
      if (['script', 'style', 'template'].includes(node.localName)) continue;
      if (node.getAttribute('aria-hidden') === 'true') continue;
      const style = getComputedStyle(node);
      if (style.display === 'none' || style.visibility === 'hidden') continue;
      const part = fold(node.getAttribute('aria-label')) || partOf(node, except);
      text += style.display.startsWith('inline') ? part : ` ${part} `;
    }
  }
  return text;
}
function partOf(node, except) {
  if (node.localName === 'img') return node.getAttribute('alt') ?? '';
  if (node.localName === 'select') return [...node.selectedOptions].map((o) => o.text).join(' ');
  if (node.localName === 'textarea') return node.value;
  if (node.localName === 'input') {
    if (node.type === 'password' || node.type === 'hidden') return '';
    return node.type in BUTTONS ? node.value || BUTTONS[node.type] : ['checkbox', 'radio', 'image'].includes(node.type) ? '' : node.value;
  }
  return contentOf(node, except);
}
function ownName(el) {
  const tag = el.localName;
  if (tag === 'input' && el.type in BUTTONS) return fold(el.hasAttribute('value') ? el.value : BUTTONS[el.type]);
  if (tag === 'input' && el.type === 'image') return fold(el.alt) || fold(el.title) || 'Submit';
  if (tag === 'img' || tag === 'area') return fold(el.alt);
  const captions = { fieldset: 'legend', table: 'caption', figure: 'figcaption' };
  if (tag in captions) {
    const caption = [...el.children].find((child) => child.localName === captions[tag]);
    return caption ? fold(contentOf(caption)) : '';
  }
  return '';
}
function nameOf(el) {
  const by = fold(el.getAttribute('aria-labelledby'));
  if (by) {
    const parts = by.split(' ').map((id) => document.getElementById(id)).filter(Boolean)
      .map((part) => fold(part.getAttribute('aria-label')) || fold(partOf(part)));
    if (parts.some(Boolean)) return fold(parts.join(' '));
  }
  const label = fold(el.getAttribute('aria-label'));
  if (label) return label;
  if (el.labels && el.labels.length) {
    const text = fold([...el.labels].map((l) => fold(contentOf(l, el))).join(' '));
    if (text) return text;
  }
  const own = ownName(el);
  if (own) return own;
  if (FROM_CONTENT.has(roleOf(el)) && el.localName !== 'input') {
    const text = fold(contentOf(el));
    if (text) return text;
  }
  return fold(el.getAttribute('title')) || fold(el.getAttribute('placeholder'));
}

// All elements a finder means, within a root: selector, role and name must agree.
function selected(finder, root) {
  return [...root.querySelectorAll(finder.css)];
}
function agreeing(finder, elements) {
  return elements.filter((el) => (finder.role == null || roleOf(el) === finder.role) && (finder.name == null || nameOf(el) === finder.name));
}
