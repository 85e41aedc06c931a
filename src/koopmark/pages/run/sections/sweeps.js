// A score against the levels of a sweep: a line per method, or per group of methods that are alike,
// with the quartiles over the seeds as a band.
{
  const MOST = 12; // Of more lines the best are drawn as such, and all others in grey.
  const BEST = 8;
  const { number, escaped, curves } = koopmark;

  const linesOf = async ({ sweep, score }) => {
    const [known, { axes, rows }] = await Promise.all(["methods", "sweeps"].map(koopmark.data));
    const axis = axes[sweep];
    const at = new Map(
      koopmark.rows(rows, (i) => rows.family[i] === sweep).map((i) => [`${rows.dataset[i]} ${rows.method[i]}`, i]),
    );
    const pointsOf = (method) =>
      axis.datasets.map((name, level) => {
        const i = at.get(`${name} ${method}`);
        // A level at which the method was not run is a gap, and no failure.
        if (i === undefined) return { level, value: NaN, low: NaN, high: NaN, status: "not run", failed: false };
        return {
          level,
          value: number(rows[score][i]),
          low: number(rows[`${score}_q25`]?.[i]),
          high: number(rows[`${score}_q75`]?.[i]),
          status: rows.status[i],
          failed: rows.ok[i] === 0,
        };
      });
    const lines = Object.keys(known).map((method) => ({ method, points: pointsOf(method) }));
    return { axis, lines: lines.filter(({ points }) => points.some((p) => p.status !== "not run")) };
  };

  // What is known of the levels themselves, of some scores: [column, name, label, dash]. Targets that
  // are eigenfunctions only nearly: how nearly, and what is proved of it. Noise: what it allows.
  const OWN = [
    ["residual_bound", "bound on the residual of the exact targets", "bound on residual<br>of the targets", "dash"],
    ["target_residual", "residual of the exact targets", "residual<br>of the targets", "dot"],
  ];
  const BESIDE = {
    digits: [["possible", "digits that the noise allows", "digits that<br>the noise allows", "dashdot"]],
    residual_median: OWN,
  };
  // Scores on a linear axis; all others span decades.
  const LINEAR = { digits: { least: 1, within: [-0.15, 9.15] }, found: { least: 0.2, within: [-0.02, 1.02] } };

  const ownOf = (axis, score) =>
    (BESIDE[score] ?? [])
      .filter(([key]) => axis[key])
      .map(([key, name, label, dash]) => ({ name, label, dash, values: axis[key].map(number) }));

  // The lines that are drawn, each with the methods that it stands for; anchors apart.
  const groupsOf = async (chosen, lines) => {
    const [known, { sweeps }] = await Promise.all(["methods", "curves"].map(koopmark.data));
    const { best, alike } = sweeps[chosen.sweep];
    const wanted = curves.picked(chosen.methods, best, known);
    const points = new Map(lines.map((line) => [line.method, line.points]));
    const groups = alike[chosen.score]
      .filter((names) => names.some((name) => known[name].role === "anchor" || wanted(name)))
      .map((names) => ({ names, role: known[names[0]].role, points: points.get(names[0]) }));
    const [anchors, others] = [true, false].map((are) => groups.filter(({ role }) => (role === "anchor") === are));
    const first = others.filter(({ names }) => names.some((name) => best.includes(name)));
    const shown =
      others.length > MOST ? [...new Set([...first, ...others])].slice(0, Math.max(BEST, first.length)) : others;
    return { anchors, shown, grey: others.filter((group) => !shown.includes(group)) };
  };

  const titleOf = ({ names, role }) => curves.named(names, role === "informed" ? " (informed)" : "");

  // The axis of the scores: it fits the methods and what is known of the levels, not the anchors.
  const upright = (chosen, groups, own, write) => {
    const linear = LINEAR[chosen.score];
    const methods = groups.filter(({ role }) => role === "method");
    const points = (methods.length ? methods : groups).flatMap((group) => group.points);
    const values = [
      ...points.filter((p) => !p.failed).flatMap((p) => [p.value, p.low, p.high]),
      ...own.flatMap((line) => line.values),
    ].filter((value) => linear || value >= koopmark.LEAST);
    const log = !linear;
    const ends = curves.fitted(values, { log, ...linear });
    const fits = curves.axis(ends, { log });
    const beyond = new Set(points.filter((p) => !p.failed).map((p) => fits.side(p.value)));
    const bad = linear ? "low" : "high";
    const strips = {
      ...(beyond.has("low") && { low: `≤ ${curves.tick(koopmark.LEAST)}` }),
      ...(beyond.has("high") && { high: "∞" }),
    };
    if (points.some((p) => p.failed)) strips[bad] = [...(strips[bad] ? [strips[bad]] : []), "failed"].join(", ");
    return { ...curves.axis(ends, { log, strips, write }), bad };
  };

  const across = (axis) => {
    const ends = curves.fitted(axis.positions, { log: axis.log, least: axis.log ? 0.1 : 1e-9 });
    const text = (one) => (axis.log && Number(one) > 0 ? curves.tick(Number(one)) : escaped(one));
    const drawn = curves.axis(ends, { log: axis.log });
    return { ...drawn, layout: { ...drawn.layout, tickvals: axis.positions, ticktext: axis.texts.map(text) } };
  };

  // Levels without quartiles leave a gap.
  const band = ({ points }, look, x, up) => {
    const [low, high] = ["low", "high"].map((end) => points.map((p) => (p.failed ? NaN : up.clamped(p[end]))));
    return curves.band(
      points.map((p) => x[p.level]),
      low,
      high,
      look.colour,
    );
  };

  const SIGNS = { low: "arrow-down", high: "arrow-up" };

  // A line with marks, and at the edge the marks of what failed or lies beyond the axis.
  const traces = (group, look, x, up, write) => {
    const sides = group.points.map((p) => (p.failed ? up.bad : Number.isNaN(p.value) ? "" : up.side(p.value)));
    const text = group.points.map((p) => {
      const spread = p.low < p.high ? `, quartiles ${write(p.low)} to ${write(p.high)}` : "";
      return [`${write(p.value)} (${escaped(p.status)})${spread}`, ...curves.listed(group.names)].join("<br>");
    });
    const anchor = group.role === "anchor";
    const open = anchor ? "-open" : "";
    const symbols = group.points.map((p, i) => (p.failed ? "x" : `${SIGNS[sides[i]] ?? "x"}${open}`));
    const common = {
      type: "scatter",
      name: titleOf(group),
      legendgroup: group.names[0],
      x,
      text,
      hovertemplate: "%{text}<extra></extra>",
    };
    const line = {
      ...common,
      mode: anchor ? "markers" : "lines+markers",
      y: group.points.map((p, i) => (p.failed || sides[i] || Number.isNaN(p.value) ? null : p.value)),
      line: { color: look.colour, dash: look.dash, width: 2 },
      marker: { color: look.colour, size: 8, symbol: anchor ? "line-ew-open" : look.symbol },
    };
    const edge = {
      ...common,
      mode: "markers",
      y: sides.map((side) => (side ? up.edge[side] : null)),
      marker: { color: look.colour, size: 9, symbol: symbols },
      cliponaxis: false,
      showlegend: false,
    };
    return sides.some(Boolean) ? [line, edge] : [line];
  };

  const draw = async (section, chosen) => {
    const [{ axis, lines }, known, { [chosen.score]: column }] = await Promise.all([
      linesOf(chosen),
      koopmark.data("methods"),
      koopmark.data("columns"),
    ]);
    const canvas = section.querySelector(".canvas");
    const { anchors, shown, grey } = await groupsOf(chosen, lines);
    const own = ownOf(axis, chosen.score);
    const write = (value) => koopmark.format.score(chosen.score, value);
    const ticks = ["found", "fit_seconds"].includes(chosen.score) ? write : undefined;
    const [x, up] = [across(axis), upright(chosen, [...shown, ...grey], own, ticks)];
    const looks = await curves.apart(
      known,
      shown.map(({ names }) => names[0]),
    );
    const lookOf = ({ names: [name] }) => looks.get(name) ?? known[name];
    const labelled = [...anchors, ...shown];
    const labels = curves.labels(canvas, endsOf(labelled, own, axis, up, lookOf), x, up);
    const data = [
      ...grey.flatMap((group) => curves.faint(traces(group, lookOf(group), axis.positions, up, write))),
      ...(grey.length ? [] : shown.map((group) => band(group, lookOf(group), axis.positions, up))),
      ...labelled.flatMap((group) => traces(group, lookOf(group), axis.positions, up, write)),
      ...own.map(({ name, dash, values }) => ({
        type: "scatter",
        name,
        mode: "lines",
        x: axis.positions,
        y: values,
        meta: { role: "ink" },
        line: { dash, width: 2 },
        text: values.map(write),
        hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
      })),
    ];
    await koopmark.plot(canvas, {
      data,
      layout: {
        showlegend: !labels,
        legend: { tracegroupgap: 0 },
        ...labels,
        shapes: up.rules,
        hovermode: "closest",
        xaxis: { title: { text: escaped(axis.title) }, ...x.layout },
        yaxis: { title: { text: column.title }, ...up.layout },
      },
    });
  };

  // Where each line ends, and what is written there.
  const endsOf = (drawn, own, axis, up, lookOf) => [
    ...drawn.flatMap((group) => {
      const last = group.points.findLast((p) => p.failed || !Number.isNaN(p.value));
      if (!last) return [];
      const y = last.failed ? up.edge[up.bad] : up.at(last.value);
      return [{ text: titleOf(group), colour: lookOf(group).colour, x: axis.positions[last.level], y }];
    }),
    ...own.flatMap(({ label, values }) => {
      const last = values.findLastIndex(Number.isFinite);
      return last < 0 ? [] : [{ text: label, x: axis.positions[last], y: up.at(values[last]) }];
    }),
  ];

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
        [`${chosen.score}_q25`]: points.map((p) => p.low),
        [`${chosen.score}_q75`]: points.map((p) => p.high),
      }),
    };
  };

  if (document.getElementById("sweeps")) koopmark.section("sweeps", { draw, csv });
}
