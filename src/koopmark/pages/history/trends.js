// A score from one promoted run to the next, with rings where a new level begins.
{
  const { number, escaped } = koopmark;
  const SPEED = "speed"; // Of the core, which has no dataset.
  const SHARES = ["recovered", "ok"];

  const seriesOf = async ({ score, dataset }) => {
    const { runs, series } = await koopmark.data("trends");
    return {
      runs,
      chosen: series.filter((one) => one.score === score && (score === SPEED || one.dataset === dataset)),
    };
  };
  const name = ({ method, target }) => (target ? `${method} at ${target}` : method);

  const draw = async (section, choice) => {
    const [{ runs, chosen }, { styles, floors, ceiling }] = await Promise.all([
      seriesOf(choice),
      koopmark.data("trends"),
    ]);
    const floor = floors[choice.score];
    const height = (value) =>
      floor === undefined || Number.isNaN(value) ? value : Math.min(Math.max(value, floor), ceiling);
    const x = runs.map((_, i) => i);
    const shown =
      choice.score === SPEED || SHARES.includes(choice.score) ? koopmark.format.plain : koopmark.format.scientific;
    const data = chosen.map((one) => {
      const values = one.values.map(number);
      const rings = new Set(one.changes);
      const { colour, symbol, dash } = styles[one.method];
      return {
        type: "scatter",
        mode: "lines+markers",
        name: escaped(name(one)),
        x,
        y: values.map((v) => (Number.isNaN(v) ? null : height(v))),
        line: { color: colour, dash, width: 2 },
        marker: {
          color: colour,
          symbol: x.map((i) => (rings.has(i) ? "circle-open" : symbol)),
          size: x.map((i) => (rings.has(i) ? 18 : 8)),
          line: { width: x.map((i) => (rings.has(i) ? 3 : 0)) },
        },
        text: values.map((v, i) => `${shown(v)}, ${escaped(one.done_by[i] || "")}`),
        hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
      };
    });
    await koopmark.plot(section.querySelector(".canvas"), {
      data,
      layout: {
        showlegend: data.length <= 24 && !koopmark.narrow.matches,
        xaxis: { title: { text: "run" }, tickvals: x, ticktext: runs.map((run) => escaped(run.label)) },
        yaxis:
          floor === undefined
            ? { title: { text: choice.score.replaceAll("_", " ") }, rangemode: "tozero" }
            : koopmark.logAxis(choice.score.replaceAll("_", " ")),
      },
    });
  };

  const csv = async (_section, choice) => {
    const { runs, chosen } = await seriesOf(choice);
    const rows = chosen.flatMap((one) =>
      one.values.map((value, i) => ({ one, run: runs[i], value: number(value), starts: one.changes.includes(i) })),
    );
    return {
      name: `${choice.score}${choice.score === SPEED ? "" : ` on ${choice.dataset}`} over runs`,
      text: koopmark.csv({
        started: rows.map(({ run }) => run.started),
        koopmark: rows.map(({ run }) => run.koopmark),
        commit: rows.map(({ run }) => run.commit),
        dataset: rows.map(({ one }) => one.dataset),
        method: rows.map(({ one }) => one.method),
        target: rows.map(({ one }) => one.target),
        [choice.score]: rows.map(({ value }) => value),
        new_level: rows.map(({ starts }) => (starts ? "yes" : "no")),
      }),
    };
  };

  if (document.getElementById("trends")) koopmark.section("trends", { draw, csv });
}
