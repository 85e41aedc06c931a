// The map of outcomes: methods against targets in one SVG, a path for each class of cells.
{
  const { number } = koopmark;
  const [FOUND, WITHIN, CANNOT, MISSED, FAILED, NOT_RUN] = [0, 1, 2, 3, 4, 5];
  const LEAST_K = 3;
  const CLASSES = ["found", "within", "cannot", "missed", "failed", "not-run"];
  const TITLES = { informed: "informed (given the equations)", anchor: "anchors" };
  const NUMBERED = 1500; // More cells than this have no numbers in them.
  const ROW = { least: 11.5, most: 20 };

  const svg = (tag, attributes = {}, ...inside) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  };
  const at = (x) => Math.round(10 * x) / 10;

  // Told apart by shape, so that no colour is needed.
  const SHAPES = {
    [FOUND]: (x, y, w, h) => `M${at(x)} ${at(y)}h${at(w)}v${at(h)}h${-at(w)}z`,
    [WITHIN]: (x, y, w, h) =>
      `${SHAPES[FOUND](x, y, w, h)}${SHAPES[FOUND](x + 0.3 * w, y + 0.3 * h, 0.4 * w, 0.4 * h)}`,
    [CANNOT]: (x, y, w, h) => `M${at(x + 0.2 * w)} ${at(y + 0.5 * h)}h${at(0.6 * w)}`,
    [MISSED]: (x, y, w, h) => `M${at(x)} ${at(y)}v${at(h)}h${at(w)}z`,
    [FAILED]: (x, y, w, h) => `M${at(x)} ${at(y)}l${at(w)} ${at(h)}m${-at(w)} 0l${at(w)} ${-at(h)}`,
    [NOT_RUN]: () => "",
  };

  const KINDS = {
    all: () => true,
    principal: (targets, j) => targets.principal[j],
    products: (targets, j) => !targets.principal[j],
    noise: (targets, j) => targets.noise[j] > 0,
  };

  // In pixels, as the labels are written.
  const wide = (() => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `10.5px ${getComputedStyle(document.body).fontFamily}`;
    return (text) => pen.measureText(text).width;
  })();
  const short = (text, width) => {
    if (wide(text) <= width) return text;
    let most = text.length - 1;
    while (most > 3 && wide(`${text.slice(0, most)}…`) > width) most -= 1;
    return `${text.slice(0, most)}…`;
  };
  const named = (methods) => (methods.length > 1 ? `${methods[0]} and ${methods.length - 1} more` : methods[0]);

  // What the reader unfolded: groups by name, rows by number.
  const unfolded = { groups: new Set(), rows: new Set() };

  const groupsOf = ({ methods }) => {
    const groups = new Map();
    methods.method.forEach((_, i) => {
      const rows = groups.get(methods.group[i]) ?? new Map();
      rows.set(methods.row[i], [...(rows.get(methods.row[i]) ?? []), i]);
      groups.set(methods.group[i], rows);
    });
    return [...groups].map(([name, rows]) => ({ name, rows: [...rows] }));
  };

  // As many rows of each group as fit into the room there is, the same number of each: those of
  // the methods that are best on some leaderboard.
  const lines = ({ methods }, groups, room, all) => {
    let most = 1;
    const sum = (n) => groups.reduce((total, { rows }) => total + 1 + Math.min(rows.length, n), 0);
    const longest = Math.max(...groups.map(({ rows }) => rows.length));
    while (most < longest && sum(most + 1) <= room) most += 1;
    if (all) most = longest;
    return groups.flatMap(({ name, rows }) => {
      const open = unfolded.groups.has(name);
      const rank = ([, members]) => Math.min(...members.map((i) => methods.rank[i]));
      const best = new Set([...rows].sort((a, b) => rank(a) - rank(b)).slice(0, most));
      const shown = open ? rows : rows.filter((row) => best.has(row));
      return [
        { group: name, hidden: rows.length - shown.length, open: open && rows.length > most },
        ...shown.flatMap(([row, members]) =>
          unfolded.rows.has(row) && members.length > 1
            ? members.map((i, k) => ({ name, row, members: [i], open: k === 0 }))
            : [{ name, row, members, open: false }],
        ),
      ];
    });
  };

  // Left edges of the columns; problems, and in them datasets, keep a distance.
  const columnsOf = ({ targets }, kind, width) => {
    const chosen = targets.target.map((_, j) => j).filter((j) => KINDS[kind](targets, j));
    const gap = (j, k) => {
      if (k === undefined || targets.dataset[j] === targets.dataset[k]) return 0;
      return targets.problem[j] === targets.problem[k] ? 1.5 : 4;
    };
    const gaps = chosen.map((j, c) => gap(j, chosen[c - 1]));
    const room = width - gaps.reduce((a, b) => a + b, 0);
    const size = Math.min(30, room / Math.max(chosen.length, 1));
    let x = 0;
    const places = chosen.map((j, c) => {
      x += gaps[c];
      const place = { j, x, w: size };
      x += size;
      return place;
    });
    return { places, width: x };
  };

  const spans = (places, key) => {
    const found = [];
    for (const { j, x, w } of places) {
      const last = found[found.length - 1];
      if (last && last.key === key(j)) last.end = x + w;
      else found.push({ key: key(j), j, start: x, end: x + w });
    }
    return found;
  };

  // A dataset is a level of its problem if another one comes first.
  const label = ({ targets }, { key, j }, byDataset) => {
    const problem = targets.problem[j];
    if (!byDataset) return problem;
    const first = targets.dataset[targets.problem.indexOf(problem)];
    return key === first ? key : key.slice(problem.length);
  };

  const sentence = (data, members, j) => {
    const i = members[0];
    const cell = i * data.targets.target.length + j;
    const outcome = data.outcomes[data.outcome[cell]];
    const digits = number(data.digits[cell]);
    const where = `${named(members.map((k) => data.methods.method[k]))}, ${data.targets.dataset[j]}, ${data.symbols[data.targets.dataset[j]]} = ${data.targets.target[j]}`;
    if (outcome.word === NOT_RUN)
      return [where, data.seeds[cell] ? "not run: it does not apply, or its library is not installed" : "not run"];
    const seeds = `found at ${data.found[cell]} of ${data.seeds[cell]} ${data.seeds[cell] === 1 ? "seed" : "seeds"}`;
    const much = `${koopmark.format.score("digits", digits)} digits, ${seeds}`;
    if (outcome.word === FOUND) return [where, `found to 1e-${data.k[cell]} (${much})`];
    if (outcome.word === WITHIN) return [where, `${WITHIN}: ${data.words[WITHIN].meaning} (${much})`];
    const why =
      outcome.word === CANNOT ? "cannot be expressed" : outcome.word === FAILED ? "failed" : `missed: ${outcome.name}`;
    return [where, `${why}; ${outcome.meaning} (${much})`];
  };

  // The fit that shows what a cell says: of its first seed that ended so.
  const open = async (data, i, j) => {
    const fits = await koopmark.data("fits");
    const [method, dataset] = [data.methods.method[i], data.targets.dataset[j]];
    const seed = data.seed[i * data.targets.target.length + j];
    const mine = koopmark.rows(fits, (k) => fits.method[k] === method && fits.dataset[k] === dataset);
    if (mine.length) koopmark.openFit(fits.fit_id[mine.find((k) => fits.seed[k] === seed) ?? mine[0]]);
  };

  const legend = (section, data) => {
    const mark = (word, k) => {
      const shape = svg("path", { class: `cell ${CLASSES[word]}${k ? ` k${k}` : ""}`, d: SHAPES[word](1, 1, 10, 10) });
      return svg("svg", { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, shape);
    };
    const entries = data.words.map(({ word, meaning }, w) => {
      const entry = document.createElement("span");
      entry.title = meaning;
      if (w === FOUND) entry.append(`${word} to 1e-3 `, ...[3, 5, 7, 9].map((k) => mark(w, k)), " 1e-9");
      else if (w === NOT_RUN) entry.append(`blank: ${word}`);
      else entry.append(mark(w), ` ${word}`);
      return entry;
    });
    const sign = (name, d, text) => {
      const entry = document.createElement("span");
      const shape = svg("path", { class: name, d });
      entry.append(
        svg("svg", { class: "map", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, shape),
        ` ${text}`,
      );
      return entry;
    };
    section
      .querySelector(".legend")
      .replaceChildren(
        ...entries,
        sign("bar", "M0 7h12v3h-12z", "principal"),
        sign("bar", "M0 9h12v1h-12z", "product"),
        sign("noisy", "M0 0h12v12h-12z", "with noise"),
      );
  };

  let shown = null; // what is drawn, for the pointer and the keys

  const say = (section, texts) => {
    const [where, what] = texts ?? ["", "Point at a cell, or focus the figure and use the arrow keys."];
    const strong = document.createElement("strong");
    strong.textContent = where;
    section.querySelector(".said").replaceChildren(...(where ? [strong, ": "] : []), what);
  };

  const point = (section, r, c) => {
    const { data, rows, places, top, left, height, cursor } = shown;
    const line = rows[r];
    const { j, x, w } = places[c];
    Object.assign(shown, { r, c });
    for (const [name, value] of Object.entries({
      x: left + x - 1,
      y: line.y - 0.5,
      width: w + 1,
      height: height + 0.5,
    }))
      cursor.setAttribute(name, at(value));
    cursor.removeAttribute("display");
    say(section, sentence(data, line.members, j));
    return top;
  };

  const locate = (event, root) => {
    const box = root.getBoundingClientRect();
    const scale = root.viewBox.baseVal.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale - shown.left, (event.clientY - box.top) * scale];
    const c = shown.places.findIndex((place) => x >= place.x && x < place.x + place.w);
    const r = shown.rows.findIndex((line) => y >= line.y && y < line.y + shown.height);
    return r < 0 || c < 0 ? null : [r, c];
  };

  const heads = (data, places, left, high, upright) => {
    const parts = [];
    const datasets = spans(places, (j) => data.targets.dataset[j]);
    const byDataset = datasets.every(({ start, end }) => end - start >= 11);
    const labelled = byDataset ? datasets : spans(places, (j) => data.targets.problem[j]);
    let last = -Infinity;
    for (const span of labelled) {
      const [text, middle] = [label(data, span, byDataset), left + (span.start + span.end) / 2];
      if (!upright && middle - last < 10) continue;
      last = middle;
      const place = upright
        ? { x: at(middle), y: high - 9, "text-anchor": "middle" }
        : { transform: `translate(${at(middle + 3.5)} ${high - 8}) rotate(-90)` };
      const name = svg("text", place, upright ? text : short(text, high - 10));
      const title = svg("title", {}, data.targets.dataset[span.j]);
      parts.push(
        svg("a", { href: `#dataset=${encodeURIComponent(data.targets.dataset[span.j])}`, tabindex: "-1" }, name, title),
      );
    }
    const bar = (keep, size) =>
      places
        .filter(({ j }) => keep(data.targets.principal[j]))
        .map(({ x, w }) => `M${at(left + x)} ${high - 2 - size}h${at(w)}v${size}h${-at(w)}z`)
        .join("");
    parts.push(svg("path", { class: "bar", d: bar((principal) => principal, 3) + bar((principal) => !principal, 1) }));
    return { parts, byDataset };
  };

  const fold = (section, set, key) => {
    if (!set.delete(key)) set.add(key);
    render(section);
    section.querySelector(`[data-fold="${CSS.escape(String(key))}"]`)?.focus();
  };

  const toggle = (section, set, key, text, open, title) => {
    const button = svg(
      "a",
      { role: "button", tabindex: "-1", "aria-expanded": String(open), class: "fold", "data-fold": key },
      svg("title", {}, title),
      text,
    );
    button.addEventListener("click", () => fold(section, set, key));
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      fold(section, set, key);
    });
    return button;
  };

  // The name without its library, and how many agree with it.
  const rowText = ({ methods }, group, members) => {
    const name = methods.method[members[0]];
    const before = [group, methods.library[members[0]]].find((one) => name.startsWith(`${one}.`));
    const others = koopmark.narrow.matches ? `+${members.length - 1}` : `and ${members.length - 1} more`;
    return [before ? name.slice(before.length + 1) : name, members.length > 1 ? others : ""];
  };

  const rowLabel = (section, data, line, left, height) => {
    const methods = line.members.map((i) => data.methods.method[i]);
    const [first] = methods;
    const [bare, others] = rowText(data, line.name, line.members);
    const more = others || (line.open ? "fold" : "");
    const text = short(bare, left - 18 - (more ? wide(more) + 4 : 0));
    const link = svg(
      "a",
      { href: `#method=${encodeURIComponent(first)}`, tabindex: "-1" },
      svg("title", {}, first),
      text,
    );
    const label = svg("text", { x: 10, y: at(line.y + height / 2 + 3.6) }, link);
    if (more) label.append(" ", toggle(section, unfolded.rows, line.row, more, line.open, methods.join("\n")));
    return label;
  };

  const groupLabel = (section, line, height) => {
    const label = svg(
      "text",
      { x: 2, y: at(line.y + height - 2) },
      svg("tspan", { class: "group" }, TITLES[line.group] ?? line.group),
    );
    if (line.hidden || line.open) {
      const text = line.open ? "fewer" : `${line.hidden} more ${line.hidden === 1 ? "row" : "rows"}`;
      label.append(" ", toggle(section, unfolded.groups, line.group, text, line.open, `${line.group}: ${text}`));
    }
    return label;
  };

  const cellsOf = (data, rows, places, left, height) => {
    const paths = new Map();
    const numbers = [];
    const count = data.targets.target.length;
    const numbered = rows.length * places.length <= NUMBERED && height >= 12 && places[0].w >= 11;
    for (const line of rows) {
      for (const { j, x, w } of places) {
        const cell = line.members[0] * count + j;
        const { word } = data.outcomes[data.outcome[cell]];
        const k = word === FOUND ? Math.max(data.k[cell], LEAST_K) : 0;
        const name = `cell ${CLASSES[word]}${k ? ` k${k}` : ""}`;
        const size = [w > 4 ? w - 1 : w - 0.4, height - 1];
        paths.set(name, `${paths.get(name) ?? ""}${SHAPES[word](left + x, line.y, ...size)}`);
        if (k && numbered)
          numbers.push(
            svg(
              "text",
              {
                class: `number k${k}`,
                x: at(left + x + size[0] / 2),
                y: at(line.y + height / 2 + 3),
                "text-anchor": "middle",
              },
              String(k),
            ),
          );
      }
    }
    return [...[...paths].map(([name, d]) => svg("path", { class: name, d })), ...numbers];
  };

  const render = (section) => {
    const { data, chosen } = section.map;
    const canvas = section.querySelector(".canvas");
    const narrow = koopmark.narrow.matches;
    const width = Math.max(canvas.clientWidth, 280);
    const names = groupsOf(data).flatMap(({ name, rows }) =>
      rows.map(([, members]) => wide(rowText(data, name, members).join(" "))),
    );
    const left = Math.round(Math.min(Math.max(...names, 76) + 24, narrow ? 0.4 * width : Math.max(0.25 * width, 175)));
    const { places, width: across } = columnsOf(data, chosen.targets, width - left - 2);
    if (!places.length || !data.methods.method.length) {
      canvas.textContent = data.targets.target.length
        ? "No dataset of this run has such a target."
        : "No dataset has an answer key, so nothing can be found or missed.";
      shown = null;
      return;
    }
    const texts = spans(places, (j) => data.targets.dataset[j]);
    const upright = texts.every(({ key, start, end }) => end - start >= wide(key) + 4);
    const longest = Math.max(...texts.map((span) => wide(label(data, span, true))));
    const high = upright ? 24 : Math.min(Math.max(longest + 14, 40), narrow ? 96 : 136);
    const room = Math.max(innerHeight, 640) - (canvas.getBoundingClientRect().top + scrollY) - high - 12;
    const fits = narrow ? 38 : Math.max(Math.floor(room / ROW.least), 24);
    const all = lines(data, groupsOf(data), fits, chosen.methods === "all");
    const height = narrow ? 12 : Math.min(Math.max(room / all.length, ROW.least), ROW.most);
    all.forEach((line, i) => {
      line.y = high + i * height;
    });
    const rows = all.filter((line) => line.members);
    const tall = high + all.length * height + 2;

    const noisy = places
      .filter(({ j }) => data.targets.noise[j] > 0)
      .map(({ x, w }) => SHAPES[FOUND](left + x - 0.75, high - 6, w + 0.5, tall - high + 4))
      .join("");
    const cursor = svg("rect", { class: "cursor", display: "none" });
    const cells = svg(
      "g",
      {
        class: "cells",
        tabindex: "0",
        role: "application",
        "aria-roledescription": "map",
        "aria-label": `What ${rows.length} rows of methods find of ${places.length} targets: arrow keys move, Enter opens the fit, left of the first column are the methods`,
      },
      svg("rect", { class: "under", x: left, y: high, width: at(across), height: at(tall - high) }),
      ...cellsOf(data, rows, places, left, height),
      cursor,
    );
    const { parts } = heads(data, places, left, high, upright);
    const labels = svg("g", { class: "labels" });
    for (const line of all)
      labels.append(line.members ? rowLabel(section, data, line, left, height) : groupLabel(section, line, height));
    const root = svg(
      "svg",
      { viewBox: `0 0 ${width} ${at(tall)}`, width: "100%" },
      svg("path", { class: "noisy", d: noisy }),
      svg("g", { class: "heads" }, ...parts),
      labels,
      cells,
    );
    canvas.replaceChildren(root);
    shown = { data, rows, places, left, top: high, height, cursor, r: 0, c: 0, width: canvas.clientWidth };
    say(section);
    listen(section, root, cells, labels);
  };

  const listen = (section, root, cells, labels) => {
    root.addEventListener("pointermove", (event) => {
      const place = locate(event, root);
      if (place) point(section, ...place);
    });
    cells.addEventListener("click", (event) => {
      const place = locate(event, root);
      if (!place) return;
      point(section, ...place);
      open(shown.data, shown.rows[shown.r].members[0], shown.places[shown.c].j);
    });
    cells.addEventListener("focus", () => point(section, shown.r, shown.c));
    const beside = [...labels.querySelectorAll("a")];
    const above = [...root.querySelectorAll(".heads a")];
    const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    cells.addEventListener("keydown", (event) => {
      if (event.key === "Enter") open(shown.data, shown.rows[shown.r].members[0], shown.places[shown.c].j);
      const ends = { Home: [shown.r, 0], End: [shown.r, shown.places.length - 1] }[event.key];
      const move = MOVES[event.key];
      if (!move && !ends) return;
      event.preventDefault();
      const [r, c] = ends ?? [shown.r + move[0], shown.c + move[1]];
      if (c < 0) labels.querySelectorAll("a[href]")[shown.r].focus();
      else if (r < 0)
        above[Math.min(above.length - 1, Math.round((shown.c / shown.places.length) * above.length))]?.focus();
      else if (r < shown.rows.length && c < shown.places.length) point(section, r, c);
    });
    const along = (all, back, before, after) => (event) => {
      const i = all.indexOf(document.activeElement);
      const step = { [before]: -1, [after]: 1 }[event.key];
      if (step) all[i + step]?.focus();
      else if (event.key === back) cells.focus();
      else return;
      event.preventDefault();
    };
    labels.addEventListener("keydown", along(beside, "ArrowRight", "ArrowUp", "ArrowDown"));
    root.querySelector(".heads").addEventListener("keydown", along(above, "ArrowDown", "ArrowLeft", "ArrowRight"));
  };

  const draw = async (section, chosen) => {
    const data = await koopmark.data("map");
    section.map = { data, chosen };
    legend(section, data);
    render(section);
  };

  const csv = async (_section, chosen) => {
    const { methods, targets, words, outcomes, ...of } = await koopmark.data("map");
    const cells = of.outcome.map((_, cell) => [
      Math.floor(cell / targets.target.length),
      cell % targets.target.length,
      cell,
    ]);
    const kept = cells.filter(([, j]) => KINDS[chosen.targets](targets, j));
    const column = (value) => kept.map(value);
    return {
      name: `map ${chosen.targets}`,
      text: koopmark.csv({
        method: column(([i]) => methods.method[i]),
        library: column(([i]) => methods.library[i]),
        dataset: column(([, j]) => targets.dataset[j]),
        target: column(([, j]) => targets.target[j]),
        cell: column(([, , cell]) => words[outcomes[of.outcome[cell]].word].word),
        outcome: column(([, , cell]) => outcomes[of.outcome[cell]].name),
        digits: column(([, , cell]) => number(of.digits[cell])),
        found: column(([, , cell]) => of.found[cell]),
        seeds: column(([, , cell]) => of.seeds[cell]),
      }),
    };
  };

  koopmark.section("map", { draw, csv });
  const section = document.getElementById("map");
  // A phone has no room for products.
  if (koopmark.narrow.matches) section.querySelector("select[name=targets]").value = "principal";
  new ResizeObserver(([{ target }]) => {
    if (shown && target.clientWidth !== shown.width) render(section);
  }).observe(section.querySelector(".canvas"));
}
