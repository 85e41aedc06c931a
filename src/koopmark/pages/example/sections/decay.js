// |y₃| as an integrator found it on top of its exact line, against time on a logarithmic axis.
{
  const joined = (lines) => lines.flatMap((line) => [...line.map(Math.abs), null]);

  const draw = async (section) => {
    const { times, integrated, exact } = await koopmark.data("decay");
    const x = exact.flatMap(() => [...times, null]);
    await koopmark.plot(section.querySelector(".canvas"), {
      data: [
        {
          type: "scatter",
          mode: "lines",
          name: "exact: |y₃(0)| e<sup>−t</sup>",
          meta: { role: "ink" },
          line: { width: 1.5 },
          x,
          y: joined(exact),
          hoverinfo: "skip",
        },
        {
          type: "scatter",
          mode: "markers",
          name: "integrated in all three coordinates",
          marker: { color: "#e07b00", size: 6, opacity: 0.85 },
          x,
          y: joined(integrated),
          hovertemplate: "t = %{x:.2f}, |y₃| = %{y:.3e}<extra></extra>",
        },
      ],
      layout: {
        xaxis: { title: { text: "time t (in units of the decay time)" } },
        yaxis: { title: { text: "|y₃|" }, type: "log", dtick: 1 },
        legend: koopmark.narrow.matches ? {} : { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      },
    });
  };

  const csv = async () => {
    const { trajectory, times, integrated, exact } = await koopmark.data("decay");
    return {
      name: "decay",
      text: koopmark.csv({
        trajectory: trajectory.flatMap((i) => times.map(() => i)),
        time: trajectory.flatMap(() => times),
        y3_integrated: integrated.flat(),
        y3_exact: exact.flat(),
      }),
    };
  };

  koopmark.section("decay", { draw, csv });
}
