// What accuracy costs on a dataset, with the Pareto front, and how cost grows with the network.
{
  const { number, escape, format } = koopmark;
  const UNITS = { fit_seconds: "time of one fit (s, median over seeds)", peak_memory_mb: "memory of one fit (MB, median over seeds)" };

  const pointsOf = async ({ dataset, cost, error }) => {
    const [summary, known] = await Promise.all(["summary", "methods"].map(koopmark.data));
    const there = (i) => summary.dataset[i] === dataset && number(summary[cost][i]) > 0 && Number.isFinite(number(summary[error][i]));
    return koopmark.rows(summary, there).map((i) => ({ method: summary.method[i], control: summary.control[i], competes: known[summary.method[i]].competes && summary.failed[i] === 0, cost: number(summary[cost][i]), error: number(summary[error][i]) }));
  };

  // A method that lost a seed is no member: its median is over the seeds it survived.
  const competing = (points) => points.filter((p) => p.competes);

  const sizesOf = async ({ cost }) => {
    const [summary, known] = await Promise.all(["summary", "methods"].map(koopmark.data));
    return Object.keys(known).map((method) => {
      const rows = koopmark.rows(summary, (i) => summary.method[i] === method && number(summary[cost][i]) > 0 && summary.n[i] !== null);
      const points = rows.map((i) => ({ method, dataset: summary.dataset[i], n: summary.n[i], cost: number(summary[cost][i]) }));
      return { method, points: points.sort((a, b) => a.n - b.n) };
    }).filter(({ points }) => points.length);
  };

  const table = (section, front, chosen, columns) => {
    const place = section.querySelector(".front");
    place.replaceChildren();
    if (!front.length) return;
    const add = (parent, tag, text, data = {}) => {
      const element = Object.assign(document.createElement(tag), { textContent: text });
      Object.assign(element.dataset, data);
      parent.append(element);
      return element;
    };
    add(place, "h3", `The Pareto front on ${chosen.dataset}: no method is cheaper and as accurate`);
    const grid = add(place, "table", "");
    const head = add(add(grid, "thead", ""), "tr", "");
    for (const [title, css] of [["method", "first"], [columns[chosen.cost].title, "number"], [columns[chosen.error].title, "number"]]) {
      Object.assign(add(head, "th", title), { scope: "col", className: css });
    }
    const body = add(grid, "tbody", "");
    for (const member of front) {
      const row = add(body, "tr", "");
      Object.assign(add(row, "th", member.method), { scope: "row", className: "first" });
      for (const [key, value] of [[chosen.cost, member.cost], [chosen.error, member.error]]) {
        Object.assign(add(row, "td", format.score(key, value), { value }), { className: "number", title: value });
      }
    }
  };

  const marker = (style, size) => ({ color: style.colour, symbol: style.symbol, size, opacity: 0.9 });

  const drawFront = async (section, chosen, columns, known) => {
    const points = await pointsOf(chosen);
    const front = koopmark.front(competing(points));
    const names = new Set(front.map((p) => p.method));
    const axis = (value) => Math.max(value, koopmark.LEAST);
    const data = points.map((p) => ({
      type: "scatter", mode: "markers", name: escape(p.method), x: [p.cost], y: [axis(p.error)],
      showlegend: names.has(p.method) || p.control, marker: marker(known[p.method], names.has(p.method) ? 12 : 8),
      text: [`${format.score(chosen.cost, p.cost)}, error ${format.scientific(p.error)}`], hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    }));
    data.unshift({
      type: "scatter", mode: "lines", name: "Pareto front", line: { shape: "hv", width: 2 }, meta: { role: "ink" },
      x: front.map((p) => p.cost), y: front.map((p) => axis(p.error)), hoverinfo: "skip",
    });
    table(section, front, chosen, columns);
    section.querySelector("figcaption.cost").textContent = "One point per method: medians over the seeds that ended ok. Left is cheaper, down is more accurate. The line joins the methods of the Pareto front, which the table names; methods that lost a seed or are given the vector field are not on it, nor are the controls. Fits that did not end ok, or were not scored, have no point.";
    return { data, layout: { xaxis: { ...koopmark.logAxis(UNITS[chosen.cost]), dtick: 1 }, yaxis: koopmark.logAxis(`${columns[chosen.error].title}, worst target`) } };
  };

  const drawSizes = async (section, chosen, columns, known) => {
    const lines = await sizesOf(chosen);
    table(section, [], chosen, columns);
    section.querySelector("figcaption.cost").textContent = "Each point is a dataset, in medians over the seeds that ended ok; datasets of one size may differ in all else. A name in the legend switches its line.";
    const reach = new Map(lines.map(({ method, points }) => [method, -new Set(points.map((p) => p.n)).size]));
    const first = koopmark.best(known, reach, 8);
    const data = lines.map(({ method, points }) => ({
      type: "scatter", mode: "lines+markers", name: escape(method), visible: first.has(method) || "legendonly",
      x: points.map((p) => p.n), y: points.map((p) => p.cost), marker: marker(known[method], 8), line: { color: known[method].colour, dash: known[method].dash },
      text: points.map((p) => `${escape(p.dataset)}, N = ${p.n}: ${format.score(chosen.cost, p.cost)}`), hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    }));
    const sizes = [...new Set(lines.flatMap(({ points }) => points.map((p) => p.n)))].sort((a, b) => a - b);
    return { data, layout: { xaxis: { title: { text: "units N" }, type: "log", tickvals: sizes, ticktext: sizes.map(String) }, yaxis: { ...koopmark.logAxis(UNITS[chosen.cost]), dtick: 1 } } };
  };

  const draw = async (section, chosen) => {
    const [columns, known] = await Promise.all(["columns", "methods"].map(koopmark.data));
    const figure = await (chosen.figure === "size" ? drawSizes : drawFront)(section, chosen, columns, known);
    figure.layout.showlegend = figure.data.length <= 24 || !koopmark.narrow.matches;
    await koopmark.plot(section.querySelector(".canvas"), figure);
  };

  const csv = async (section, chosen) => {
    if (chosen.figure === "size") {
      const points = (await sizesOf(chosen)).flatMap((line) => line.points);
      return { name: `${chosen.cost} by size`, text: koopmark.csv({ method: points.map((p) => p.method), dataset: points.map((p) => p.dataset), n: points.map((p) => p.n), [chosen.cost]: points.map((p) => p.cost) }) };
    }
    const points = await pointsOf(chosen);
    const front = new Set(koopmark.front(competing(points)));
    return { name: `${chosen.error} against ${chosen.cost} ${chosen.dataset}`, text: koopmark.csv({ dataset: points.map(() => chosen.dataset), method: points.map((p) => p.method), [chosen.cost]: points.map((p) => p.cost), [chosen.error]: points.map((p) => p.error), pareto: points.map((p) => (front.has(p) ? "yes" : "no")) }) };
  };

  koopmark.section("cost", { draw, csv });
}
