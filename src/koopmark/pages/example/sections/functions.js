// Recovered eigenfunctions beside the exact φ, φ², φ³: one against the other, or along time.
{
  const FOUND = "#4477aa";
  const LINES = 6; // Trajectories along which a decay is drawn.

  const scatter = (exact, recovered, degree) => {
    const values = exact.flat();
    const ends = [Math.min(...values), Math.max(...values)];
    const title = `exact ${["φ", "φ²", "φ³"][degree - 1]}`;
    return {
      data: [
        {
          type: "scatter",
          mode: "lines",
          meta: { role: "ink" },
          line: { width: 1.2 },
          x: ends,
          y: ends,
          hoverinfo: "skip",
        },
        {
          type: "scatter",
          mode: "markers",
          marker: { color: FOUND, size: 5, opacity: 0.7 },
          x: values,
          y: recovered.flat(),
          hovertemplate: "exact %{x:.4g}, recovered %{y:.4g}<extra></extra>",
        },
      ],
      layout: { xaxis: { title: { text: title } }, yaxis: { title: { text: "recovered" } } },
    };
  };

  // Some whose first values differ, so that no line hides another.
  const spread = (exact) =>
    exact
      .map((_, i) => i)
      .sort((a, b) => Math.abs(exact[a][0]) - Math.abs(exact[b][0]))
      .filter((_, place, all) => place % Math.ceil(all.length / LINES) === 0);

  const decay = (times, exact, recovered, degree) => {
    const chosen = spread(exact);
    const joined = (lines) => chosen.flatMap((i) => [...lines[i].map(Math.abs), null]);
    const x = chosen.flatMap(() => [...times, null]);
    return {
      data: [
        {
          type: "scatter",
          mode: "lines",
          meta: { role: "ink" },
          line: { width: 1.2 },
          x,
          y: joined(exact),
          hoverinfo: "skip",
        },
        {
          type: "scatter",
          mode: "markers",
          marker: { color: FOUND, size: 4, opacity: 0.8 },
          x,
          y: joined(recovered),
          hovertemplate: "t = %{x:.2f}, %{y:.3e}<extra></extra>",
        },
      ],
      layout: {
        xaxis: { title: { text: "time t" } },
        yaxis: { title: { text: "absolute value" }, type: "log", dtick: degree < 3 ? 1 : 2 },
      },
    };
  };

  const draw = async (section, { fit, view }) => {
    const { times, exact, fits } = await koopmark.data("functions");
    for (const canvas of section.querySelectorAll(".canvas")) {
      const degree = Number(canvas.dataset.degree);
      const one = fits[fit][degree - 1];
      const [truth, found] = [exact[degree - 1], one.recovered];
      const figure = view === "decay" ? decay(times, truth, found, degree) : scatter(truth, found, degree);
      figure.layout = { ...figure.layout, showlegend: false, margin: { l: 60, r: 10, t: 14, b: 54 } };
      const im = Math.abs(one.im) < 1e-9 ? "" : ` ${one.im < 0 ? "−" : "+"} ${Math.abs(one.im).toPrecision(4)} i`;
      canvas.parentElement.querySelector(".found").textContent =
        `Nearest recovered: λ̂ = ${String(Number(one.re.toPrecision(5))).replace("-", "−")}${im}; eigenfunction error ${koopmark.format.scientific(one.error)}.`;
      await koopmark.plot(canvas, figure);
    }
  };

  const csv = async (_, { fit }) => {
    const { times, exact, fits } = await koopmark.data("functions");
    const columns = {
      trajectory: exact[0].flatMap((line, i) => line.map(() => i)),
      time: exact[0].flatMap(() => times),
    };
    exact.forEach((lines, i) => {
      columns[`exact_${i + 1}`] = lines.flat();
      columns[`recovered_${i + 1}`] = fits[fit][i].recovered.flat();
    });
    return { name: `eigenfunctions ${fit}`, text: koopmark.csv(columns) };
  };

  koopmark.section("functions", { draw, csv });
}
