// What accuracy costs on a dataset, with the Pareto front, and how cost grows with the network.
{
  const { number, escaped, format, curves } = koopmark;
  const AUTHORS = "by the authors of koopmark";
  const UNITS = {
    fit_seconds: "time of one fit, median over seeds",
    peak_memory_mb: "memory of one fit (MB), median over seeds",
  };
  const NOTHING = {
    digits: "no digit",
    found: "found nothing",
    forecast_error: "an error of 1 or more",
    residual_median: "a residual of 1 or more",
  };

  const ours = (known, method) => known[method].library === "koopmark" && known[method].role === "method";

  const pointsOf = async ({ dataset, cost, error }) => {
    const [summary, columns] = await Promise.all(["summary", "columns"].map(koopmark.data));
    const high = columns[error].best === "high";
    // As tables show them (analysis/pareto.py).
    const steps = { digits: 10, found: 100 }[error];
    const there = (i) =>
      summary.dataset[i] === dataset &&
      summary.ok[i] > 0 &&
      number(summary[cost][i]) > 0 &&
      !Number.isNaN(number(summary[error][i]));
    return koopmark.rows(summary, there).map((i) => {
      const value = number(summary[error][i]);
      return {
        method: summary.method[i],
        role: summary.role[i],
        // No digit as it is shown, or an error as large as what is sought.
        nothing: high ? Math.round(steps * value) <= 0 : value >= 1,
        cost: number(summary[cost][i]),
        error: value,
      };
    });
  };

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

  // The points of the Pareto front, cheapest first.
  const frontOf = async (points, { dataset, cost, error }) => {
    const at = new Map(points.map((p) => [p.method, p]));
    const fronts = await koopmark.data("fronts");
    return (fronts[dataset]?.[cost][error] ?? []).map((method) => at.get(method));
  };

  // A table of methods below the figure: `rows` are [method, [value of each column], its number].
  const table = (section, title, heads, rows, write, known) => {
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
    const box = add(place, "div", "", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": title });
    const grid = add(box, "table");
    const head = add(add(grid, "thead"), "tr");
    add(head, "th", "method", { scope: "col", class: "first" });
    for (const text of heads) add(head, "th", text, { scope: "col", class: "number" });
    const body = add(grid, "tbody");
    for (const [method, values, number = ""] of rows) {
      const row = add(body, "tr");
      const name = add(row, "th", `${number}${method}`, { scope: "row", class: "first" });
      if (ours(known, method)) add(name, "span", AUTHORS, { class: "badge" });
      values.forEach((value, i) => {
        const there = value !== undefined;
        add(row, "td", there ? write(value, i) : "–", {
          class: there ? "number" : "number missing",
          ...(there && { "data-value": value }),
        });
      });
    }
  };

  // The axis of a cost.
  const costAxis = (values, key, least = 1) =>
    curves.axis(curves.fitted(values, { log: true, least }), {
      log: true,
      write: key === "fit_seconds" ? format.seconds : format.plain,
    });

  // Of errors in decades.
  const ERRORS = { within: [-Infinity, 0.02] };
  const RANGES = { digits: { least: 1, within: [0, 9.15] }, found: { least: 0.2, within: [0, 1.02] } };

  const drawFront = async (section, chosen, columns, known) => {
    const points = await pointsOf(chosen);
    const [anchors, others] = [true, false].map((are) => points.filter((p) => (p.role === "anchor") === are));
    const [lost, finding] = [true, false].map((are) => others.filter((p) => p.nothing === are));
    const front = await frontOf(points, chosen);
    const names = new Map(front.map((p, i) => [p.method, i + 1]));
    const rest = finding.filter((p) => !names.has(p.method));
    const high = columns[chosen.error].best === "high";
    const short = koopmark.narrow.matches; // Labels are numbers of the table below.
    // What is informed of the system is no more a measure of the axis than the anchors.
    const methods = finding.filter((p) => p.role === "method");
    const values = (methods.length ? methods : finding)
      .map((p) => p.error)
      .filter((value) => high || value >= koopmark.LEAST);
    const ends = curves.fitted(values, { log: !high, ...(RANGES[chosen.error] ?? ERRORS) });
    const strips = lost.length ? { [high ? "low" : "high"]: `${NOTHING[chosen.error]}: ${lost.length}` } : {};
    const write = chosen.error === "found" ? (x) => format.score("found", x) : undefined;
    const up = curves.axis(ends, { log: !high, strips, write });
    const x = costAxis(
      points.map((p) => p.cost),
      chosen.cost,
    );
    const canvas = section.querySelector(".canvas");
    const looks = await curves.apart(
      known,
      front.map((p) => p.method),
    );
    const value = (p) =>
      [format.score(chosen.error, p.error), chosen.error === "digits" ? "digits" : ""].join(" ").trim();
    const said = (p) =>
      `${escaped(p.method)}<br>${columns[chosen.error].title} ${format.score(chosen.error, p.error)}, ${format.score(chosen.cost, p.cost)}${ours(known, p.method) ? `<br>${AUTHORS}` : ""}`;
    const marks = (some, marker, y = (p) => up.at(p.error)) => ({
      type: "scatter",
      mode: "markers",
      x: some.map((p) => p.cost),
      y: some.map(y),
      customdata: some.map((p) => p.method),
      text: some.map(said),
      marker,
      hovertemplate: "%{text}<extra></extra>",
      cliponaxis: false,
    });
    const { soft } = koopmark.colours();
    const data = [
      {
        type: "scatter",
        mode: "lines",
        name: "Pareto front",
        line: { shape: "hv", width: 2 },
        meta: { role: "ink" },
        x: front.map((p) => p.cost),
        y: front.map((p) => up.at(p.error)),
        hoverinfo: "skip",
      },
      {
        ...marks(rest, {
          color: soft,
          size: 7,
          opacity: 0.55,
          symbol: rest.map((p) => SIGNS[up.side(p.error)] ?? "circle"),
        }),
        name: "other methods",
      },
      {
        ...marks(lost, { color: soft, symbol: "line-ns-open", size: 10 }, () => up.edge[high ? "low" : "high"]),
        name: "found nothing",
      },
      {
        ...marks(anchors, {
          color: soft,
          size: 9,
          symbol: anchors.map((p) => SIGNS[up.side(p.error)] ?? "diamond-open"),
        }),
        name: "anchors",
      },
      ...front.map((p) => ({
        ...marks([p], { color: looks.get(p.method).colour, symbol: looks.get(p.method).symbol, size: 12 }),
        name: escaped(p.method),
      })),
    ];
    table(
      section,
      `The Pareto front on ${chosen.dataset}: for these, no cheaper method is as accurate`,
      [chosen.cost, chosen.error].map((key) => columns[key].title),
      front.map((p, i) => [p.method, [p.cost, p.error], short ? `${i + 1}. ` : ""]),
      (number, i) => format.score([chosen.cost, chosen.error][i], number),
      known,
    );
    const label = (p) => {
      const name = escaped(p.method) + (ours(known, p.method) ? " †" : "");
      return short ? String(names.get(p.method)) : `${name}<br>${value(p)}, ${format.score(chosen.cost, p.cost)}`;
    };
    const margin = { l: 78, r: 24, t: 34, b: 64 };
    const labels = curves.beside(
      canvas,
      [
        ...front.map((p) => ({ text: label(p), colour: looks.get(p.method).colour, x: p.cost, y: up.at(p.error) })),
        ...anchors.map((p) => ({ text: short ? "" : escaped(p.method), x: p.cost, y: up.at(p.error) })),
        ...rest.map((p) => ({ x: p.cost, y: up.at(p.error) })),
      ],
      x,
      up,
      margin,
    );
    section.querySelector("figcaption.cost").textContent = [
      `One point per method, over its seeds. Methods further left are cheaper; those further ${high ? "up" : "down"} are more accurate.`,
      `The line joins the methods of the Pareto front, which the table${short ? " numbers and" : ""} names († means ${AUTHORS}).`,
      "Informed methods, anchors, and methods with a failed fit are never on it.",
      lost.length
        ? `${lost.length === 1 ? "One method" : `${lost.length} methods`} at the edge: ${NOTHING[chosen.error]}.`
        : "",
      "A method has no point if all of its fits failed or were not scored.",
    ]
      .filter(Boolean)
      .join(" ");
    return {
      data,
      layout: {
        showlegend: false,
        hovermode: "closest",
        margin,
        annotations: labels,
        shapes: up.rules,
        xaxis: { title: { text: UNITS[chosen.cost] }, ...x.layout },
        yaxis: { title: { text: columns[chosen.error].title }, ...up.layout },
      },
    };
  };

  const SIGNS = { low: "arrow-down-open", high: "arrow-up-open" };

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
    const sizes = [...new Set(sized.map(([, n]) => n))];
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
      known,
    );
    section.querySelector("figcaption.cost").textContent =
      `Each point is a dataset (median over the seeds whose fit succeeded). The line joins the medians over the datasets of one size, which may differ in everything else.${sizes.length > 1 ? "" : " All datasets of this run have the same size."}`;
    const { best } = await koopmark.data("curves");
    const wanted = curves.picked(chosen.methods, best, known);
    const chosenLines = lines.filter(({ method }) => known[method].role !== "anchor" && wanted(method));
    const drawn = chosenLines.map(({ method, points }) => ({
      method,
      points,
      medians: [...new Set(points.map((p) => p.n))].map((n) => [
        n,
        median(points.filter((p) => p.n === n).map((p) => p.cost)),
      ]),
    }));
    const ns = drawn.flatMap(({ points }) => points.map((p) => p.n));
    const x = curves.axis(curves.fitted(ns, { log: true, least: 0.3 }), { log: true });
    const up = costAxis(
      drawn.flatMap(({ points }) => points.map((p) => p.cost)),
      chosen.cost,
    );
    const looks = await curves.apart(
      known,
      drawn.map(({ method }) => method),
    );
    const data = drawn.flatMap(({ method, points, medians }) => {
      const look = looks.get(method);
      const common = { type: "scatter", name: escaped(method), legendgroup: method };
      return [
        {
          ...common,
          mode: "markers",
          showlegend: false,
          x: points.map((p) => p.n),
          y: points.map((p) => p.cost),
          marker: { color: look.colour, symbol: look.symbol, size: 6, opacity: 0.6 },
          text: points.map((p) => `${escaped(p.dataset)}, N = ${p.n}: ${format.score(chosen.cost, p.cost)}`),
          hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
        },
        {
          ...common,
          mode: medians.length > 1 ? "lines+markers" : "markers",
          x: medians.map(([n]) => n),
          y: medians.map(([, cost]) => cost),
          line: { color: look.colour, dash: look.dash, width: 2 },
          marker: { color: look.colour, symbol: look.symbol, size: 8 },
          hoverinfo: "skip",
        },
      ];
    });
    const ends = drawn.map(({ method, medians }) => ({
      text: escaped(method),
      colour: looks.get(method).colour,
      x: medians.at(-1)[0],
      y: medians.at(-1)[1],
    }));
    const labels = curves.labels(section.querySelector(".canvas"), ends, x, up);
    return {
      data,
      layout: {
        showlegend: !labels && drawn.length <= 24,
        legend: { tracegroupgap: 0 },
        ...labels,
        hovermode: "closest",
        xaxis: { title: { text: "units N" }, ...x.layout, tickvals: sizes, ticktext: sizes.map(String) },
        yaxis: { title: { text: UNITS[chosen.cost] }, ...up.layout },
      },
    };
  };

  const draw = async (section, chosen) => {
    const [columns, known] = await Promise.all(["columns", "methods"].map(koopmark.data));
    const figure = await (chosen.figure === "size" ? drawSizes : drawFront)(section, chosen, columns, known);
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
    const front = new Set(await frontOf(points, chosen));
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
