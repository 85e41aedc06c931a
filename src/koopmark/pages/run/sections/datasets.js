// The tables of a dataset, built from the page's data when they are first near, or chosen.
{
  const { number, format } = koopmark;
  const section = document.getElementById("datasets");

  const make = (tag, text = "", attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  // As `shade` of _looks.py: the decade of an error, or the digits.
  const shade = (kind, x) => {
    if (!kind || Number.isNaN(x)) return "";
    const digits = kind === "digits" ? x : x > 0 ? -Math.log10(x) : 12;
    return `e${Math.min(Math.max(Math.floor(digits + 1e-9), 0), 12)}`;
  };

  const scoreCell = (columns, key, value, css) => {
    const x = number(value);
    const missing = Number.isNaN(x);
    const look = missing ? "missing" : shade(columns[key].shaded, x);
    const cell = make("td", format.score(key, x), { class: `${css} ${look}`.trim() });
    if (missing) cell.title = "not scored";
    else cell.dataset.value = value;
    return cell;
  };

  const nameCell = (known, method) => {
    const cell = make("th", "", { scope: "row", class: "first" });
    const { role, library } = known[method];
    const link = make("a", "", { href: `#method=${encodeURIComponent(method)}` });
    // It may be broken after a dot or an underscore, and before a bracket.
    for (const [i, part] of method.split(/(?<=[._/])|(?=\[)/).entries()) link.append(...(i ? [make("wbr")] : []), part);
    cell.append(link);
    if (role !== "method") cell.append(make("span", role, { class: "badge" }));
    else if (library === "koopmark") cell.append(make("span", "by the authors of koopmark", { class: "badge" }));
    return cell;
  };

  const rowOf = (known, method, cells) => {
    const { role, library } = known[method];
    const row = make("tr", "", { "data-method": method, "data-library": library });
    if (role !== "method") row.className = role;
    row.append(nameCell(known, method), ...cells);
    return row;
  };

  const tableOf = (label, titles, rows) => {
    const head = make("tr");
    head.append(
      ...titles.map(({ text, css, title, dataset, href }) => {
        const cell = make("th", href ? "" : text, {
          scope: "col",
          ...(css ? { class: css } : {}),
          ...(title ? { title } : {}),
        });
        if (href) cell.append(make("a", text, { href }));
        if (dataset) cell.dataset.dataset = dataset;
        return cell;
      }),
    );
    const [thead, body, table] = [make("thead"), make("tbody"), make("table", "", { class: "sortable" })];
    thead.append(head);
    body.append(...rows);
    table.append(thead, body);
    const scroll = make("div", "", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": label });
    scroll.append(table);
    return scroll;
  };

  const METHOD = { text: "method", css: "first" };

  const scores = async ({ dataset }) => {
    const [summary, known, columns, run, fits] = await Promise.all(
      ["summary", "methods", "columns", "run", "fits"].map(koopmark.data),
    );
    const at = new Map(
      koopmark.rows(summary, (i) => summary.dataset[i] === dataset).map((i) => [summary.method[i], i]),
    );
    // What is missing of all, such as gains without inputs, has no column.
    const keys = run.summary.filter((key) => [...at.values()].some((i) => !Number.isNaN(number(summary[key][i]))));
    const rows = run.order
      .filter((method) => at.has(method))
      .map((method) => {
        const i = at.get(method);
        const place = make("td", String(summary.place[i] ?? ""), { class: "number plain" });
        const status = make("td", "", { class: `status${summary.ok[i] ? "" : " bad"}` });
        const mine = koopmark.rows(fits, (k) => fits.dataset[k] === dataset && fits.method[k] === method);
        const fit = mine.find((k) => fits.status[k] !== "ok") ?? mine[0];
        status.append(make("a", summary.status[i].replaceAll("_", " "), { href: `#fit=${fits.fit_id[fit]}` }));
        return rowOf(known, method, [
          place,
          status,
          ...keys.map((key) => scoreCell(columns, key, summary[key][i], "number")),
        ]);
      });
    const titles = keys.map((key) => ({ text: columns[key].title, title: columns[key].meaning, css: "number" }));
    return tableOf(
      `All scores on ${dataset}`,
      [METHOD, { text: "place", css: "number" }, { text: "status" }, ...titles],
      rows,
    );
  };

  const targets = async ({ dataset }) => {
    const [map, known, columns, run] = await Promise.all(["map", "methods", "columns", "run"].map(koopmark.data));
    const all = map.targets.target.length;
    const mine = koopmark.rows(map.targets, (j) => map.targets.dataset[j] === dataset);
    if (!mine.length) return make("p", "This dataset has no targets.");
    const at = new Map(map.methods.method.map((method, i) => [method, i]));
    const rows = run.order
      .filter((method) => at.has(method) && mine.some((j) => map.seeds[at.get(method) * all + j]))
      .map((method) =>
        rowOf(
          known,
          method,
          mine.map((j) => {
            const cell = at.get(method) * all + j;
            const { word, name } = map.outcomes[map.outcome[cell]];
            const shown = scoreCell(columns, "digits", map.digits[cell], "grid");
            if (word) shown.append(make("span", map.words[word].word, { class: "outcome" }));
            shown.title = `${map.digits[cell] ?? ""} ${name}`;
            return shown;
          }),
        ),
      );
    const titles = mine.map((j) => ({
      text: `${koopmark.symbol(run, dataset)} = ${map.targets.target[j]}`,
      css: "grid",
      title: map.targets.principal[j] ? "principal" : "product",
      dataset,
    }));
    return tableOf(`Digits of each target of ${dataset}`, [METHOD, ...titles], rows);
  };

  const beside = async ({ score }, place) => {
    const [summary, known, columns, run] = await Promise.all(
      ["summary", "methods", "columns", "run"].map(koopmark.data),
    );
    const names = JSON.parse(place.dataset.datasets);
    const at = new Map(
      koopmark.rows(summary, () => true).map((i) => [`${summary.method[i]}\n${summary.dataset[i]}`, i]),
    );
    const rows = run.order.map((method) =>
      rowOf(
        known,
        method,
        names.map((name) => {
          const i = at.get(`${method}\n${name}`);
          if (i === undefined) return make("td", "not run", { class: "grid missing" });
          if (summary.ok[i]) {
            const cell = scoreCell(columns, score, summary[score][i], "grid");
            if (summary.failed[i]) cell.classList.add("partly");
            return cell;
          }
          return make("td", summary.status[i].replaceAll("_", " "), { class: "grid bad", title: "every fit failed" });
        }),
      ),
    );
    const titles = names.map((name) => ({
      text: name,
      css: "grid",
      dataset: name,
      href: `#dataset=${encodeURIComponent(name)}`,
    }));
    return tableOf(`${columns[score].title}, method by dataset`, [METHOD, ...titles], rows);
  };

  const BUILD = { scores, targets, beside };
  const built = new WeakMap();
  let near = false;

  const build = async () => {
    const chosen = koopmark.chosen(section);
    for (const place of section.querySelectorAll(".built")) {
      const key = place.dataset.table === "beside" ? chosen.score : chosen.dataset;
      if (built.get(place) === key || !(place.closest("details")?.open ?? true)) continue;
      built.set(place, key);
      try {
        place.replaceChildren(await BUILD[place.dataset.table](chosen, place));
      } catch (problem) {
        place.textContent = `This table cannot be shown (${problem.message}). Its numbers are in the CSV files.`;
        if (!(problem instanceof koopmark.TooOld)) console.error(problem);
      }
      // What makes tables sortable hears of it.
      section.dispatchEvent(new CustomEvent("shown"));
    }
  };
  const look = () => {
    near = true;
    return build();
  };
  section.addEventListener("shown", () => near && build());
  section.querySelector("details.beside")?.addEventListener("toggle", look);
  const watch = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && look(), {
    rootMargin: "900px",
  });
  for (const place of section.querySelectorAll(".built")) watch.observe(place);
  // A print has them, wherever the reader is.
  addEventListener("load", () => setTimeout(look, 1500));
}
