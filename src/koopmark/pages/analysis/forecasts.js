// Errors of forecasts by lead, beside those that need no model.
{
  const { number } = koopmark;
  const BEST = 6;
  const DASHES = ["dot", "dash", "longdashdot"];

  const chosenMethods = (all, { methods }) => {
    if (methods === "all") return all.methods;
    if (methods === "best") return all.methods.slice(0, BEST);
    return all.methods.filter((name) => `=${name}` === methods);
  };

  const draw = async (section, chosen) => {
    const canvas = section.querySelector(".canvas");
    if (!canvas) return;
    const all = await koopmark.data("forecasts");
    const of = (name) => all.curves[name][chosen.show].map((x) => (Number.isFinite(number(x)) ? number(x) : null));
    const trace = (name, look) => ({
      type: "scatter",
      name: koopmark.escaped(name),
      x: all.curves[name].lead,
      y: of(name),
      hovertemplate: "%{y:.3g} at lead %{x:.3g}<extra>%{fullData.name}</extra>",
      ...look,
    });
    const baselines = all.baselines.map((name, i) =>
      trace(name, { mode: "lines", meta: { role: "ink" }, line: { width: 2, dash: DASHES[i % DASHES.length] } }),
    );
    const methods = chosenMethods(all, chosen).map((name) => {
      const { colour, dash, symbol } = all.styles[name];
      return trace(name, {
        mode: "lines+markers",
        line: { color: colour, dash, width: 2 },
        marker: { color: colour, symbol, size: 7 },
      });
    });
    const error = chosen.show === "error";
    await koopmark.plot(canvas, {
      data: [...baselines, ...methods],
      layout: {
        xaxis: { title: { text: "lead (units of time)" }, type: "log" },
        yaxis: error
          ? { title: { text: "error (standard deviations)" }, type: "log" }
          : { title: { text: "skill" }, range: [-1.05, 1.05] },
      },
    });
  };

  const csv = async (_section, chosen) => {
    const all = await koopmark.data("forecasts");
    const rows = [...all.baselines, ...chosenMethods(all, chosen)].flatMap((name) =>
      all.curves[name].lead.map((lead, i) => [name, lead, all.curves[name].error[i], all.curves[name].skill[i]]),
    );
    const names = ["method", "lead", "error", "skill"];
    return {
      name: "forecasts",
      text: koopmark.csv(Object.fromEntries(names.map((name, k) => [name, rows.map((row) => row[k])]))),
    };
  };

  koopmark.section("forecasts", { draw, csv });
}
