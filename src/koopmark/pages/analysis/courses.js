// A supported eigenfunction along held-out trials, and the line that its eigenvalue says it follows.
{
  const LOOKS = [
    ["#0072b2", "circle"],
    ["#d55e00", "square"],
    ["#009e73", "diamond"],
    ["#cc79a7", "triangle-up"],
    ["#906200", "cross"],
  ];

  const chosenFunction = async ({ function: place }) => (await koopmark.data("courses")).functions[Number(place)];

  // The first value times e^{λ(t - t₀)}, real and imaginary part.
  const lineOf = (one, { times, re, im }) =>
    times.map((t) => {
      const [grown, turned] = [Math.exp(one.re * (t - times[0])), one.im * (t - times[0])];
      const [c, s] = [Math.cos(turned), Math.sin(turned)];
      return [grown * (re[0] * c - im[0] * s), grown * (re[0] * s + im[0] * c)];
    });
  const part = { size: (re, im) => Math.hypot(re, im) || null, re: (re) => re, im: (_, im) => im };
  const NAMES = { size: "|φ|", re: "Re φ", im: "Im φ" };

  const draw = async (section, chosen) => {
    const canvas = section.querySelector(".canvas");
    if (!canvas) return;
    const one = await chosenFunction(chosen);
    const shown = part[chosen.part];
    const traces = one.trials.flatMap((trial, i) => {
      const [color, symbol] = LOOKS[i % LOOKS.length];
      const name = `trial ${trial.trial}`;
      const common = { type: "scatter", x: trial.times, legendgroup: name };
      const line = lineOf(one, trial).map(([re, im]) => shown(re, im));
      const measured = trial.re.map((re, k) => shown(re, trial.im[k]));
      const hovertemplate = `${NAMES[chosen.part]} = %{y:.4g} at t = %{x:.4g}<extra>${name}</extra>`;
      return [
        { ...common, mode: "lines", y: line, line: { color, width: 2 }, showlegend: false, hoverinfo: "skip" },
        { ...common, mode: "markers", y: measured, name, marker: { color, symbol, size: 6 }, hovertemplate },
      ];
    });
    await koopmark.plot(canvas, {
      data: traces,
      layout: {
        xaxis: { title: { text: "time" } },
        yaxis: { title: { text: NAMES[chosen.part] }, type: chosen.part === "size" ? "log" : "linear" },
      },
    });
  };

  const csv = async (_section, chosen) => {
    const one = await chosenFunction(chosen);
    const rows = one.trials.flatMap((trial) => {
      const line = lineOf(one, trial);
      return trial.times.map((t, k) => [trial.trial, t, trial.re[k], trial.im[k], ...line[k]]);
    });
    const names = ["trial", "time", "measured_re", "measured_im", "line_re", "line_im"];
    return {
      name: `eigenfunction ${one.method} ${one.re} ${one.im}`,
      text: koopmark.csv(Object.fromEntries(names.map((name, k) => [name, rows.map((row) => row[k])]))),
    };
  };

  koopmark.section("functions", { draw, csv });
}
