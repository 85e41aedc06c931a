// How many targets are found to within an error: a curve per method with its band, and its reach.
{
  const { number, curves, format } = koopmark;
  const FOUND = 1e-3;
  const MOST = 12; // Of more curves the best are drawn as such, and all others in grey.
  const LAST = 9; // Decades of τ.
  const DECADE = 10; // Points to one.

  // Curves of the methods that are asked for, best first, those that look the same together.
  const chosenCurves = async ({ question, methods }) => {
    const [all, { few }] = await Promise.all(["profiles", "curves"].map(koopmark.data));
    const { tau, curves: some, groups } = all[question];
    const curveOf = new Map(some.flatMap((curve) => curve.methods.map((name) => [name, curve])));
    const drawn = (groups[methods] ?? []).map((names) => ({ ...curveOf.get(names[0]), names }));
    const most = methods === "best" || drawn.length > MOST ? few : MOST;
    const grey = methods === "best" ? [] : drawn.slice(most);
    return { tau, few, curveOf, shown: drawn.slice(0, most), grey };
  };

  const percent = (share) => format.score("found", share);

  // The reach of what is drawn, from the error on at which a target counts as found; equal ones once.
  const ceilings = (shown, lookOf, up) => {
    const { soft } = koopmark.colours();
    const reaches = new Map();
    for (const { reach, names } of shown) {
      const share = number(reach);
      if (!Number.isNaN(share)) reaches.set(share, [...(reaches.get(share) ?? []), names[0]]);
    }
    let last = Infinity;
    return [...reaches]
      .sort(([one], [other]) => other - one)
      .map(([share, names]) => {
        const colour = names.length > 1 ? soft : lookOf(names[0]).colour;
        const free = last - up.share(share) > 0.05;
        if (free) last = up.share(share);
        const said = [`reach ${percent(share)}`, ...curves.listed(names)].join("<br>");
        return {
          type: "scatter",
          mode: "lines+text",
          name: "reach",
          customdata: [names, names],
          showlegend: false,
          x: [Math.log10(FOUND), -LAST],
          y: [share, share],
          line: { color: colour, dash: "dot", width: 1.5 },
          text: [free ? `reach ${percent(share)}` : "", ""],
          textposition: share < 0.97 ? "top right" : "bottom right",
          textfont: { color: soft, size: 12 },
          hovertext: [said, said],
          hovertemplate: "%{hovertext}<extra></extra>",
        };
      });
  };

  const draw = async (section, chosen) => {
    const [{ tau, few, shown, grey }, known] = await Promise.all([chosenCurves(chosen), koopmark.data("methods")]);
    const canvas = section.querySelector(".canvas");
    const automargin = !koopmark.narrow.matches;
    const looks = await curves.apart(
      known,
      shown.map(({ names }) => names[0]),
    );
    const lookOf = (name) => looks.get(name) ?? known[name];
    const x = tau.map((value) => Math.log10(value));
    const across = { log: false, share: (value) => -value / LAST };
    const values = shown.flatMap(({ shares, reach }) => [...shares, number(reach)]);
    const up = curves.axis(curves.fitted(values, { least: 0.2, within: [-0.02, 1.03] }), { write: percent });
    const [low, high] = ["low", "high"].map((end) => (curve) => curve[end].map((share) => up.clamped(number(share))));
    const lineOf = (curve) => {
      const { names, shares } = curve;
      const ends = [low(curve), high(curve)];
      const look = lookOf(names[0]);
      return {
        type: "scatter",
        mode: "lines",
        name: curves.named(names),
        legendgroup: names[0],
        customdata: tau.map(() => names),
        x,
        y: shares,
        line: { color: look.colour, dash: look.dash, width: 2 },
        text: shares.map((share, k) => {
          const [from, to] = ends.map((end) => end[k]);
          const quartiles = from < to ? `, quartiles ${percent(from)} to ${percent(to)}` : "";
          return [`${percent(share)} to within ${format.scientific(tau[k])}${quartiles}`, ...curves.listed(names)].join(
            "<br>",
          );
        }),
        hovertemplate: "%{text}<extra></extra>",
      };
    };
    // A mark to a decade, those of each curve elsewhere.
    const marksOf = ({ names, shares }, i) => {
      const at = [...tau.keys()].filter((k) => k % DECADE === (2 * i) % DECADE);
      const { colour, symbol } = lookOf(names[0]);
      return {
        type: "scatter",
        mode: "markers",
        name: "marks",
        legendgroup: names[0],
        showlegend: false,
        x: at.map((k) => x[k]),
        y: at.map((k) => shares[k]),
        marker: { color: colour, symbol, size: 8 },
        hoverinfo: "skip",
        cliponaxis: false,
      };
    };
    const ends = shown.map(({ names, shares }) => ({
      text: curves.named(names),
      colour: lookOf(names[0]).colour,
      x: -LAST,
      y: shares[0],
    }));
    const labels = curves.labels(canvas, ends, across, up);
    // The best is drawn last, on top.
    const drawn = [...shown].reverse();
    const place = new Map(shown.map((curve, i) => [curve, i]));
    await koopmark.plot(canvas, {
      data: [
        ...curves.faint(grey.map(lineOf)),
        ...(shown.length + grey.length > few
          ? []
          : drawn.map((curve) => curves.band(x, low(curve), high(curve), lookOf(curve.names[0]).colour))),
        ...ceilings(shown, lookOf, up),
        ...drawn.flatMap((curve) => [lineOf(curve), marksOf(curve, place.get(curve))]),
      ],
      layout: {
        showlegend: !labels,
        legend: { tracegroupgap: 0, traceorder: "reversed" },
        ...labels,
        hovermode: "closest",
        xaxis: {
          automargin,
          title: { text: "error τ" },
          range: [0, -LAST],
          zeroline: false,
          tickvals: Array.from({ length: LAST + 1 }, (_, k) => -k),
          ticktext: Array.from({ length: LAST + 1 }, (_, k) => curves.tick(10 ** -k)),
        },
        yaxis: { automargin, title: { text: "share found to within τ" }, ...up.layout },
      },
    });
  };

  const csv = async (_section, chosen) => {
    const { tau, curveOf, shown, grey } = await chosenCurves(chosen);
    const columns = [...shown, ...grey]
      .flatMap(({ names }) => names)
      .flatMap((name) => {
        const { shares, low, high } = curveOf.get(name);
        return [
          [name, shares],
          [`${name}_q25`, low],
          [`${name}_q75`, high],
        ];
      });
    return { name: `profiles ${chosen.question}`, text: koopmark.csv({ tau, ...Object.fromEntries(columns) }) };
  };

  if (document.getElementById("profiles")) koopmark.section("profiles", { draw, csv });
}
