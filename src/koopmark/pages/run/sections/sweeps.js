// A score against the levels of a sweep, a line per method.
{
  const BEST = 8;
  const { number } = koopmark;

  const linesOf = async ({ sweep, score }) => {
    const [known, { axes, rows }] = await Promise.all(["methods", "sweeps"].map(koopmark.data));
    const axis = axes[sweep];
    const lines = Object.keys(known).map((method) => {
      const at = new Map(
        koopmark
          .rows(rows, (i) => rows.family[i] === sweep && rows.method[i] === method)
          .map((i) => [rows.dataset[i], i]),
      );
      const points = axis.datasets.map((name, level) => {
        const i = at.get(name);
        // A level at which the method was not run is a gap, and no failure.
        if (i === undefined) return { level, value: NaN, status: "not run", failed: false };
        const value = number(rows[score][i]);
        return { level, value, status: rows.status[i], failed: rows.ok[i] === 0 || value === Infinity };
      });
      return { method, style: known[method], points, there: at.size > 0 };
    });
    return { axis, lines: lines.filter((line) => line.there) };
  };

  // What is known of the levels themselves: [column, name, dash] of each score. Targets that are
  // eigenfunctions only nearly: how nearly, and what is proved of it. Noise: what it allows.
  const OWN = [
    ["residual_bound", "bound on the residual of the targets themselves", "dash"],
    ["target_residual", "residual of the targets themselves", "dot"],
  ];
  const BESIDE = { digits: [["possible", "digits that the noise allows", "dashdot"]], residual_median: OWN };
  // Scores on a linear axis; all others span decades.
  const LINEAR = {
    digits: { range: [-0.3, 9.3], tickvals: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
    found: { range: [-0.03, 1.03], tickvals: [0, 0.25, 0.5, 0.75, 1], tickformat: ".0%" },
  };
  const beside = (axis, score) =>
    (BESIDE[score] ?? [])
      .filter(([key]) => axis[key])
      .map(([key, name, dash]) => ({
        type: "scatter",
        name,
        mode: "lines",
        x: axis.positions,
        y: axis[key],
        meta: { role: "ink" },
        line: { dash, width: 2 },
        text: axis[key].map((value) => koopmark.format.score(key, value)),
        hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
      }));

  // Less is better: the mean digits, whatever score is drawn, so that the same methods are shown.
  const size = async (sweep) => {
    const { rows } = await koopmark.data("sweeps");
    const sums = new Map();
    for (const i of koopmark.rows(rows, (k) => rows.family[k] === sweep)) {
      const { sum, count } = sums.get(rows.method[i]) ?? { sum: 0, count: 0 };
      sums.set(rows.method[i], { sum: sum + number(rows.digits[i]), count: count + 1 });
    }
    return new Map([...sums].map(([method, { sum, count }]) => [method, -sum / count]));
  };

  const logAxis = (values) => {
    const finite = values.filter(Number.isFinite).map((x) => Math.max(x, koopmark.LEAST));
    const top = 10 ** (Math.ceil(Math.log10(Math.max(...finite, 1))) + 1);
    const decades = [];
    for (let k = 2 * Math.floor(Math.log10(Math.min(...finite, 1)) / 2); k < Math.log10(top); k += 2) decades.push(k);
    return {
      failed: top,
      layout: {
        type: "log",
        tickvals: [...decades.map((k) => 10 ** k), top],
        ticktext: [...decades.map((k) => (k === 0 ? "1" : `10<sup>${k}</sup>`)), "failed"],
      },
    };
  };

  const draw = async (section, chosen) => {
    const { axis, lines } = await linesOf(chosen);
    const { [chosen.score]: column } = await koopmark.data("columns");
    const known = await koopmark.data("methods");
    const best = koopmark.best(known, await size(chosen.sweep), BEST);
    const shown = lines.filter(({ method }) => chosen.all || best.has(method) || known[method].role === "anchor");
    const own = beside(axis, chosen.score);
    const linear = LINEAR[chosen.score];
    const { failed, layout } = linear
      ? { failed: 0, layout: { type: "linear", ...linear } }
      : logAxis([...shown.map(({ points }) => points.map((p) => p.value)), ...own.map((line) => line.y)].flat());
    const place = (p) => {
      if (p.failed) return failed;
      if (Number.isNaN(p.value)) return null;
      return linear ? p.value : Math.max(p.value, koopmark.LEAST);
    };
    const data = shown.map(({ method, style, points }) => ({
      type: "scatter",
      name: koopmark.escaped(method),
      x: axis.positions,
      y: points.map(place),
      mode: points.every((p) => p.failed) ? "markers" : "lines+markers",
      line: { color: style.colour, dash: style.dash, width: 2 },
      marker: { color: style.colour, size: 8, symbol: points.map((p) => (p.failed ? "x" : style.symbol)) },
      text: points.map((p) => `${koopmark.format.score(chosen.score, p.value)} (${koopmark.escaped(p.status)})`),
      hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    }));
    data.push(...own);
    await koopmark.plot(section.querySelector(".canvas"), {
      data,
      layout: {
        showlegend: data.length <= 24 || !koopmark.narrow.matches,
        xaxis: {
          title: { text: koopmark.escaped(axis.title) },
          type: axis.log ? "log" : "linear",
          tickvals: axis.positions,
          ticktext: axis.texts.map(koopmark.escaped),
        },
        yaxis: {
          title: { text: column.title + (chosen.score === "fit_seconds" ? " (s)" : "") },
          ...layout,
        },
      },
    });
  };

  const csv = async (_section, chosen) => {
    const { axis, lines } = await linesOf(chosen);
    const points = lines.flatMap(({ method, points: some }) =>
      some.filter((p) => p.status !== "not run").map((p) => ({ method, ...p })),
    );
    return {
      name: `${chosen.sweep} ${chosen.score}`,
      text: koopmark.csv({
        sweep: points.map(() => chosen.sweep),
        level: points.map((p) => axis.texts[p.level]),
        method: points.map((p) => p.method),
        status: points.map((p) => p.status),
        [chosen.score]: points.map((p) => p.value),
      }),
    };
  };

  if (document.getElementById("sweeps")) koopmark.section("sweeps", { draw, csv });
}
