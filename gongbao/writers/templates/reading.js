"use strict";
(() => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const one = (query) => document.querySelector(query);
  const find = one("#find");
  const state = one(".state");
  const items = all(".p, .apart, .d").map((node) => ({
    node,
    text: (node.matches(".d") ? node.firstElementChild : node).textContent.toLowerCase(),
    labels: (node.dataset.l || "").split(" "),
    head: "head" in node.dataset,
    depth: Number(node.dataset.depth || 0),
    counted: !node.matches(".apart"),
  }));
  const total = items.filter((item) => item.counted).length;

  const sift = () => {
    const keys = all(".key[aria-pressed=true]").map((key) => key.dataset.key);
    const wanted = find.value.trim().toLowerCase();
    const open = !keys.length && !wanted;
    let shown = 0;
    let depth = 0;
    // From the end, so that a heading above what is shown stays.
    for (const item of items.slice().reverse()) {
      const fits = open || ((!keys.length || (item.counted && keys.some((key) => item.labels.includes(key))))
        && item.text.includes(wanted));
      const above = !fits && item.head && item.depth < depth;
      item.node.hidden = !fits && !above;
      item.node.classList.toggle("above", above);
      if (item.counted && (fits || above)) depth = item.depth;
      shown += item.counted && fits;
    }
    for (const node of all(".of")) node.hidden = !open;
    state.textContent = open ? "" : `${shown} / ${total} ${state.dataset.unit}`;
  };
  for (const node of all(".find")) node.hidden = false;
  find.addEventListener("input", sift);

  const press = (button) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    return on;
  };
  for (const key of all(".key")) {
    key.disabled = false;
    key.addEventListener("click", () => { press(key); sift(); });
  }
  for (const view of all("[data-view]")) {
    view.addEventListener("click", () => document.body.classList.toggle(`no-${view.dataset.view}`, !press(view)));
  }

  const panel = one("#scores");
  if (!panel) return;
  document.body.classList.add("scripted");
  const colours = new Map(all(".key").map((key) => [key.dataset.name, `c${key.dataset.key}`]));
  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    node.className = name;
    node.textContent = text || "";
    return node;
  };
  let current = null;
  const show = (sentence) => {
    if (sentence === current) return;
    if (current) {
      current.classList.remove("now");
      current.removeAttribute("aria-describedby");
    }
    current = sentence;
    panel.hidden = !sentence;
    if (!sentence) return;
    sentence.classList.add("now");
    sentence.setAttribute("aria-describedby", "scores");
    panel.lastElementChild.replaceChildren(...sentence.dataset.s.split("\n").map((line) => {
      const cut = line.indexOf("% ");
      const row = make("li", colours.get(line.slice(cut + 2)) || "");
      const bar = make("span", "gauge");
      bar.appendChild(make("span", "")).style.width = `${line.slice(0, cut)}%`;
      row.append(make("span", "name", line.slice(cut + 2)), bar, make("span", "count", `${line.slice(0, cut)} %`));
      return row;
    }));
  };
  const text = one("#text");
  const at = (event) => event.target.closest(".s");
  for (const kind of ["pointerover", "focusin", "click"]) {
    text.addEventListener(kind, (event) => { if (at(event)) show(at(event)); });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") show(null); });
  document.addEventListener("click", (event) => { if (!at(event) && !panel.contains(event.target)) show(null); });
})();
