"use strict";
(() => {
  const list = document.getElementById("journal");
  const sign = document.getElementById("live");
  const panels = document.getElementById("panels");
  if (!list || !sign) return;
  const source = new EventSource(list.dataset.events);
  const say = (words, state) => {
    sign.textContent = words;
    sign.className = `live ${state}`;
    sign.hidden = false;
  };
  source.onopen = () => say("live", "on");
  source.onerror = () => say("not connected", "off");
  source.addEventListener("rows", (event) => {
    // The server has escaped it, and the policy of this page runs nothing that is in it.
    const holder = document.createElement("template");
    holder.innerHTML = event.data;
    for (const row of [...holder.content.children].reverse()) {
      const shown = document.getElementById(row.id);
      if (shown) shown.replaceWith(row);
      else list.prepend(row);
    }
    while (list.children.length > Number(list.dataset.kept)) list.lastElementChild.remove();
  });
  source.addEventListener("reset", () => list.replaceChildren());
  source.addEventListener("panels", (event) => {
    if (panels) panels.innerHTML = event.data;
  });
})();
