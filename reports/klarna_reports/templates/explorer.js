"use strict";
// The explorer: unpacks the embedded exchanges, filters them, and renders the visible rows only.
// Everything from a target is inserted as text, never as markup.
(() => {
  const ROW = 40, BEYOND = 8;
  const RANK = ["ERROR", "FAIL", "KNOWN", "NOT_RUN", "WARN", "PASS", "INFO", "NOT_APPLICABLE"];
  const UNJUDGED = "not judged";
  const FIELDS = ["operation", "requirement", "outcome", "verdict", "market", "layout"];
  const at = (id) => document.getElementById(id);
  const app = at("x-app"), scroll = at("x-scroll"), all = at("x-all"), sight = at("x-window");
  const detail = at("x-detail"), count = at("x-count");
  let known = null, shown = [], contents = null, words = null, chosen = -1, applied = 0;

  const unpack = async (element) => {
    const packed = atob(element.textContent);
    const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };

  const create = (name, className, ...children) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children);
    return element;
  };

  const icon = (verdict) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(space, "use");
    use.setAttribute("href", "#i-" + verdict);
    svg.append(use);
    return svg;
  };

  const badge = (verdict) => {
    if (verdict === UNJUDGED) return create("span", "quiet", UNJUDGED);
    return create("span", "badge v-" + verdict, icon(verdict), create("span", "", verdict.replaceAll("_", " ")));
  };

  // ---- the index of all exchanges

  const understand = (packed) => {
    const worst = packed.judgement.map((pairs) => {
      const ranks = pairs.map(([, verdict]) => RANK.indexOf(packed.verdict[verdict]));
      return ranks.length ? RANK[Math.min(...ranks)] : UNJUDGED;
    });
    const columns = packed.columns;
    const rows = columns.scenario.length;
    const byName = new Map();
    for (let row = 0; row < rows; row++) {
      byName.set(packed.scenario[columns.scenario[row]] + "." + columns.index[row], row);
    }
    return { ...packed, rows, worst, byName };
  };

  const named = (row) => known.scenario[known.columns.scenario[row]] + "." + known.columns.index[row];
  const valueOf = (field, row) =>
    field === "verdict" ? known.worst[known.columns.judgement[row]] : known[field][known.columns[field][row]];

  const chunkOf = (row) => {
    const number = Math.floor(row / known.chunk);
    contents ??= [];
    contents[number] ??= unpack(document.querySelectorAll(".x-chunk")[number]);
    return contents[number];
  };

  const wordsOf = async () => {
    if (words) return words;
    const found = new Array(known.rows);
    for (let row = 0; row < known.rows; row++) {
      found[row] = (named(row) + "\n" + valueOf("market", row)).toLowerCase();
    }
    for (let row = 0; row < known.whole; row += known.chunk) {
      const held = await chunkOf(row);
      held.forEach((one, offset) => {
        const texts = [one.path, one.line, one.body, one.answer, ...one.request_headers, ...one.response_headers, ...one.findings.flat()];
        found[row + offset] += "\n" + texts.join("\n").toLowerCase();
      });
    }
    words = found;
    return words;
  };

  // ---- the state, in the controls and in the address

  const controls = () => {
    const state = { q: at("x-q").value.trim() };
    for (const field of FIELDS) {
      const value = at("x-" + field).value;
      if (value) state[field] = (at("x-not-" + field).checked ? "!" : "") + value;
    }
    return state;
  };

  const address = () => {
    const state = controls();
    const entries = Object.entries(state).filter(([, value]) => value);
    if (chosen >= 0) entries.push(["x", named(chosen)]);
    return "#explore" + (entries.length ? "?" + new URLSearchParams(entries) : "");
  };

  const remember = () => {
    try {
      history.replaceState(null, "", address());
    } catch {
      // The address only helps; some browsers refuse to change that of a file.
    }
  };

  const recall = () => {
    const state = new URLSearchParams(location.hash.slice("#explore?".length));
    at("x-q").value = state.get("q") ?? "";
    for (const field of FIELDS) {
      const text = state.get(field) ?? "";
      const select = at("x-" + field);
      const value = text.replace(/^!/, "");
      select.value = value;
      if (select.value !== value) select.value = "";
      at("x-not-" + field).checked = text.startsWith("!");
    }
    return state.get("x");
  };

  // ---- filtering

  const predicate = (field, text) => {
    const not = text.startsWith("!"), value = not ? text.slice(1) : text;
    if (field === "verdict") {
      const right = known.worst.map((verdict) => (verdict === value) !== not);
      return (row) => right[known.columns.judgement[row]];
    }
    const wanted = known[field].indexOf(value), column = known.columns[field];
    return (row) => (column[row] === wanted) !== not;
  };

  const judged = (state) => {
    const text = state.requirement, not = text.startsWith("!");
    const wanted = known.requirement.indexOf(not ? text.slice(1) : text);
    const verdict = not || !state.verdict ? "" : state.verdict;
    const right = known.judgement.map((pairs) =>
      pairs.some(([requirement, rank]) => {
        if (requirement !== wanted) return false;
        if (!verdict) return true;
        return (known.verdict[rank] === verdict.replace(/^!/, "")) !== verdict.startsWith("!");
      }) !== not);
    return (row) => right[known.columns.judgement[row]];
  };

  const found = async (state) => {
    const tests = [];
    for (const field of FIELDS) {
      if (!state[field]) continue;
      if (field === "requirement") tests.push(judged(state));
      else if (field !== "verdict" || !state.requirement || state.requirement.startsWith("!")) tests.push(predicate(field, state[field]));
    }
    if (state.q) {
      const texts = words ?? (count.textContent = "Searching …", await wordsOf());
      for (const word of state.q.toLowerCase().split(/\s+/)) {
        const not = word.length > 1 && word.startsWith("-"), wanted = not ? word.slice(1) : word;
        tests.push((row) => texts[row].includes(wanted) !== not);
      }
    }
    const rows = [];
    for (let row = 0; row < known.rows; row++) {
      if (tests.every((test) => test(row))) rows.push(row);
    }
    return rows;
  };

  const apply = async () => {
    const turn = ++applied;
    const rows = await found(controls());
    if (turn !== applied) return;
    shown = rows;
    count.textContent = `${shown.length.toLocaleString("en")} of ${known.rows.toLocaleString("en")} exchanges`;
    all.style.height = shown.length * ROW + "px";
    scroll.scrollTop = 0;
    draw();
  };

  // ---- the rows in sight

  const cell = (className, ...children) => {
    const element = create("span", className, ...children);
    element.setAttribute("role", "cell");
    element.title = element.textContent; // it may be cut off
    return element;
  };

  const line = (place) => {
    const row = shown[place];
    const element = create("div", "x-row" + (row === chosen ? " x-chosen" : ""));
    element.setAttribute("role", "row");
    element.setAttribute("aria-rowindex", String(place + 2));
    const link = create("a", "", named(row));
    link.href = "#explore?x=" + encodeURIComponent(named(row));
    link.dataset.place = String(place);
    if (row === chosen) link.setAttribute("aria-current", "true");
    const took = known.columns.took[row] / 100;
    element.append(
      cell("x-verdict", badge(valueOf("verdict", row))),
      cell("x-name", link),
      cell("x-operation", valueOf("operation", row)),
      cell("x-outcome", valueOf("outcome", row)),
      cell("x-market", valueOf("market", row) || "–"),
      cell("x-layout", valueOf("layout", row).replaceAll("-", " ") || "–"),
      cell("x-took", took < 100 ? Number(took.toPrecision(2)) : took.toFixed(0)),
    );
    return element;
  };

  const draw = () => {
    const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - BEYOND);
    const last = Math.min(shown.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW) + BEYOND);
    const focused = sight.contains(document.activeElement) ? document.activeElement.dataset.place : null;
    sight.style.transform = `translateY(${first * ROW}px)`;
    const rows = [];
    for (let place = first; place < last; place++) rows.push(line(place));
    sight.replaceChildren(...rows);
    at("x-table").setAttribute("aria-rowcount", String(shown.length + 1));
    if (focused !== null) sight.querySelector(`[data-place="${focused}"]`)?.focus({ preventScroll: true });
  };

  const bring = (place) => {
    const top = place * ROW, height = scroll.clientHeight;
    if (top < scroll.scrollTop || top + ROW > scroll.scrollTop + height) {
      scroll.scrollTop = Math.max(0, top - height / 2);
    }
    draw();
  };

  const step = (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    const focused = document.activeElement.dataset?.place;
    if (!(event.key in moves) || !shown.length) return;
    event.preventDefault();
    const from = focused === undefined ? -1 : Number(focused);
    const place = Math.min(shown.length - 1, Math.max(0, from + moves[event.key]));
    bring(place);
    sight.querySelector(`[data-place="${place}"]`)?.focus({ preventScroll: true });
  };

  // ---- the chosen exchange

  const pretty = (text) => {
    try {
      JSON.parse(text);
    } catch {
      return text;
    }
    let out = "", depth = 0;
    for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
      const open = token === "{" || token === "[", close = token === "}" || token === "]";
      if (close) {
        depth--;
        out += /[{[]\n\s*$/.test(out) ? "" : "\n" + "  ".repeat(depth);
        out = out.replace(/([{[])\n\s*$/, "$1");
      }
      out += token === ":" ? ": " : token;
      if (open) depth++;
      if (open || token === ",") out += "\n" + "  ".repeat(depth);
    }
    return out;
  };

  const block = (title, lines, body) => {
    const pre = create("pre", "", [...lines, ...(body ? ["", pretty(body)] : [])].join("\n"));
    pre.tabIndex = 0;
    return create("div", "", create("h4", "", title), pre);
  };

  const judgements = (row, held) => {
    const list = create("ul", "x-findings");
    for (const [requirement, verdict, expected, observed] of held?.findings ?? []) {
      const texts = [expected && "expected " + expected, observed && (expected ? "observed " : "") + observed];
      const link = create("a", "", requirement);
      link.href = "#r-" + requirement;
      list.append(create("li", "", badge(verdict), " ", link, " ", texts.filter(Boolean).join("; ")));
    }
    const pairs = known.judgement[known.columns.judgement[row]];
    const passed = pairs.filter(([, rank]) => known.verdict[rank] === "PASS").map(([number]) => known.requirement[number]);
    if (passed.length) {
      const more = create("details", "", create("summary", "", badge("PASS"), ` ${passed.length} requirement${passed.length === 1 ? "" : "s"}`), passed.join(", "));
      list.append(create("li", "", more));
    }
    return list;
  };

  const neighbour = (label, row, by) => {
    const name = known.scenario[known.columns.scenario[row]] + "." + (known.columns.index[row] + by);
    const button = create("button", "", label);
    button.type = "button";
    button.disabled = !known.byName.has(name);
    button.addEventListener("click", () => choose(known.byName.get(name)));
    return button;
  };

  // The exchanges of the scenario, each with its verdict; it stays unfolded from one to the next.
  let unfolded = false;
  const timeline = (row) => {
    const scenario = known.scenario[known.columns.scenario[row]], list = create("ol", "x-timeline");
    for (let index = 0, other; (other = known.byName.get(`${scenario}.${index}`)) !== undefined; index++) {
      const link = create("a", "", `${valueOf("operation", other)} → ${valueOf("outcome", other)}`);
      link.href = "#explore?x=" + encodeURIComponent(named(other));
      if (other === row) link.setAttribute("aria-current", "true");
      const place = other;
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        choose(place);
      });
      list.append(create("li", "", badge(valueOf("verdict", other)), " ", link));
    }
    const all = create("details", "", create("summary", "", `Timeline of ${scenario}: ${list.childElementCount} exchanges`), list);
    all.open = unfolded;
    all.addEventListener("toggle", () => (unfolded = all.open));
    return all;
  };

  const choose = async (row) => {
    chosen = row;
    remember();
    draw();
    const held = row < known.whole ? (await chunkOf(row))[row % known.chunk] : null;
    if (chosen !== row) return;
    const { scenario, index } = known.columns;
    const heading = create("h3", "", `${known.scenario[scenario[row]]}, exchange ${index[row] + 1}`);
    const link = globalThis.klarnaReport.copyButton("Copy link", () => location.href.split("#")[0] + "#explore?x=" + encodeURIComponent(named(row)));
    detail.replaceChildren(
      heading,
      create("p", "x-actions", neighbour("← Earlier", row, -1), " ", neighbour("Later →", row, 1), " ", link),
      timeline(row),
      judgements(row, held),
    );
    if (!held) {
      detail.append(create("p", "quiet", "The contents of this exchange are in journal.ndjson only."));
      return;
    }
    detail.append(
      create("p", "quiet", held.plan + " This exchange " + (held.purpose.startsWith("step") ? "is " : "") + held.purpose + "."),
      block("Request", [held.path, ...held.request_headers], held.body),
      block("Response", [held.line, ...held.response_headers], held.answer),
    );
    if (held.curl) {
      const curl = block("curl, with BASE_URL set", [held.curl], "");
      curl.querySelector("pre").before(globalThis.klarnaReport.copyButton("Copy", held.curl));
      detail.append(curl);
    }
    if (matchMedia("(max-width: 64rem)").matches) detail.scrollIntoView();
  };

  // ---- the beginning

  const fill = () => {
    const used = {
      operation: known.operation,
      requirement: [...known.requirement].sort(),
      outcome: [...known.outcome].sort(),
      verdict: [...RANK, UNJUDGED].filter((verdict) => known.worst.includes(verdict)),
      market: known.market.filter(Boolean).sort(),
      layout: known.layout.filter(Boolean),
    };
    const counts = Object.fromEntries(FIELDS.map((field) => [field, {}]));
    const add = (field, value) => (counts[field][value] = (counts[field][value] ?? 0) + 1);
    for (let row = 0; row < known.rows; row++) {
      for (const field of FIELDS) if (field !== "requirement") add(field, valueOf(field, row));
      for (const number of new Set(known.judgement[known.columns.judgement[row]].map(([number]) => number))) add("requirement", known.requirement[number]);
    }
    for (const field of FIELDS) {
      at("x-" + field).append(new Option("any", ""), ...used[field].map((value) => new Option(`${value} (${(counts[field][value] ?? 0).toLocaleString("en")})`, value)));
    }
  };

  const arrive = async () => {
    if (!location.hash.startsWith("#explore?")) return;
    const name = recall();
    await apply();
    at("explore").scrollIntoView();
    const row = known.byName.get(name ?? "");
    if (row === undefined) return;
    if (shown.includes(row)) bring(shown.indexOf(row));
    await choose(row);
  };

  const changed = () => {
    remember();
    apply();
  };

  const start = async () => {
    known = understand(await unpack(at("x-columns")));
    fill();
    app.hidden = false;
    at("x-form").addEventListener("submit", (event) => event.preventDefault());
    // The search field fires another change event when a click on a row takes its focus.
    at("x-form").addEventListener("change", (event) => event.target.id === "x-q" || changed());
    at("x-q").addEventListener("input", changed);
    at("x-reset").addEventListener("click", () => setTimeout(changed));
    at("x-link").replaceWith(globalThis.klarnaReport.copyButton("Copy link to this view", () => location.href.split("#")[0] + address()));
    scroll.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
    scroll.addEventListener("keydown", step);
    sight.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      choose(shown[Number(link.dataset.place)]);
    });
    addEventListener("hashchange", arrive);
    await apply();
    await arrive();
    app.dataset.ready = "yes";
    (globalThis.requestIdleCallback ?? setTimeout)(wordsOf); // so that the first search is fast
  };

  if (typeof DecompressionStream === "undefined") {
    app.before(create("p", "note", "This browser is too old for the explorer. The rest of the report works."));
  } else {
    // After the first paint, so that the verdict shows at once.
    requestAnimationFrame(() => setTimeout(start));
  }
})();
