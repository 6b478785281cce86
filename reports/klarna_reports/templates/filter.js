"use strict";
// The filter of failures and requirements; without this script all of them are shown.
(() => {
  const form = document.getElementById("f-form");
  if (!form) return;
  const names = ["q", "level", "verdict", "operation"];
  const field = (name) => document.getElementById(`f-${name}`);
  const failures = [...document.querySelectorAll(".deviation")];
  const rows = [...document.querySelectorAll(".requirements tbody tr")];
  const texts = new Map([...failures, ...rows].map((each) => [each, each.textContent.toLowerCase()]));
  const groups = [...document.querySelectorAll(".folded:has(.deviation), .consequences, .operation")];
  const unfolded = new Map(groups.map((each) => [each, each.open]));

  const matches = (each, wanted) =>
    ["level", "verdict", "operation"].every((name) => !wanted[name] || each.dataset[name] === wanted[name]) &&
    wanted.q.toLowerCase().split(/\s+/).every((word) => texts.get(each).includes(word));

  const apply = () => {
    const wanted = Object.fromEntries(names.map((name) => [name, field(name).value.trim()]));
    const active = names.some((name) => wanted[name]);
    for (const each of [...failures, ...rows]) each.hidden = !matches(each, wanted);
    for (const group of groups) {
      const found = group.querySelector(".deviation:not([hidden]), tbody tr:not([hidden])");
      group.hidden = !found;
      group.open = active ? Boolean(found) : unfolded.get(group);
    }
    for (const name of names.slice(1)) {
      for (const option of field(name).options) {
        const count = rows.filter((each) => matches(each, { ...wanted, [name]: option.value })).length;
        option.textContent = `${option.value.replaceAll("_", " ") || "all"} (${count})`;
      }
    }
    const shown = (all) => `${all.filter((each) => !each.hidden).length} of ${all.length}`;
    const counted = failures.length ? `${shown(failures)} failures and ${shown(rows)} requirements` : `${shown(rows)} requirements`;
    document.getElementById("f-count").textContent = active ? `${counted} shown.` : "";
    field("reset").disabled = !active;
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
    return active ? `#filter?${query}` : "#filter";
  };

  const restore = () => {
    if (!location.hash.startsWith("#filter?")) return;
    const query = new URLSearchParams(location.hash.slice("#filter?".length));
    for (const name of names) field(name).value = query.get(name) ?? "";
    apply();
    form.scrollIntoView();
  };

  const changed = () => history.replaceState(null, "", apply());
  form.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { changed(); field("q").focus(); }));
  addEventListener("hashchange", restore);
  apply();
  restore();
})();
