// A score from one promoted run to the next, with rings where a new level begins.
{
  const { number, escaped } = koopmark;
  const { plain } = koopmark.format;
  const percent = (x) => (Number.isNaN(x) ? plain(x) : `${plain(100 * x)} %`);
  const share = { write: percent, axis: { range: [-0.02, 1.02], tickformat: ".0%" } };
  const SCORES = {
    digits: { write: (x) => (Number.isNaN(x) ? plain(x) : x.toFixed(1)), axis: { range: [-0.2, 9.2], dtick: 1 } },
    found: share,
    reach: share,
    speed: { write: plain, axis: { rangemode: "tozero" } },
  };

  const seriesOf = async ({ view }) => {
    const [score, place] = [view.slice(0, view.indexOf("/")), view.slice(view.indexOf("/") + 1)];
    const { runs, series, styles, done_by } = await koopmark.data("trends");
    return {
      score,
      place,
      runs,
      styles,
      doneBy: done_by,
      chosen: series.filter((one) => one.score === score && one.dataset === place),
    };
  };
  const name = ({ method, target }) => (target ? `${method} at ${target}` : method);

  const draw = async (section, choice) => {
    const { score, runs, styles, doneBy, chosen } = await seriesOf(choice);
    const { write, axis } = SCORES[score];
    const x = runs.map((_, i) => i);
    const data = chosen.map((one) => {
      const values = one.values.map(number);
      const rings = new Set(one.changes);
      const { colour, symbol, dash } = styles[one.method];
      return {
        type: "scatter",
        mode: "lines+markers",
        name: escaped(name(one)),
        x,
        y: values.map((v) => (Number.isNaN(v) ? null : v)),
        line: { color: colour, dash, width: 2 },
        marker: {
          color: colour,
          symbol: x.map((i) => (rings.has(i) ? "circle-open" : symbol)),
          size: x.map((i) => (rings.has(i) ? 18 : 8)),
          line: { width: x.map((i) => (rings.has(i) ? 3 : 0)) },
        },
        text: values.map((v, i) => `${write(v)}, ${escaped(doneBy[one.method][i])}`),
        hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
      };
    });
    await koopmark.plot(section.querySelector(".canvas"), {
      data,
      layout: {
        showlegend: data.length <= 24 && !koopmark.narrow.matches,
        xaxis: { title: { text: "run" }, tickvals: x, ticktext: runs.map((run) => escaped(run.label)) },
        yaxis: { title: { text: score === "speed" ? "time / time of the reference" : score }, ...axis },
      },
    });
  };

  const csv = async (_section, choice) => {
    const { score, place, runs, chosen } = await seriesOf(choice);
    const rows = chosen.flatMap((one) =>
      one.values.map((value, i) => ({ one, run: runs[i], value: number(value), starts: one.changes.includes(i) })),
    );
    return {
      name: `${score}${place === score ? "" : ` on ${place}`} over runs`,
      text: koopmark.csv({
        started: rows.map(({ run }) => run.started),
        koopmark: rows.map(({ run }) => run.koopmark),
        commit: rows.map(({ run }) => run.commit),
        dataset: rows.map(({ one }) => one.dataset),
        method: rows.map(({ one }) => one.method),
        target: rows.map(({ one }) => one.target),
        [score]: rows.map(({ value }) => value),
        new_level: rows.map(({ starts }) => (starts ? "yes" : "no")),
      }),
    };
  };

  if (document.getElementById("trends")) koopmark.section("trends", { draw, csv });
}
