// What accuracy costs on a dataset, with the Pareto front, and how cost grows with the network.
{
  const { number, escaped, format } = koopmark;
  const UNITS = {
    fit_seconds: "time of one fit (s, median over seeds)",
    peak_memory_mb: "memory of one fit (MB, median over seeds)",
  };

  const pointsOf = async ({ dataset, cost, error }) => {
    const [summary, columns] = await Promise.all(["summary", "columns"].map(koopmark.data));
    // Digits that are shown alike are alike.
    const loss = columns[error].best === "high" ? (value) => -Math.round(10 * value) : (value) => value;
    const there = (i) =>
      summary.dataset[i] === dataset &&
      summary.ok[i] > 0 &&
      number(summary[cost][i]) > 0 &&
      Number.isFinite(number(summary[error][i]));
    return koopmark.rows(summary, there).map((i) => ({
      method: summary.method[i],
      role: summary.role[i],
      competes: summary.role[i] === "method" && summary.failed[i] === 0,
      cost: number(summary[cost][i]),
      error: number(summary[error][i]),
      loss: loss(number(summary[error][i])),
    }));
  };

  // A method of which a fit failed is no member: its median is over the seeds it survived.
  const competing = (points) => points.filter((p) => p.competes);

  const sizesOf = async ({ cost }) => {
    const [summary, known] = await Promise.all(["summary", "methods"].map(koopmark.data));
    return Object.keys(known)
      .map((method) => {
        const rows = koopmark.rows(
          summary,
          (i) => summary.method[i] === method && number(summary[cost][i]) > 0 && summary.n[i] !== null,
        );
        const points = rows.map((i) => ({
          method,
          dataset: summary.dataset[i],
          n: summary.n[i],
          cost: number(summary[cost][i]),
        }));
        return { method, points: points.sort((a, b) => a.n - b.n) };
      })
      .filter(({ points }) => points.length);
  };

  // The points that no other point is at most as costly and at least as accurate as, cheapest first.
  const frontOf = (points) => {
    const order = [...points].sort((a, b) => a.cost - b.cost || a.loss - b.loss);
    const members = [];
    for (const point of order) {
      if (!members.length || point.loss < members.at(-1).loss) members.push(point);
    }
    return members;
  };

  // A table of methods below the figure: `rows` are [method, [value of each column]].
  const table = (section, title, heads, rows, write) => {
    const place = section.querySelector(".front");
    const add = (parent, tag, text = "", attributes = {}) => {
      const element = document.createElement(tag);
      element.textContent = text;
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      parent.append(element);
      return element;
    };
    place.replaceChildren();
    if (!rows.length) return;
    add(place, "h3", title);
    const grid = add(
      add(place, "div", "", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": title }),
      "table",
    );
    const head = add(add(grid, "thead"), "tr");
    add(head, "th", "method", { scope: "col", class: "first" });
    for (const text of heads) add(head, "th", text, { scope: "col", class: "number" });
    const body = add(grid, "tbody");
    for (const [method, values] of rows) {
      const row = add(body, "tr");
      add(row, "th", method, { scope: "row", class: "first" });
      values.forEach((value, i) => {
        const known = value !== undefined;
        add(row, "td", known ? write(value, i) : "–", {
          class: known ? "number" : "number missing",
          ...(known && { "data-value": value }),
        });
      });
    }
  };

  const marker = (style, size) => ({ color: style.colour, symbol: style.symbol, size, opacity: 0.9 });

  const drawFront = async (section, chosen, columns, known) => {
    const points = await pointsOf(chosen);
    const front = frontOf(competing(points));
    const names = new Set(front.map((p) => p.method));
    const linear = columns[chosen.error].best === "high";
    const axis = (value) => (linear ? value : Math.max(value, koopmark.LEAST));
    const data = points.map((p) => ({
      type: "scatter",
      mode: "markers",
      name: escaped(p.method),
      x: [p.cost],
      y: [axis(p.error)],
      showlegend: names.has(p.method) || p.role === "anchor",
      marker: marker(known[p.method], names.has(p.method) ? 12 : 8),
      text: [
        `${format.score(chosen.cost, p.cost)}, ${columns[chosen.error].title} ${format.score(chosen.error, p.error)}`,
      ],
      hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    }));
    data.unshift({
      type: "scatter",
      mode: "lines",
      name: "Pareto front",
      line: { shape: "hv", width: 2 },
      meta: { role: "ink" },
      x: front.map((p) => p.cost),
      y: front.map((p) => axis(p.error)),
      hoverinfo: "skip",
    });
    const keys = [chosen.cost, chosen.error];
    table(
      section,
      `The Pareto front on ${chosen.dataset}: no method is cheaper and as accurate`,
      keys.map((key) => columns[key].title),
      front.map((p) => [p.method, [p.cost, p.error]]),
      (value, i) => format.score(keys[i], value),
    );
    section.querySelector("figcaption.cost").textContent =
      `One point per method, over its seeds. Left is cheaper, ${linear ? "up" : "down"} is more accurate. The line joins the methods of the Pareto front, which the table names; methods of which a fit failed or that are informed of the system are not on it, nor are the anchors. Methods whose fits all failed, or were not scored, have no point.`;
    return {
      data,
      layout: {
        xaxis: { ...koopmark.logAxis(UNITS[chosen.cost]), dtick: 1 },
        yaxis: linear
          ? { title: { text: columns[chosen.error].title }, type: "linear", range: [-0.3, 9.3] }
          : koopmark.logAxis(columns[chosen.error].title),
      },
    };
  };

  const median = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  };

  const drawSizes = async (section, chosen, columns, known) => {
    const lines = await sizesOf(chosen);
    const sized = [...new Map(lines.flatMap(({ points }) => points.map((p) => [p.dataset, p.n])))].sort(
      (a, b) => a[1] - b[1],
    );
    const rows = lines.map(({ method, points }) => {
      const at = new Map(points.map((p) => [p.dataset, p.cost]));
      return [method, sized.map(([dataset]) => at.get(dataset))];
    });
    table(
      section,
      `By number of units: ${columns[chosen.cost].title}`,
      sized.map(([dataset, n]) => `N = ${n}: ${dataset}`),
      rows,
      (value) => format.score(chosen.cost, value),
    );
    section.querySelector("figcaption.cost").textContent =
      "Each point is a dataset, in medians over the seeds whose fit succeeded; datasets of one size may differ in all else, and the line joins their medians. A name in the legend switches its line.";
    const reach = new Map(lines.map(({ method, points }) => [method, -new Set(points.map((p) => p.n)).size]));
    const first = koopmark.best(known, reach, 8);
    const data = lines.flatMap(({ method, points }) => {
      const look = {
        type: "scatter",
        name: escaped(method),
        legendgroup: method,
        visible: first.has(method) || "legendonly",
      };
      const medians = [...new Set(points.map((p) => p.n))].map((n) => [
        n,
        median(points.filter((p) => p.n === n).map((p) => p.cost)),
      ]);
      return [
        {
          ...look,
          mode: "markers",
          x: points.map((p) => p.n),
          y: points.map((p) => p.cost),
          marker: marker(known[method], 8),
          text: points.map((p) => `${escaped(p.dataset)}, N = ${p.n}: ${format.score(chosen.cost, p.cost)}`),
          hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
        },
        {
          ...look,
          mode: "lines",
          showlegend: false,
          x: medians.map(([n]) => n),
          y: medians.map(([, value]) => value),
          line: { color: known[method].colour, dash: known[method].dash },
          hoverinfo: "skip",
        },
      ];
    });
    const sizes = [...new Set(lines.flatMap(({ points }) => points.map((p) => p.n)))].sort((a, b) => a - b);
    return {
      data,
      layout: {
        legend: { tracegroupgap: 0 },
        xaxis: { title: { text: "units N" }, type: "log", tickvals: sizes, ticktext: sizes.map(String) },
        yaxis: { ...koopmark.logAxis(UNITS[chosen.cost]), dtick: 1 },
      },
    };
  };

  const draw = async (section, chosen) => {
    const [columns, known] = await Promise.all(["columns", "methods"].map(koopmark.data));
    const figure = await (chosen.figure === "size" ? drawSizes : drawFront)(section, chosen, columns, known);
    figure.layout.showlegend =
      figure.data.filter((trace) => trace.showlegend !== false).length <= 24 || !koopmark.narrow.matches;
    await koopmark.plot(section.querySelector(".canvas"), figure);
  };

  const csv = async (_section, chosen) => {
    if (chosen.figure === "size") {
      const points = (await sizesOf(chosen)).flatMap((line) => line.points);
      return {
        name: `${chosen.cost} by size`,
        text: koopmark.csv({
          method: points.map((p) => p.method),
          dataset: points.map((p) => p.dataset),
          n: points.map((p) => p.n),
          [chosen.cost]: points.map((p) => p.cost),
        }),
      };
    }
    const points = await pointsOf(chosen);
    const front = new Set(frontOf(competing(points)));
    return {
      name: `${chosen.error} against ${chosen.cost} ${chosen.dataset}`,
      text: koopmark.csv({
        dataset: points.map(() => chosen.dataset),
        method: points.map((p) => p.method),
        [chosen.cost]: points.map((p) => p.cost),
        [chosen.error]: points.map((p) => p.error),
        pareto: points.map((p) => (front.has(p) ? "yes" : "no")),
      }),
    };
  };

  koopmark.section("cost", { draw, csv });
}
