// How many targets are found to within an error: a curve per method, its reach as its ceiling.
{
  const ALIKE = 0.01; // Curves nowhere further apart than this are one line.
  const FOUND = 1e-3;
  const LEAST_GAP = 0.045; // Between labels at the ends, of the height of the figure.
  const { number } = koopmark;

  const named = (methods) => (methods.length > 1 ? `${methods[0]} and ${methods.length - 1} more` : methods[0]);
  const same = (one, other) =>
    Math.abs((number(one.reach) || 0) - (number(other.reach) || 0)) <= ALIKE &&
    one.shares.every((share, k) => Math.abs(share - other.shares[k]) <= ALIKE);

  // Curves of the methods that are asked for, best first, those that look the same together.
  const chosenCurves = async ({ question, methods }) => {
    const [known, all, { order }] = await Promise.all(["methods", "profiles", "run"].map(koopmark.data));
    const { tau, curves } = all[question];
    const curveOf = new Map(curves.flatMap((curve) => curve.methods.map((name) => [name, curve])));
    const libraries = new Set();
    const wanted = (name) => {
      if (methods !== "best") return methods === "all" || `=${name}` === methods;
      const first = !libraries.has(known[name].library);
      libraries.add(known[name].library);
      return first;
    };
    const drawn = [];
    for (const name of order.filter((one) => curveOf.has(one)).filter(wanted)) {
      const curve = curveOf.get(name);
      const twin = drawn.find((one) => same(one, curve));
      if (twin) twin.methods.push(name);
      else drawn.push({ ...curve, methods: [name], style: known[name] });
    }
    return { tau, drawn };
  };

  // Labels keep a distance, each as near to its curve's end as that allows.
  const spread = (ends) => {
    const order = ends.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
    const places = order.map(({ y }) => y);
    for (let k = 1; k < places.length; k += 1) places[k] = Math.max(places[k], places[k - 1] + LEAST_GAP);
    let top = 1.02;
    for (let k = places.length - 1; k >= 0; k -= 1) {
      places[k] = Math.min(places[k], top);
      top = places[k] - LEAST_GAP;
    }
    const found = [];
    order.forEach(({ i }, k) => {
      found[i] = places[k];
    });
    return found;
  };

  const draw = async (section, chosen) => {
    const { tau, drawn } = await chosenCurves(chosen);
    const narrow = koopmark.narrow.matches;
    const labelled = !narrow && drawn.length <= 14;
    const x = tau.map((value) => Math.log10(value));
    const at = tau.reduce(
      (best, value, k) => (Math.abs(Math.log10(value / FOUND)) < Math.abs(Math.log10(tau[best] / FOUND)) ? k : best),
      0,
    );
    const texts = drawn.map(({ methods }) => koopmark.escaped(named(methods)));
    const data = drawn.flatMap(({ shares, reach, style }, i) => {
      const ceiling = number(reach);
      const curve = {
        type: "scatter",
        mode: "lines",
        name: texts[i],
        legendgroup: texts[i],
        showlegend: !labelled,
        x,
        y: shares,
        line: { color: style.colour, dash: style.dash, width: 2 },
        text: tau.map((value) => koopmark.format.scientific(value)),
        hovertemplate: "%{y:.3f} found to within %{text}<extra>%{fullData.name}</extra>",
      };
      if (Number.isNaN(ceiling)) return [curve];
      return [
        curve,
        {
          type: "scatter",
          mode: "lines+markers",
          name: `reach of ${texts[i]}`,
          legendgroup: texts[i],
          showlegend: false,
          x: [x[at], x[at]],
          y: [shares[at], ceiling],
          line: { color: style.colour, dash: "dot", width: 1.5 },
          marker: { color: style.colour, symbol: ["circle", "triangle-down-open"], size: [0, 10], line: { width: 2 } },
          text: ["", koopmark.format.score("reach", ceiling)],
          hovertemplate: "reach %{text}<extra>%{fullData.name}</extra>",
        },
      ];
    });
    const places = spread(drawn.map(({ shares }) => shares[0]));
    const annotations = labelled
      ? drawn.map(({ style }, i) => ({
          x: -9,
          xshift: 6,
          y: places[i],
          xanchor: "left",
          showarrow: false,
          align: "left",
          text: `<span style="color:${style.colour}"><b>━</b></span> ${texts[i]}`,
          font: { size: 12 },
        }))
      : [];
    await koopmark.plot(section.querySelector(".canvas"), {
      data,
      layout: {
        annotations,
        showlegend: !labelled && drawn.length <= 24,
        margin: {
          l: 70,
          r: labelled ? Math.min(30 + 7 * Math.max(...texts.map((text) => text.length)), 330) : 16,
          t: 34,
          b: 64,
        },
        xaxis: {
          automargin: !narrow,
          title: { text: "error τ" },
          range: [0, -9],
          tickvals: [0, -1, -2, -3, -4, -5, -6, -7, -8, -9],
          ticktext: ["1", ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((k) => `10<sup>−${k}</sup>`)],
        },
        yaxis: {
          automargin: !narrow,
          title: { text: "share found to within τ" },
          range: [-0.02, 1.04],
          tickformat: ".0%",
        },
      },
    });
  };

  const csv = async (_section, chosen) => {
    const { tau, drawn } = await chosenCurves(chosen);
    return {
      name: `profiles ${chosen.question}`,
      text: koopmark.csv({
        tau,
        ...Object.fromEntries(drawn.flatMap(({ methods, shares }) => methods.map((name) => [name, shares]))),
      }),
    };
  };

  if (document.getElementById("profiles")) koopmark.section("profiles", { draw, csv });
}
