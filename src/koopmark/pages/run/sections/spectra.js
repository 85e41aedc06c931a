// Recovered against exact eigenvalues of one dataset, in the complex plane.
{
  const BEST = 6;
  const DRAWN = 6000; // More points than this make a browser slow.
  const FAIR = 0.1; // Residual of what is in view if no eigenvalue is known.
  const LABELS = 12; // More exact eigenvalues than this are labelled in the hover only.
  const SCALES = {
    // From residual 1e-12 to 1; both ends keep their distance from the paper.
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

  const chosenFits = async ({ dataset, methods, seed }) => {
    const [fits, summary, known] = await Promise.all(["fits", "summary", "methods"].map(koopmark.data));
    const place = new Map(
      koopmark
        .rows(summary, (i) => summary.dataset[i] === dataset && summary.place[i] !== null)
        .map((i) => [summary.method[i], summary.place[i]]),
    );
    const best = koopmark.best(known, place, BEST);
    // Nothing has a place on a dataset without an answer key: all are shown.
    const every = methods === "all" || (methods === "best" && !place.size);
    const wanted = (name) => every || (methods === "best" ? best.has(name) : `=${name}` === methods);
    return koopmark.rows(
      fits,
      (i) => fits.dataset[i] === dataset && wanted(fits.method[i]) && (seed === "" || String(fits.seed[i]) === seed),
    );
  };

  const exactOf = async (dataset) => {
    const [fits, targets] = await Promise.all(["fits", "targets"].map(koopmark.data));
    const mine = new Set(koopmark.rows(fits, (i) => fits.dataset[i] === dataset).map((i) => fits.fit_id[i]));
    const all = new Map();
    for (const i of koopmark.rows(targets, (j) => mine.has(targets.fit_id[j]))) {
      const [re, im] = [targets.target_eigenvalue_re[i], targets.target_eigenvalue_im[i]].map(koopmark.number);
      const label = koopmark.escaped(targets.target[i]);
      all.set(`${re} ${im} ${targets.target_dimension[i]}`, { re, im, label });
    }
    // One circle for all targets at an eigenvalue: -1 (x8), and below that undriven (x6).
    const different = new Map();
    for (const one of all.values()) {
      const at = `${one.re} ${one.im}`;
      const first = different.get(at);
      if (first) first.label += `<br>${one.label.slice(one.label.indexOf(" ") + 1)}`;
      else different.set(at, one);
    }
    return [...different.values()];
  };

  // Around the exact eigenvalues and 0, whatever was recovered; if none is known, around the
  // recovered ones that obey the dynamics best.
  const view = (known, found, symbol) => {
    // Of a map the unit circle is what eigenvalues are read against.
    if (symbol === "μ") {
      const most = 1.2 * Math.max(1, ...known.map((e) => Math.hypot(e.re, e.im)));
      return { re: [-most, most], im: [-most, most] };
    }
    const fair = found.filter((p) => p.residual <= FAIR);
    const exact = known.length ? known : fair.length ? fair : found;
    const span = (values) => Math.max(...values) - Math.min(...values);
    const [re, im] = [
      [...exact.map((e) => e.re), 0],
      [...exact.map((e) => e.im), 0],
    ];
    const margin = Math.max(0.5, 0.35 * Math.max(span(re), span(im)));
    const half = Math.max(Math.max(...im.map(Math.abs)) + margin, 1);
    return { re: [Math.min(...re) - margin, Math.max(...re) + margin], im: [-half, half] };
  };

  // Equal scales, and the circle between what decays and what grows, for a map.
  const plane = (box, symbol, unit) => {
    const title = (part) => ({
      text: `${part} ${symbol}${unit ? ` (${symbol === "μ" ? "one step" : "per unit of time"})` : ""}`,
    });
    const axes = { xaxis: { title: title("Re"), range: box.re }, yaxis: { title: title("Im"), range: box.im } };
    if (symbol === "λ") return axes;
    for (const axis of Object.values(axes)) axis.constrain = "domain";
    axes.yaxis.scaleanchor = "x";
    const line = { color: koopmark.colours().line, width: 1 };
    return { ...axes, shapes: [{ type: "circle", x0: -1, x1: 1, y0: -1, y1: 1, line, layer: "below" }] };
  };

  const exactTrace = (exact, symbol) => {
    const order = [...exact].sort((a, b) => a.re - b.re);
    return {
      type: "scatter",
      name: "exact (× multiplicity)",
      meta: { role: "ink" },
      x: order.map((e) => e.re),
      y: order.map((e) => e.im),
      text: order.map((e) => e.label),
      mode: order.length <= LABELS ? "markers+text" : "markers",
      marker: { symbol: "circle-open", size: 20, line: { width: 2 } },
      // Above and below in turn, so that neighbours' labels do not collide.
      textposition: order.map((_, i) => (i % 2 ? "bottom center" : "top center")),
      hovertemplate: `exact ${symbol} = %{text}<extra></extra>`,
    };
  };

  const pairsOf = async (places, exact) => {
    const [fits, pairs] = await Promise.all(["fits", "eigenpairs"].map(koopmark.data));
    const found = [];
    for (const fit of places) {
      for (let j = pairs.start[fit]; j < pairs.start[fit + 1]; j += 1) {
        const [re, im, residual] = [pairs.eigenvalue_re[j], pairs.eigenvalue_im[j], pairs.residual[j]].map(
          koopmark.number,
        );
        const distance = Math.min(...exact.map((e) => Math.hypot(re - e.re, im - e.im)), Infinity);
        found.push({ method: fits.method[fit], seed: fits.seed[fit], re, im, residual, distance });
      }
    }
    return found;
  };

  const SYMBOLS = [
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "star",
    "pentagon",
    "cross",
    "triangle-down",
    "hexagon",
    "hourglass",
    "bowtie",
    "octagon",
  ];

  const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  // Without a residual a pair counts as bad, with one of 0 as good as can be.
  const shade = (scale, residual) => {
    const at = Number.isNaN(residual) ? 1 : Math.min(Math.max(Math.log10(residual) / 12 + 1, 0), 1);
    const above = Math.max(
      scale.findIndex(([share]) => share >= at),
      1,
    );
    const [[low, one], [high, other]] = [scale[above - 1], scale[above]];
    const [from, to] = [channels(one), channels(other)];
    return `rgb(${from.map((c, i) => Math.round(c + ((at - low) / (high - low)) * (to[i] - c))).join(",")})`;
  };

  const trace = (method, mine, look, symbol) => ({
    type: "scatter",
    mode: "markers",
    name: koopmark.escaped(method),
    x: mine.map((p) => p.re),
    y: mine.map((p) => p.im),
    marker: { size: 9, opacity: 0.9, ...look },
    text: mine.map(
      (p) =>
        `${symbol} = ${p.re.toPrecision(6)} ${p.im < 0 ? "−" : "+"} ${Math.abs(p.im).toPrecision(6)} i<br>residual ${koopmark.format.scientific(p.residual)}<br>distance to the nearest exact ${symbol} ${koopmark.format.scientific(p.distance)}<br>seed ${p.seed}`,
    ),
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  });

  // Draws nothing but the scale of the colours.
  const bar = (scale) => ({
    type: "scatter",
    mode: "markers",
    name: "residual",
    x: [null],
    y: [null],
    showlegend: false,
    hoverinfo: "skip",
    marker: {
      color: [0],
      cmin: -12,
      cmax: 0,
      colorscale: scale,
      showscale: true,
      colorbar: {
        title: { text: "residual" },
        outlinewidth: 0,
        tickvals: [-12, -9, -6, -3, 0],
        ticktext: ["≤ 10<sup>−12</sup>", "10<sup>−9</sup>", "10<sup>−6</sup>", "10<sup>−3</sup>", "1"],
        ...(koopmark.narrow.matches
          ? { orientation: "h", y: 1, yanchor: "bottom", thickness: 10 }
          : { x: 1.02, y: 0, len: 0.5, yanchor: "bottom", thickness: 12 }),
      },
    },
  });

  // For a card: the exact eigenvalues of a dataset, and what one fit recovered.
  koopmark.spectra = {
    caption: "Filled: recovered eigenvalues, coloured by residual (blue is small). Open circles: exact eigenvalues.",
    small: async (dataset, fit) => {
      const [exact, fits] = [await exactOf(dataset), await koopmark.data("fits")];
      const [place] = koopmark.rows(fits, (i) => fits.fit_id[i] === fit);
      const found = place === undefined ? [] : await pairsOf([place], exact);
      const symbol = koopmark.symbol(await koopmark.data("run"), dataset);
      const box = view(exact, found, symbol);
      const { dark } = koopmark.colours();
      const scale = dark ? SCALES.dark : SCALES.light;
      const look = {
        color: found.map((p) => shade(scale, p.residual)),
        line: { width: 0.5, color: dark ? "#14181d" : "#ffffff" },
      };
      const recovered = trace(fits.method[place] ?? "", found, look, symbol);
      return {
        data: [...(found.length ? [recovered] : []), exactTrace(exact, symbol)],
        layout: {
          showlegend: false,
          margin: { l: 60, r: 10, t: 10, b: 58 },
          ...plane(box, symbol, false),
        },
      };
    },
  };

  const draw = async (section, chosen) => {
    const [known, all] = [await koopmark.data("methods"), await koopmark.data("eigenpairs")];
    const exact = await exactOf(chosen.dataset);
    const found = await pairsOf(await chosenFits(chosen), exact);
    const symbol = koopmark.symbol(await koopmark.data("run"), chosen.dataset);
    const box = view(exact, found, symbol);
    const inside = (p) => p.re >= box.re[0] && p.re <= box.re[1] && p.im >= box.im[0] && p.im <= box.im[1];
    const seen = found.filter(inside).sort((a, b) => (a.residual || 0) - (b.residual || 0));
    // What obeys the dynamics is drawn last, on top.
    const drawn = seen.slice(0, DRAWN).reverse();
    const byResidual = chosen.colour === "residual";
    const { dark } = koopmark.colours();
    const scale = dark ? SCALES.dark : SCALES.light;
    const rim = { width: 0.5, color: dark ? "#14181d" : "#ffffff" };
    const traces = Object.entries(known)
      .map(([name, style]) => [name, style, drawn.filter((p) => p.method === name)])
      .filter(([, , mine]) => mine.length)
      .map(([name, style, mine], i) =>
        trace(
          name,
          mine,
          byResidual
            ? { symbol: SYMBOLS[i % SYMBOLS.length], color: mine.map((p) => shade(scale, p.residual)), line: rim }
            : { symbol: style.symbol, color: style.colour },
          symbol,
        ),
      );
    const many = traces.length > 14;
    if (byResidual) traces.push(bar(scale));
    await koopmark.plot(section.querySelector(".canvas"), {
      data: [...traces, ...(exact.length ? [exactTrace(exact, symbol)] : [])],
      layout: {
        showlegend: !(many && koopmark.narrow.matches),
        ...plane(box, symbol, true),
        legend: byResidual && !koopmark.narrow.matches ? { y: 1, maxheight: 0.45 } : {},
      },
    });
    const count = (n) => n.toLocaleString("en");
    const words = [
      `${count(found.length)} eigenvalues recovered from ${chosen.dataset}`,
      `${count(found.length - seen.length)} of them lie outside the view`,
    ];
    if (seen.length > drawn.length)
      words.push(`of the others, the ${count(DRAWN)} with the smallest residuals are drawn`);
    if (all.left_out) words.push(`${count(all.left_out)} of this run are only in eigenpairs.csv`);
    section.querySelector("figcaption.spectrum").textContent = `${words.join("; ")}. ${
      exact.length ? "Open circles: exact eigenvalues with their multiplicity." : "No exact eigenvalue is known."
    }${symbol === "μ" ? " The eigenvalues of a map are the multipliers of one step; the circle has radius 1." : ""}`;
  };

  const csv = async (_section, chosen) => {
    const found = await pairsOf(await chosenFits(chosen), await exactOf(chosen.dataset));
    const column = (of) => found.map(of);
    return {
      name: `eigenvalues ${chosen.dataset}`,
      text: koopmark.csv({
        dataset: column(() => chosen.dataset),
        method: column((p) => p.method),
        seed: column((p) => p.seed),
        eigenvalue_re: column((p) => p.re),
        eigenvalue_im: column((p) => p.im),
        residual: column((p) => p.residual),
        distance_to_exact: column((p) => p.distance),
      }),
    };
  };

  koopmark.section("datasets", { draw, csv });
}
