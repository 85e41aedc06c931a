// Recovered eigenvalues of one fit in the complex plane, coloured by residual.
{
  const SCALES = {
    light: [
      [0, "#0d2c6b"],
      [0.25, "#2b66a8"],
      [0.5, "#2a9d8f"],
      [0.75, "#d98a1f"],
      [1, "#c23b22"],
    ],
    dark: [
      [0, "#9fd0ff"],
      [0.25, "#5aa2e8"],
      [0.5, "#35b39f"],
      [0.75, "#e0a33e"],
      [1, "#f0644a"],
    ],
  };
  const EXACT = [0, -1, -2, -3];

  const rowsOf = async (fit) => {
    const pairs = await koopmark.data("pairs");
    return pairs.method
      .map((_, i) => i)
      .filter((i) => pairs.method[i] === fit)
      .map((i) => ({
        re: koopmark.number(pairs.eigenvalue_re[i]),
        im: koopmark.number(pairs.eigenvalue_im[i]),
        residual: koopmark.number(pairs.residual[i]),
      }));
  };

  const draw = async (section, { fit }) => {
    const pairs = await rowsOf(fit);
    const finite = pairs.filter((p) => Number.isFinite(p.re) && Number.isFinite(p.im));
    const log = finite.map((p) => Math.min(Math.max(Math.log10(p.residual), -12), 0));
    const bar = koopmark.narrow.matches
      ? { orientation: "h", x: 0.5, xanchor: "center", y: 1.02, yanchor: "bottom", len: 1, thickness: 10 }
      : { orientation: "v", x: 1.02, xanchor: "left", y: 0.5, yanchor: "middle", len: 0.8, thickness: 12 };
    const canvas = section.querySelector(".canvas");
    const re = [...EXACT, ...finite.map((p) => p.re)];
    await koopmark.plot(canvas, {
      data: [
        {
          type: "scatter",
          mode: "markers",
          name: "recovered",
          x: finite.map((p) => p.re),
          y: finite.map((p) => p.im),
          text: finite.map(
            (p) =>
              `λ = ${p.re.toPrecision(6)} ${p.im < 0 ? "−" : "+"} ${Math.abs(p.im).toPrecision(6)} i<br>residual ${koopmark.format.scientific(p.residual)}`,
          ),
          hovertemplate: "%{text}<extra></extra>",
          marker: {
            size: 11,
            color: log,
            cmin: -12,
            cmax: 0,
            colorscale: SCALES[koopmark.colours().dark ? "dark" : "light"],
            showscale: true,
            colorbar: {
              title: { text: "residual" },
              outlinewidth: 0,
              tickvals: [-12, -9, -6, -3, 0],
              ticktext: ["≤ 10<sup>−12</sup>", "10<sup>−9</sup>", "10<sup>−6</sup>", "10<sup>−3</sup>", "1"],
              ...bar,
            },
          },
        },
        {
          type: "scatter",
          mode: "markers+text",
          name: "exact",
          meta: { role: "ink" },
          x: EXACT,
          y: EXACT.map(() => 0),
          text: EXACT.map((value) => String(value).replace("-", "−")),
          textposition: EXACT.map((value) => (value ? "top center" : "middle right")),
          hoverinfo: "skip",
          marker: { symbol: "circle-open", size: 22, line: { width: 2 } },
        },
      ],
      layout: {
        showlegend: false,
        xaxis: { title: { text: "Re λ (per unit of time)" }, range: [Math.min(...re) - 0.5, Math.max(...re) + 0.5] },
        yaxis: {
          title: { text: "Im λ" },
          rangemode: "tozero",
          range: (([most]) => [-most, most])([Math.max(1, ...finite.map((p) => 1.25 * Math.abs(p.im)))]),
        },
      },
    });
  };

  const csv = async (_, { fit }) => {
    const pairs = await rowsOf(fit);
    return {
      name: `eigenvalues ${fit}`,
      text: koopmark.csv({
        eigenvalue_re: pairs.map((p) => p.re),
        eigenvalue_im: pairs.map((p) => p.im),
        residual: pairs.map((p) => p.residual),
      }),
    };
  };

  koopmark.section("spectrum", { draw, csv });
}
