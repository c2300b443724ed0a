// Keeps a page fresh and carries out acts. Everything shown is made by the server; nothing is put together here.
"use strict";
(() => {
  const said = document.getElementById("said");
  let busy = false;

  const say = (text, bad) => {
    said.textContent = text;
    said.className = bad ? "bad" : "";
    said.hidden = !text;
  };

  // Takes the main part of the same page as it is now; details that are open stay open, and a person who types is not
  // disturbed.
  const refresh = async (force) => {
    const typing = document.activeElement && document.activeElement.matches("main input, main select");
    if (busy || document.hidden || (typing && !force)) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const open = [...document.querySelectorAll("main details[open]")].map((d) => d.id);
      const next = page.querySelector("main");
      const focused = document.activeElement && document.activeElement.dataset.act;
      if (!next) return;
      document.querySelector("main").replaceChildren(...next.childNodes);
      document.querySelector("footer").replaceChildren(...page.querySelector("footer").childNodes);
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
      if (focused) document.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();
      if (said.dataset.lost) { delete said.dataset.lost; say("", false); }
    } catch {
      said.dataset.lost = "1";
      say("The gateway does not answer. What is shown may be old.", true);
    }
  };

  const post = async (address, body) => {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.detail || `refused with status ${answer.status}`);
    return told;
  };

  const told = (t) => {
    if (t.done) return t.done;
    if (t.outcome === "applied") return "It went through.";
    if (t.outcome === "refused_again") return `Refused again: ${t.message}`;
    return "Done.";
  };

  const rounds = async (address, body) => {
    const sum = { applied: 0, refused_again: 0, not_possible: 0 };
    let next = null;
    do {
      const round = await post(address, next ? { ...body, cursor: next } : body);
      for (const name in sum) sum[name] += round[name];
      next = round.next;
      say(`Replaying: ${sum.applied} applied, ${sum.refused_again} refused again…`, false);
    } while (next);
    return `${sum.applied} applied, ${sum.refused_again} refused again, ${sum.not_possible} cannot be replayed.`;
  };

  const act = async (element, body) => {
    if (busy || (element.dataset.confirm && !confirm(element.dataset.confirm))) return;
    busy = true;
    const buttons = element.matches("button") ? [element] : [...element.querySelectorAll("button")];
    buttons.forEach((b) => (b.disabled = true));
    let bad = false;
    let text;
    try {
      const many = "rounds" in element.dataset;
      text = many ? await rounds(element.dataset.act, body) : told(await post(element.dataset.act, body));
    } catch (e) {
      bad = true;
      text = e.message;
    }
    busy = false;
    buttons.forEach((b) => (b.disabled = false));
    await refresh(true);
    say(text, bad);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (button) act(button, JSON.parse(button.dataset.body || "{}"));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    // What is left empty is not said.
    const said = [...new FormData(form)].filter(([, value]) => value !== "");
    act(form, { ...JSON.parse(form.dataset.body || "{}"), ...Object.fromEntries(said) });
  });

  const every = document.querySelector("main [data-refresh]");
  if (every) setInterval(() => refresh(false), Number(every.dataset.refresh) * 1000);
})();
