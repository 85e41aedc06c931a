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
  const NAME = "statistical floor";
  const BESIDE = {
    eigenvalue_error_relative: [["statistical_floor_eigenvalue", NAME, "dashdot"]],
    eigenfunction_error: [["statistical_floor", NAME, "dashdot"], ...OWN],
    residual_median: OWN,
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
        text: axis[key].map((value) => koopmark.format.score("eigenfunction_error", value)),
        hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
      }));

  // The mean of the logarithms, where failed counts as the worst.
  const size = ({ points }) => {
    const logs = points
      .filter((p) => p.status !== "not run")
      .map((p) => (p.failed || Number.isNaN(p.value) ? 3 : Math.log10(Math.max(p.value, 1e-9))));
    return logs.reduce((a, b) => a + b, 0) / logs.length;
  };

  const draw = async (section, chosen) => {
    const { axis, lines } = await linesOf(chosen);
    const { [chosen.score]: column } = await koopmark.data("columns");
    const known = await koopmark.data("methods");
    const best = koopmark.best(known, new Map(lines.map((line) => [line.method, size(line)])), BEST);
    const shown = lines.filter(({ method }) => chosen.all || best.has(method) || known[method].role === "anchor");
    const floors = beside(axis, chosen.score);
    const values = [...shown.map(({ points }) => points.map((p) => p.value)), ...floors.map((line) => line.y)].flat();
    const finite = values.filter(Number.isFinite).map((x) => Math.max(x, koopmark.LEAST));
    const top = 10 ** (Math.ceil(Math.log10(Math.max(...finite, 1))) + 1);
    const decades = [];
    for (let k = 2 * Math.floor(Math.log10(Math.min(...finite, 1)) / 2); k < Math.log10(top); k += 2) decades.push(k);
    const data = shown.map(({ method, style, points }) => ({
      type: "scatter",
      name: koopmark.escaped(method),
      x: axis.positions,
      y: points.map((p) => (p.failed ? top : Number.isNaN(p.value) ? null : Math.max(p.value, koopmark.LEAST))),
      mode: points.every((p) => p.failed) ? "markers" : "lines+markers",
      line: { color: style.colour, dash: style.dash, width: 2 },
      marker: { color: style.colour, size: 8, symbol: points.map((p) => (p.failed ? "x" : style.symbol)) },
      text: points.map((p) => `${koopmark.format.score(chosen.score, p.value)} (${koopmark.escaped(p.status)})`),
      hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    }));
    data.push(...floors);
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
          type: "log",
          tickvals: [...decades.map((k) => 10 ** k), top],
          ticktext: [...decades.map((k) => (k === 0 ? "1" : `10<sup>${k}</sup>`)), "failed"],
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
