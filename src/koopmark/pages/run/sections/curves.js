// What figures of methods share: which methods are chosen, how each looks among the others, axes
// that fit what is drawn, and labels that do not overlap.
koopmark.curves = (() => {
  const FONT = 12;
  const LINE = 15; // Height of a line of a label, in pixels.
  const CHARACTER = 7.3; // About the width of one.
  const BESIDE = 12; // From the end of a line to its label.

  // A reader's choice among methods: the best of each library and its best default, all of one library, or all.
  const picked = (choice, best, known) => {
    if (choice === "all") return () => true;
    if (choice === "best") return (name) => best.includes(name);
    return (name) => `=${known[name].library}` === choice;
  };

  // Styles of methods side by side: each keeps its own colour, symbol and dash unless another has it.
  const apart = async (known, names) => {
    const { looks: pools } = await koopmark.data("curves");
    const taken = { colour: new Map(), symbol: new Map(), dash: new Map() };
    const least = (which, own) => {
      const used = (value) => taken[which].get(value) ?? 0;
      const fewest = Math.min(...pools[which].map(used));
      const value = used(own) <= fewest ? own : pools[which].find((one) => used(one) === fewest);
      taken[which].set(value, used(value) + 1);
      return value;
    };
    return new Map(
      names.map((name) => [
        name,
        Object.fromEntries(Object.keys(pools).map((key) => [key, least(key, known[name][key])])),
      ]),
    );
  };

  // What curves of several methods are called: the first and how many more; on a phone, in a legend, in one line.
  const named = ([first, ...others], note = "") => {
    const more = others.length ? `${koopmark.narrow.matches ? " " : "<br>"}and ${others.length} more` : "";
    return `${koopmark.escaped(first)}${note}${more}`;
  };

  // The area between two curves; where one is missing there is a gap.
  const band = (x, low, high, colour) => {
    const [xs, ys] = [[], []];
    let run = [];
    const close = () => {
      if (run.length > 1) {
        const back = [...run].reverse();
        xs.push(...run.map((k) => x[k]), ...back.map((k) => x[k]), null);
        ys.push(...run.map((k) => low[k]), ...back.map((k) => high[k]), null);
      }
      run = [];
    };
    for (const k of x.keys()) {
      if (Number.isNaN(low[k]) || Number.isNaN(high[k])) close();
      else run.push(k);
    }
    close();
    return {
      type: "scatter",
      mode: "lines",
      fill: "toself",
      name: "quartiles",
      x: xs,
      y: ys,
      line: { width: 0, color: colour },
      fillcolor: colour,
      opacity: 0.16,
      hoverinfo: "skip",
      showlegend: false,
    };
  };

  // Of many lines those that are not among the best: there to be hovered.
  const faint = (some) =>
    some.map((trace) => ({
      ...trace,
      line: { color: koopmark.colours().line, width: 1 },
      ...(trace.marker && { marker: { ...trace.marker, color: koopmark.colours().line, size: 4 } }),
      showlegend: false,
    }));

  // A tick of a logarithmic axis: a power of ten as such, and other numbers plainly.
  const tick = (value) => {
    const power = Math.log10(value);
    const whole = Math.round(power);
    if (!(value > 0) || Math.abs(power - whole) > 1e-9 || whole === 0 || whole === 1)
      return koopmark.format.plain(value);
    return `10<sup>${whole < 0 ? "−" : ""}${Math.abs(whole)}</sup>`;
  };

  // The ends of an axis around values, with room, at least `least` long; in decades if it is logarithmic.
  const fitted = (values, { log = false, least = 1, within = [-Infinity, Infinity] } = {}) => {
    const known = values.filter((x) => Number.isFinite(x) && (!log || x > 0)).map((x) => (log ? Math.log10(x) : x));
    if (!known.length) return log ? [-1, 0] : [0, 1];
    let [low, high] = [Math.min(...known), Math.max(...known)];
    const short = Math.max(0, least - (high - low)) / 2;
    const room = 0.05 * Math.max(high - low, least);
    [low, high] = [low - short - room, high + short + room];
    // An axis that ends at a bound keeps its length.
    if (low < within[0]) [low, high] = [within[0], Math.max(high, Math.min(within[0] + least, within[1]))];
    if (high > within[1]) [low, high] = [Math.max(within[0], Math.min(low, within[1] - least)), within[1]];
    return [low, high];
  };

  const decades = ([low, high]) => {
    const [first, last] = [Math.ceil(low - 1e-9), Math.floor(high + 1e-9)];
    if (last - first < 2) {
      const fine = [];
      for (let k = Math.floor(low); k <= high; k += 1) fine.push(...[1, 2, 5].map((m) => m * 10 ** k));
      return fine.filter((x) => Math.log10(x) >= low - 1e-9 && Math.log10(x) <= high + 1e-9);
    }
    const step = Math.ceil((last - first) / 8) || 1;
    const ticks = [];
    for (let k = first; k <= last; k += 1) if (k % step === 0) ticks.push(Number(`1e${k}`));
    return ticks;
  };

  const evenly = ([low, high], step) => {
    const ticks = [];
    for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k += 1) ticks.push(k * step);
    return ticks;
  };

  // A line across the figure, as between an axis and its strip.
  const rule = (y) => ({
    type: "line",
    xref: "paper",
    x0: 0,
    x1: 1,
    y0: y,
    y1: y,
    line: { color: koopmark.colours().line, width: 1, dash: "dot" },
  });

  // An axis with a strip at either end where there are signs of what lies beyond it.
  //   ends      of `fitted`
  //   strips    {low: title, high: title} of those that there are
  //   write     from a tick to its text
  const axis = (ends, { log = false, step = 0, strips = {}, write = log ? tick : koopmark.format.plain } = {}) => {
    const wide = 0.1 * (ends[1] - ends[0]);
    const at = { low: ends[0] - wide / 2, high: ends[1] + wide / 2 };
    const unit = step || [0.05, 0.1, 0.2, 0.5, 1, 2].find((one) => (ends[1] - ends[0]) / one <= 10) || 5;
    const ticks = log ? decades(ends) : evenly(ends, unit);
    const texts = ticks.map(write);
    const place = (position) => (log ? 10 ** position : position);
    for (const side of Object.keys(strips)) {
      ticks.push(place(at[side]));
      texts.push(strips[side]);
    }
    const range = [ends[0] - ("low" in strips ? wide : 0), ends[1] + ("high" in strips ? wide : 0)];
    const position = (value) => (log ? Math.log10(value) : value);
    const side = (value) => (position(value) < ends[0] ? "low" : position(value) > ends[1] ? "high" : "");
    const edge = {
      low: place("low" in strips ? at.low : range[0]),
      high: place("high" in strips ? at.high : range[1]),
    };
    return {
      log,
      edge,
      // On which side of the axis a value lies, if it does not lie on it, and where it is drawn.
      side,
      at: (value) => edge[side(value)] ?? value,
      // From 0 at the lower end to 1 at the upper one.
      share: (value) => (position(value) - range[0]) / (range[1] - range[0]),
      clamped: (value) => Math.min(Math.max(value, place(ends[0])), place(ends[1])),
      layout: { type: log ? "log" : "linear", range, tickvals: ticks, ticktext: texts, zeroline: false },
      rules: Object.keys(strips).map((one) => rule(place(ends[one === "low" ? 0 : 1]))),
    };
  };

  const lines = (text) => text.split("<br>");
  const width = (text) => CHARACTER * Math.max(...lines(text).map((one) => one.replace(/<[^>]*>/g, "").length));
  const height = (text) => LINE * lines(text).length;

  const area = (canvas, margin) => ({
    width: canvas.clientWidth - margin.l - margin.r,
    height: canvas.clientHeight - margin.t - margin.b,
  });

  // A text with a leader to a point.
  const annotation = (text, colour, x, y, across, up) => ({
    text,
    x: across.log ? Math.log10(x) : x,
    y: up.log ? Math.log10(y) : y,
    font: { size: FONT },
    showarrow: true,
    arrowhead: 0,
    arrowwidth: 1,
    arrowcolor: colour ?? koopmark.colours().soft,
    standoff: 6,
  });

  // Labels right of a figure at the ends of its lines: annotations and the margin that they take;
  // null where they do not fit, and a legend has to do.
  //   ends    [{text, colour, x, y}], in the data's coordinates
  //   across, up    the axes
  const labels = (canvas, ends, across, up) => {
    const margin = { l: 70, t: 34, b: 64, r: BESIDE + 24 + Math.max(0, ...ends.map(({ text }) => width(text))) };
    if (koopmark.narrow.matches || !ends.length || margin.r > 0.4 * canvas.clientWidth) return null;
    const plot = area(canvas, margin);
    const fromTop = (y) => plot.height * (1 - Math.min(1, Math.max(0, up.share(y))));
    const wanted = ends.map(({ y }) => fromTop(y));
    const places = koopmark.spread(
      wanted,
      ends.map(({ text }) => height(text)),
      -10,
      plot.height + 10,
    );
    if (!places) return null;
    const annotations = ends.map(({ text, colour, x, y }, i) => ({
      ...annotation(text, colour, x, y, across, up),
      xanchor: "left",
      align: "left",
      ax: plot.width * (1 - across.share(x)) + BESIDE,
      ay: places[i] - wanted[i],
    }));
    return { annotations, margin };
  };

  // Labels beside marks within a figure, each where neither it nor its leader covers another label,
  // and it covers no mark: above left of its mark, above right, below right, below left. Those without
  // a place are left out.
  //   marks     [{text, x, y}], those first that are placed first; others have no text
  const beside = (canvas, marks, across, up, margin) => {
    const plot = area(canvas, margin);
    const at = marks.map(({ x, y }) => [plot.width * across.share(x), plot.height * (1 - up.share(y))]);
    const around = ([x, y], half) => [x - half, y - half, x + half, y + half];
    const covered = at.map((point) => around(point, 5));
    const labels = [];
    const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
    const free = (box, others) => !others.some((other) => overlap(box, other));
    const inside = (box) => box[0] >= 0 && box[1] >= -20 && box[2] <= plot.width && box[3] <= plot.height;
    const offsets = [18, 40, 64, 90].flatMap((far) => [
      [-12, -far],
      [12, -far],
      [12, far],
      [-12, far],
    ]);
    const placeOf = ([x, y], text) => {
      const [w, h] = [width(text), height(text)];
      for (const [right, down] of offsets) {
        const left = x + right - (right < 0 ? w : 0);
        const box = [left, y + down - h / 2, left + w, y + down + h / 2];
        const leader = [0.3, 0.5, 0.7, 0.9].map((t) => around([x + t * right, y + t * down], 2));
        if (!inside(box) || !free(box, covered) || !leader.every((point) => free(point, labels))) continue;
        labels.push(box);
        covered.push(box, ...leader);
        return { ax: right, ay: down, xanchor: right < 0 ? "right" : "left", align: right < 0 ? "right" : "left" };
      }
      return null;
    };
    return marks.flatMap(({ text, colour, x, y }, i) => {
      const place = text && placeOf(at[i], text);
      return place ? { ...annotation(text, colour, x, y, across, up), ...place } : [];
    });
  };

  // Names in a hover, one a line.
  const listed = (names, most = 12) => [
    ...names.slice(0, most).map(koopmark.escaped),
    ...(names.length > most ? [`and ${names.length - most} more`] : []),
  ];

  return { picked, apart, named, band, faint, tick, fitted, axis, labels, beside, listed };
})();
