// Recovered eigenvalues by verdict, with intervals; clusters are named.
{
  const { number, format } = koopmark;
  const LABELS = 26; // More clusters than this are named in the hover only.
  // Blue, vermilion and grey are told apart with any colour vision, and shapes without any.
  const LOOKS = {
    "cannot be told": { light: "#7d858f", dark: "#8f99a6", symbol: "square-open" },
    "not supported": { light: "#d55e00", dark: "#e8853a", symbol: "x-thin-open" },
    "not supported, trusted": { light: "#d55e00", dark: "#e8853a", symbol: "circle-x-open" },
    supported: { light: "#0072b2", dark: "#5aa9e0", symbol: "circle" },
  };

  const TRUSTED = "not supported, trusted";
  const lookOf = (p) => (p.trusted && p.verdict === "not supported" ? TRUSTED : p.verdict);

  // Linear within the least that trials can show, 1/T, and logarithmic beyond.
  const stretch = (unit) => ({
    of: (x) => Math.asinh(x / unit) / Math.LN10,
    ticks: (low, high) => {
      const most = Math.max(Math.abs(low), Math.abs(high));
      const found = [0];
      const [first, last] = [Math.floor(Math.log10(unit)), Math.floor(Math.log10(most) + 1e-9)];
      const every = Math.max(1, Math.ceil((last - first) / 5));
      // Of few powers of ten their multiples as well.
      const multiples = last - first < 2 ? [1, 2, 5] : [1];
      for (let k = first; k <= last; k += every) {
        for (const m of multiples) if (m * 10 ** k >= unit) found.push(m * 10 ** k, -m * 10 ** k);
      }
      return found.filter((x) => x >= low && x <= high);
    },
  });
  const linear = { of: (x) => x };

  const pairsOf = async ({ method }) => {
    const pairs = await koopmark.data("pairs");
    return koopmark
      .rows(pairs, (i) => !pairs.constant[i] && (method === "" || pairs.method[i] === method))
      .map((i) => Object.fromEntries(Object.entries(pairs).map(([name, values]) => [name, values[i]])))
      .filter((p) => Number.isFinite(number(p.eigenvalue_re)) && Number.isFinite(number(p.eigenvalue_im)));
  };

  const digits = (x) => format.plain(number(x));
  const value = (p) => {
    const [re, im] = [number(p.eigenvalue_re), number(p.eigenvalue_im)];
    return im === 0 ? digits(re) : `${digits(re)} ${im < 0 ? "−" : "+"} ${digits(Math.abs(im))}i`;
  };
  const isReal = (p) => number(p.eigenvalue_im) === 0;
  const percent = (x) => `${Math.round(100 * x)} %`;

  const hover = (p) => {
    const lines = [`λ = ${value(p)}`];
    if (p.low_re !== null) {
      const im = isReal(p) ? "" : `, Im ${digits(p.low_im)} to ${digits(p.high_im)}`;
      lines.push(`90 % interval: Re ${digits(p.low_re)} to ${digits(p.high_re)}${im}`);
      lines.push(`found in ${percent(p.draws_found)} of the draws`);
    }
    lines.push(`residual ${format.scientific(number(p.residual))}, noise floor ${format.scientific(number(p.floor))}`);
    lines.push(`<b>${p.verdict}</b>: ${koopmark.escaped(p.reason)}`);
    if (p.cluster) lines.push(`belongs to ${p.cluster} in the table`);
    if (number(p.share_true) >= 0) {
      const range = `${Math.round(100 * p.share_low)} to ${percent(p.share_high)}`;
      lines.push(`on the twin, ${percent(p.share_true)} (${range}) of such pairs are right: λ to 5 %, φ to 25 %`);
    }
    if (p.trusted && p.verdict === "not supported")
      lines.push("held-out data contradict it, but on the twin most pairs like it are right");
    return lines.join("<br>");
  };

  // Around what is supported or found again; if nothing is, around everything.
  const rangeOf = (pairs, at, part) => {
    const named = pairs.filter((p) => p.verdict === "supported" || p.cluster);
    const ends = (named.length ? named : pairs).map((p) => number(p[`eigenvalue_${part}`]));
    const places = [0, ...ends].map(at.of);
    const [low, high] = [Math.min(...places), Math.max(...places)];
    const margin = 0.12 * (high - low) || 1;
    if (part === "re") return [low - margin, high + margin];
    const most = Math.max(-low, high) + margin;
    return [-most, most];
  };
  const all = (pairs, at, part) => {
    const places = [0, ...pairs.map((p) => at.of(number(p[`eigenvalue_${part}`])))];
    const [low, high] = [Math.min(...places), Math.max(...places)];
    const margin = 0.06 * (high - low) || 1;
    return [low - margin, high + margin];
  };

  // In a trace of their own, since Plotly draws a small cross where a bar has no length.
  const barsTrace = (mine, at, colour) => {
    const ends = (part) => {
      const centre = mine.map((p) => at.of(number(p[`eigenvalue_${part}`])));
      // A real eigenvalue has no imaginary part that could scatter.
      const away = (end, sign) =>
        mine.map((p, i) =>
          part === "im" && isReal(p) ? 0 : Math.max(0, sign * (at.of(number(p[`${end}_${part}`])) - centre[i])),
        );
      const bars = { type: "data", symmetric: false, array: away("high", 1), arrayminus: away("low", -1) };
      return { centre, bars: { ...bars, color: colour, thickness: 1, width: 2 } };
    };
    const [re, im] = [ends("re"), ends("im")];
    return {
      type: "scatter",
      mode: "markers",
      x: re.centre,
      y: im.centre,
      error_x: re.bars,
      error_y: im.bars,
      marker: { size: 1, opacity: 0 },
      showlegend: false,
      hoverinfo: "skip",
    };
  };

  const clusterTrace = (clusters, at) => {
    const [x, y, text, names] = [[], [], [], []];
    // From left to right, so that labels of neighbours stand on different sides.
    const order = koopmark.rows(clusters, (k) => clusters.name[k] !== "constant");
    order.sort((i, j) => number(clusters.eigenvalue_re[i]) - number(clusters.eigenvalue_re[j]));
    for (const i of order) {
      const [re, im] = [number(clusters.eigenvalue_re[i]), number(clusters.eigenvalue_im[i])];
      x.push(at.of(re));
      y.push(at.of(im));
      names.push(clusters.name[i]);
      const sum = clusters.product[i] ? `<br>within error ${clusters.product[i]}` : "";
      text.push(
        `<b>${clusters.name[i]}</b>: ${digits(re)}${im ? ` ± ${digits(im)}i` : ""}<br>found by ${clusters.methods[i]} of ${clusters.of[i]} methods, supported in ${clusters.supported[i]}<br>spread ${format.scientific(number(clusters.spread[i]))}${sum}`,
      );
    }
    return {
      type: "scatter",
      name: "named: supported, or methods agree on it",
      meta: { role: "ink" },
      mode: names.length <= LABELS ? "markers+text" : "markers",
      x,
      y,
      text: names,
      hovertext: text,
      hovertemplate: "%{hovertext}<extra></extra>",
      textposition: names.map((_, i) => ["top left", "bottom right", "top right", "bottom left"][i % 4]),
      marker: { symbol: "circle-open", size: 20, line: { width: 1 } },
    };
  };

  const lines = (plane, at, range) => {
    const shapes = [];
    const nyquist = number(plane.dt) > 0 ? Math.PI / plane.dt : Infinity;
    for (const y of [at.of(nyquist), at.of(-nyquist)]) {
      if (!(y > range[0] && y < range[1])) continue;
      const line = { color: koopmark.colours().soft, width: 1, dash: "dot" };
      const label = {
        text: "|Im λ| = π/Δt",
        textposition: "start",
        font: { size: 11, color: koopmark.colours().soft },
      };
      shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line, label, layer: "below" });
    }
    return shapes;
  };

  const draw = async (section, chosen) => {
    const [plane, clusters] = [await koopmark.data("plane"), await koopmark.data("clusters")];
    const pairs = await pairsOf(chosen);
    const stretched = chosen.axes === "stretched";
    const at = stretched ? stretch(number(plane.horizon) > 0 ? 1 / plane.horizon : 1) : linear;
    const within = stretched ? all : rangeOf;
    const [xs, ys] = [within(pairs, at, "re"), within(pairs, at, "im")];
    const shown = (p) =>
      p.low_re !== null &&
      // Of conjugates the upper one shows the interval of both.
      number(p.eigenvalue_im) >= 0 &&
      (chosen.intervals === "all" || (chosen.intervals === "named" && p.cluster !== ""));
    const { dark } = koopmark.colours();
    const traces = Object.entries(LOOKS).flatMap(([verdict, look]) => {
      const mine = pairs.filter((p) => lookOf(p) === verdict);
      if (verdict === TRUSTED && !mine.length) return [];
      const colour = dark ? look.dark : look.light;
      const points = {
        type: "scatter",
        mode: "markers",
        name: `${verdict === TRUSTED ? "not supported, likely right to 5 %" : verdict} (${mine.length})`,
        x: mine.map((p) => at.of(number(p.eigenvalue_re))),
        y: mine.map((p) => at.of(number(p.eigenvalue_im))),
        marker: { symbol: look.symbol, size: verdict === "supported" ? 10 : 8, color: colour, line: { width: 1.5 } },
        text: mine.map(hover),
        customdata: mine.map((p) => koopmark.escaped(p.method)),
        hovertemplate: "%{text}<extra>%{customdata}</extra>",
        legendgroup: verdict,
      };
      return [{ ...barsTrace(mine.filter(shown), at, colour), legendgroup: verdict }, points];
    });
    const axis = (part, range) => {
      const title = { text: `${part} λ (per unit of time)` };
      if (!stretched) return { title, range };
      const unit = number(plane.horizon) > 0 ? 1 / plane.horizon : 1;
      const back = (x) => unit * Math.sinh(x * Math.LN10);
      const ticks = at.ticks(back(range[0]), back(range[1]));
      return { title, range, tickvals: ticks.map(at.of), ticktext: ticks.map((x) => format.plain(x)) };
    };
    await koopmark.plot(section.querySelector(".canvas"), {
      data: [...traces, clusterTrace(clusters, at)],
      layout: {
        xaxis: axis("Re", xs),
        yaxis: axis("Im", ys),
        shapes: lines(plane, at, ys),
        margin: { l: 66, r: 12, t: 28, b: 68 },
        legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", font: { size: 12 } },
      },
    });
    const words = [
      stretched
        ? `Axes are linear up to 1/T = ${digits(1 / number(plane.horizon))}, the slowest rate that a trial of length T shows, and logarithmic beyond.`
        : "",
      "Filled circles are supported, crosses are not supported, and open squares cannot be told. A cross in a circle is not supported, but likely right to 5 %. Large circles are the named eigenvalues of the table below.",
      "Bars are 90 % intervals over draws of the trials; of two complex conjugates, only the upper one has bars.",
      plane.left_out ? `${plane.left_out.toLocaleString("en")} pairs with the least support are not drawn.` : "",
    ];
    section.querySelector("figcaption.plane").textContent = words.filter(Boolean).join(" ");
  };

  const csv = async (_section, chosen) => {
    const pairs = await pairsOf(chosen);
    const names = Object.keys(await koopmark.data("pairs"));
    return {
      name: `eigenvalues ${chosen.method}`,
      text: koopmark.csv(Object.fromEntries(names.map((name) => [name, pairs.map((p) => p[name])]))),
    };
  };

  koopmark.section("plane", { draw, csv });
}
