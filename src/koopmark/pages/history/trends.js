// A score from one promoted run to the next: a panel per target or leaderboard, on shared axes.
{
  const { number, escaped } = koopmark;
  const { plain } = koopmark.format;
  const percent = (x) => (Number.isFinite(x) ? `${plain(100 * x)} %` : plain(x));
  const share = {
    write: percent,
    title: "share",
    axis: { range: [-0.08, 1.08], tickvals: [0, 0.5, 1], ticktext: ["0 %", "50 %", "100 %"] },
  };
  const SCORES = {
    digits: {
      write: (x) => (Number.isFinite(x) ? x.toFixed(1) : plain(x)),
      title: "digits",
      axis: { range: [-0.5, 9.5], tickvals: [0, 3, 6, 9] },
    },
    found: share,
    reach: share,
    speed: { write: plain, title: "time / reference", axis: {} },
  };
  const PANEL = 190; // Height in pixels, and what lies between two of them.
  const GAP = 34;
  const LETTER = 6.3; // Width of a letter of a label, at the size of 11 pixels.
  const LABEL = 14; // Height of a label.
  const FOOT = 62; // For the dates and commits below.
  const HEAD = 12; // Above, without labels of versions.
  const MOST_ROWS = 4; // Of such labels.

  const viewOf = async ({ view }) => {
    const data = await koopmark.data("trends");
    const place = view.slice(view.indexOf("/") + 1);
    const score = view.slice(0, view.indexOf("/"));
    const { panels } = data.views.find((one) => one.score === score && one.place === place);
    return { ...data, score, place, panels };
  };
  const elided = (text, most) => {
    if (text.length <= most) return text;
    const end = Math.floor(Math.max(most - 1, 2) / 2);
    return `${text.slice(0, Math.max(most - 1 - end, 1))}…${text.slice(-end)}`;
  };
  // Names differ at their ends: of one that is too long the library is cut, then the middle.
  const short = (name, most) => elided(name.length > most ? name.replace(/^(\w{3})\w*\./, "$1.") : name, most);
  const also = ({ methods }) => (methods.length > 1 ? ` + ${methods.length - 1}` : "");
  const SIGNS = {
    circle: "●",
    square: "■",
    diamond: "◆",
    cross: "✚",
    x: "✖",
    "triangle-up": "▲",
    "triangle-down": "▼",
    "diamond-open": "◇",
  };

  // Plotly's names: x, x2, x3.
  const nth = (letter, i) => (i ? `${letter}${i + 1}` : letter);

  // Labels beside the last values, none closer to another than a line. If there are too many, those
  // of level shifts come first, then the higher ones, and none that would stand beside another line.
  const labelled = (lines, last, toPixels) => {
    const room = Math.floor(PANEL / LABEL);
    const all = lines.filter((line) => !Number.isNaN(last(line))).map((line) => ({ line, at: toPixels(last(line)) }));
    const placed = [];
    for (const one of all) {
      const near = placed.some(({ at }) => Math.abs(at - one.at) < LABEL);
      if (placed.length < room && (all.length <= room || one.line.changes.length || !near)) placed.push(one);
    }
    const heights = placed.map(() => LABEL);
    const places = koopmark.spread(
      placed.map(({ at }) => at),
      heights,
      -LABEL / 2,
      PANEL,
    );
    return placed.map(({ line }, i) => ({ line, at: places[i] }));
  };

  // The runs that have a date below: as many as there is room for, the last one always.
  const ticks = (count, width) => {
    const step = Math.max(1, Math.ceil((count - 1) / Math.max(1, Math.floor(width / 72) - 1)));
    const shown = [];
    for (let i = count - 1; i >= 0; i -= step) shown.unshift(i);
    return shown;
  };

  // What is new with a run, above its line: in the lowest row with room for it, or, if there is
  // none, further right. All of it is in the table below.
  const versions = (runs, width, toPixels) => {
    const ends = [];
    const found = [];
    for (const [i, { news }] of runs.entries()) {
      if (!news.length) continue;
      const rest = news.length > 1 ? ` + ${news.length - 1}` : "";
      const text = `${elided(news[0], Math.floor(width / LETTER) - 6)}${rest}`;
      const size = text.length * LETTER;
      const wanted = Math.min(toPixels(i), width - size);
      let row = ends.findIndex((end) => end + 8 < wanted);
      if (row < 0) row = ends.length < MOST_ROWS ? ends.length : ends.indexOf(Math.min(...ends));
      const left = Math.max(wanted, (ends[row] ?? -8) + 8);
      if (left + size > width) continue;
      ends[row] = left + size;
      found.push({ text, row, left });
    }
    return { found, rows: ends.length };
  };

  const range = (panels) => {
    const values = panels.flatMap(({ lines }) => lines.flatMap((line) => line.values.map(number)));
    return [0, 1.15 * Math.max(...values.filter(Number.isFinite), 1e-9)];
  };

  const draw = async (section, choice) => {
    const { score, runs, styles, done_by, panels } = await viewOf(choice);
    const { write, axis, title } = SCORES[score];
    const canvas = section.querySelector(".canvas");
    const [low, high] = axis.range ?? range(panels);
    const columns = koopmark.narrow.matches ? 1 : Math.min(2, panels.length);
    const rows = Math.ceil(panels.length / columns);
    const colours = koopmark.colours();
    const [left, width] = [koopmark.narrow.matches ? 44 : 56, canvas.clientWidth || 960];
    const cell = (width - left - 8) / columns;
    // A panel with one line of its own name needs no label.
    const named = ({ lines, title: about }) => lines.length > 1 || lines[0].methods[0] !== about;
    const names = panels.some(named) ? Math.min(cell * 0.48, 320) : 24;
    const inner = cell - names - (columns > 1 ? 16 : 4);
    const edge = runs.length > 1 ? 0.03 * (runs.length - 1) : 0.5;
    const span = [-edge, runs.length - 1 + edge];
    const across = (i) => (inner * (i - span[0])) / (span[1] - span[0]);
    const marks = versions(runs, cell - 16, across);
    const head = HEAD + 20 + marks.rows * LABEL;
    const height = head + rows * PANEL + (rows - 1) * GAP + FOOT;
    const [wide, tall] = [width - left - 8, height - head - FOOT];
    const shown = ticks(runs.length, inner);
    const layout = {
      showlegend: false,
      height,
      margin: { l: left, r: 8, t: head, b: FOOT },
      annotations: [],
      shapes: [],
    };
    const traces = [];
    for (const [p, { title: about, lines }] of panels.entries()) {
      const [column, row] = [p % columns, Math.floor(p / columns)];
      const top = 1 - (row * (PANEL + GAP)) / tall;
      const lowest = p + columns >= panels.length;
      const [x, y] = [nth("x", p), nth("y", p)];
      const place = { xref: `${x} domain`, yref: `${y} domain`, showarrow: false, xanchor: "left" };
      layout[x.replace("x", "xaxis")] = {
        domain: [(column * cell) / wide, (column * cell + inner) / wide],
        anchor: y,
        range: span,
        tickvals: shown,
        ticktext: shown.map((i) => escaped(`${runs[i].date}\n${runs[i].short}`).replace("\n", "<br>")),
        showticklabels: lowest,
        tickangle: 0,
        tickfont: { size: 11 },
        showgrid: false,
        zeroline: false,
        automargin: false,
        fixedrange: true,
      };
      layout[y.replace("y", "yaxis")] = {
        domain: [Math.max(0, top - PANEL / tall), Math.min(1, top)],
        anchor: x,
        ...axis,
        range: [low, high],
        showticklabels: column === 0,
        tickfont: { size: 11 },
        zeroline: false,
        automargin: false,
        fixedrange: true,
        ...(column === 0 && row === 0 ? { title: { text: title, standoff: 4 } } : {}),
      };
      const text = `<b>${escaped(elided(about, Math.floor((cell - 16) / 7)))}</b>`;
      const above = row ? 4 : 4 + marks.rows * LABEL;
      layout.annotations.push({ ...place, x: 0, y: 1, yanchor: "bottom", yshift: above, text });
      for (const [i, { news }] of runs.entries()) {
        if (!news.length) continue;
        const dotted = { color: colours.soft, width: 1, dash: "dot" };
        layout.shapes.push({ type: "line", xref: x, yref: `${y} domain`, x0: i, x1: i, y0: 0, y1: 1, line: dotted });
      }
      for (const mark of row === 0 ? marks.found : []) {
        layout.annotations.push({
          ...place,
          x: 0,
          y: 1,
          xshift: mark.left,
          yshift: 1 + mark.row * LABEL,
          yanchor: "bottom",
          text: escaped(mark.text),
          font: { size: 11, color: colours.soft },
        });
      }
      const inside = (value) => Math.min(Math.max(value, low), high);
      const toPixels = (value) => PANEL * (1 - (inside(value) - low) / (high - low));
      const last = (line) => line.values.map(number).findLast((value) => !Number.isNaN(value)) ?? NaN;
      const labels = labelled(lines, last, toPixels);
      const told = new Set(labels.map(({ line }) => line));
      for (const line of [...lines].reverse()) {
        const values = line.values.map(number);
        const { colour, symbol } = styles[line.methods[0]];
        const ink = told.has(line) ? colour : colours.line;
        const ring = new Set(line.changes);
        // What is infinite stands at the edge, and no line leads there.
        const endless = values.map((value) => Math.abs(value) === Infinity);
        const marker = (i) => {
          if (endless[i]) return values[i] > 0 ? "arrow-up" : "arrow-down";
          return ring.has(i) ? "circle-open" : symbol;
        };
        const sized = runs.length > 20 ? 4 : 7;
        const seen = told.has(line) || runs.length <= 20;
        const who = line.methods.slice(0, 12).map(escaped).join("<br>");
        const more = line.methods.length > 12 ? `<br>and ${line.methods.length - 12} more` : "";
        const hover = (value, i) => {
          const [{ date, short }, by] = [runs[i], done_by[line.methods[0]][i]];
          return `<b>${write(value)}</b>, ${escaped([date, short, by].filter(Boolean).join(", "))}<br>${who}${more}`;
        };
        const common = { type: "scatter", xaxis: x, yaxis: y, x: runs.map((_, i) => i), cliponaxis: false };
        traces.push({
          ...common,
          mode: "lines",
          y: values.map((value, i) => (Number.isNaN(value) || endless[i] ? null : value)),
          line: { color: ink, width: told.has(line) ? 2 : 1 },
          hoverinfo: "skip",
        });
        traces.push({
          ...common,
          mode: "markers",
          y: values.map((value) => (Number.isNaN(value) ? null : inside(value))),
          marker: {
            color: ink,
            opacity: seen ? 1 : 0,
            symbol: values.map((_, i) => marker(i)),
            size: values.map((_, i) => (ring.has(i) ? 15 : endless[i] ? 11 : sized)),
            line: { width: values.map((_, i) => (ring.has(i) ? 3 : 0)), color: ink },
          },
          text: values.map(hover),
          hovertemplate: "%{text}<extra></extra>",
        });
      }
      for (const { line, at } of named(panels[p]) ? labels : []) {
        const most = Math.floor((names - 34) / LETTER) - also(line).length;
        const who = `${short(line.methods[0], most)}${also(line)}`;
        const style = styles[line.methods[0]];
        layout.annotations.push({
          ...place,
          x: 1,
          xshift: 10,
          y: 1 - at / PANEL,
          yanchor: "middle",
          align: "left",
          font: { size: 11 },
          text: `<span style="color:${style.colour}">${SIGNS[style.symbol] ?? "━"}</span> ${escaped(who)}`,
        });
      }
    }
    await koopmark.plot(canvas, { data: traces, layout });
    canvas.style.height = `${height}px`;
  };

  const csv = async (_section, choice) => {
    const { score, place, runs, panels } = await viewOf(choice);
    const rows = panels.flatMap(({ title, lines }) =>
      lines.flatMap(({ methods, values, changes }) =>
        methods.flatMap((method) =>
          values.map((value, i) => ({
            title,
            method,
            run: runs[i],
            value: number(value),
            starts: changes.includes(i),
          })),
        ),
      ),
    );
    return {
      name: `${score}${place === score ? "" : ` on ${place}`} over runs`,
      text: koopmark.csv({
        started: rows.map(({ run }) => run.started),
        koopmark: rows.map(({ run }) => run.koopmark),
        commit: rows.map(({ run }) => run.commit),
        place: rows.map(() => place),
        of: rows.map(({ title }) => title),
        method: rows.map(({ method }) => method),
        [score]: rows.map(({ value }) => value),
        new_level: rows.map(({ starts }) => (starts ? "yes" : "no")),
      }),
    };
  };

  if (document.getElementById("trends")) koopmark.section("trends", { draw, csv });
}
