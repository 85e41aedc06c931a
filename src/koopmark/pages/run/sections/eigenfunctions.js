// An exact eigenfunction beside what a method recovered of it.
if (document.querySelector("#eigenfunctions select")) {
  const { number, format } = koopmark;
  const LOOKS = [
    ["#4477aa", "circle"],
    ["#ee6677", "square"],
    ["#228833", "diamond"],
  ];
  const OTHERS = ["#8a8a8a", "circle-open"];
  const SCALES = {
    // Diverging about 0, for any colour vision; the middle is the paper's.
    light: [
      [0, "#1f4e9c"],
      [0.25, "#7fa6d6"],
      [0.5, "#fafaf8"],
      [0.75, "#e8a56b"],
      [1, "#b04a0c"],
    ],
    dark: [
      [0, "#7db4f0"],
      [0.25, "#3d6ea8"],
      [0.5, "#1a1f26"],
      [0.75, "#a85f24"],
      [1, "#f5a865"],
    ],
  };
  const DECADES = 3; // How far recovered values may leave the range of the exact ones on the log axis.

  // Only what the dataset has can be chosen.
  const offer = (select, values) => {
    for (const option of select.options) option.disabled = option.hidden = !values.has(option.value);
    if (!values.has(select.value)) select.value = [...values][0];
  };

  const find = async (section) => {
    const frames = await koopmark.data("eigenfunctions");
    const select = (name) => section.querySelector(`select[name="${name}"]`);
    const mine = frames.filter((frame) => frame.dataset === select("dataset").value);
    offer(select("target"), new Set(mine.map((frame) => frame.target)));
    const ours = mine.filter((frame) => frame.target === select("target").value);
    offer(select("seed"), new Set(ours.map((frame) => String(frame.seed))));
    const { method, seed } = koopmark.chosen(section);
    const seeded = ours.filter((frame) => String(frame.seed) === seed);
    const frame = seeded.find((one) => method in one.methods);
    return { frame: frame ?? seeded[0], own: frame?.methods[method], method };
  };

  // One object per point: where it is, exact, recovered and their difference.
  const pointsOf = (frame, own) =>
    frame.re.map((_, k) => {
      const [re, dre] = [number(frame.re[k]), number(own.re[k])];
      // What is real has no imaginary part in the data.
      const [im, dim] = [frame.im ? number(frame.im[k]) : 0, own.im ? number(own.im[k]) : 0];
      const place = Object.fromEntries(
        ["part", "trajectory", "time", "i", "j", "x_i", "x_j"].map((name) => [name, frame[name][k]]),
      );
      return { ...place, re, im, dre, dim, rre: re + dre, rim: im + dim };
    });

  const sentence = async (frame, own, method) => {
    const [fits, targets, run] = await Promise.all(["fits", "targets", "run"].map(koopmark.data));
    const [fit] = koopmark.rows(
      fits,
      (i) => fits.dataset[i] === frame.dataset && fits.method[i] === method && fits.seed[i] === frame.seed,
    );
    if (fit === undefined) return `${method} was not run on ${frame.dataset} with seed ${frame.seed}.`;
    const [row] = koopmark.rows(
      targets,
      (i) => targets.fit_id[i] === fits.fit_id[fit] && targets.target_index[i] === frame.target_index,
    );
    const why =
      fits.status[fit] === "ok"
        ? row === undefined
          ? ""
          : targets.notes[row]
        : `${fits.status[fit].replaceAll("_", " ")}: ${fits.reason[fit]}`;
    if (!own) return `${method} on ${frame.dataset}, seed ${frame.seed}: nothing to draw${why ? ` (${why})` : ""}.`;
    const size = row === undefined ? 1 : targets.target_dimension[row];
    const errors =
      row === undefined
        ? ""
        : `eigenvalue error ${format.scientific(number(targets.eigenvalue_error[row]))}, eigenfunction error ${format.scientific(number(targets.eigenfunction_error[row]))}`;
    const shown =
      size > 1
        ? `; drawn is one of ${size} directions, with an error of ${format.scientific(number(own.angle))} (the eigenfunction error is that of the worst direction)`
        : "";
    return `${method} on ${frame.dataset}, ${koopmark.symbol(run, frame.dataset)} = ${frame.target}, seed ${frame.seed}: ${errors}${shown}.`;
  };

  const trajectoriesOf = (points) => [
    ...new Set(points.filter((p) => p.part === "trajectory").map((p) => p.trajectory)),
  ];
  const look = ([color, symbol]) => ({ color, symbol, size: 8, line: { width: 1.5 } });
  const finite = (x) => (Number.isFinite(x) ? x : null);
  const padded = (values, share) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = share * (high - low || Math.abs(high) || 1);
    return [low - margin, high + margin];
  };

  const decay = (points, symbol) => {
    const exact = [],
      recovered = [];
    const size = (re, im) => Math.hypot(re, im) || null;
    const sizes = points
      .filter((p) => p.part === "trajectory")
      .map((p) => Math.hypot(p.re, p.im))
      .filter((x) => x > 0);
    const logs = sizes.map(Math.log10);
    const seen = points
      .filter((p) => p.part === "trajectory")
      .map((p) => Math.log10(Math.hypot(p.rre, p.rim)))
      .filter(Number.isFinite);
    const [low, high] = [Math.min(...logs), Math.max(...logs)];
    const range = [
      Math.max(Math.min(low, ...seen), low - DECADES) - 0.2,
      Math.min(Math.max(high, ...seen), high + DECADES) + 0.2,
    ];
    trajectoriesOf(points).forEach((trajectory, place) => {
      const mine = points.filter((p) => p.part === "trajectory" && p.trajectory === trajectory);
      const time = mine.map((p) => p.time);
      exact.push({
        type: "scatter",
        mode: "lines",
        name: "exact",
        legendgroup: "exact",
        showlegend: place === 0,
        meta: { role: "ink" },
        x: time,
        y: mine.map((p) => size(p.re, p.im)),
        line: { width: 1.5 },
        hovertemplate: `exact |φ| = %{y:.4g} at t = %{x:.3g}<extra>trajectory ${trajectory}</extra>`,
      });
      recovered.push({
        type: "scatter",
        mode: "markers",
        name: `recovered, trajectory ${trajectory}`,
        marker: look(LOOKS[place]),
        x: time,
        y: mine.map((p) => finite(Math.hypot(p.rre, p.rim)) || null),
        text: mine.map((p) => format.scientific(Math.hypot(p.dre, p.dim))),
        hovertemplate: "recovered |φ| = %{y:.4g} at t = %{x:.3g}<br>off by %{text}<extra>%{fullData.name}</extra>",
      });
    });
    return {
      data: [...recovered, ...exact],
      layout: {
        xaxis: { title: { text: symbol === "μ" ? "step" : "time t (units of the decay time)" } },
        yaxis: {
          title: { text: "|φ(x(t))|" },
          type: "log",
          range,
          exponentformat: "power",
          dtick: range[1] - range[0] > 4 ? 2 : 1,
        },
        legend: inside,
        margin: { l: 70, r: 16, t: 16, b: below() },
      },
    };
  };

  // Below the axis title, in a row: the figures stand side by side.
  const inside = {
    orientation: "h",
    x: 0,
    xref: "container",
    y: 0.01,
    yref: "container",
    yanchor: "bottom",
    font: { size: 12 },
  };
  const below = () => (koopmark.narrow.matches ? 150 : 105);

  const scatter = (points) => {
    const states = points.filter((p) => p.part !== "map" && Number.isFinite(p.rre));
    const across = padded(
      points.filter((p) => p.part !== "map").map((p) => p.re),
      0.08,
    );
    const room = across[1] - across[0];
    const up = padded(
      [...across, ...states.map((p) => Math.min(Math.max(p.rre, across[0] - room), across[1] + room))],
      0.02,
    );
    const groups = trajectoriesOf(points).map((trajectory, place) => [
      `trajectory ${trajectory}`,
      LOOKS[place],
      states.filter((p) => p.part === "trajectory" && p.trajectory === trajectory),
    ]);
    groups.unshift(["other test states", OTHERS, states.filter((p) => p.part === "state")]);
    const outside = states.filter((p) => p.rre < up[0] || p.rre > up[1]).length;
    return {
      outside,
      figure: {
        data: [
          ...groups.map(([name, one, mine]) => ({
            type: "scatter",
            mode: "markers",
            name,
            marker: look(one),
            x: mine.map((p) => p.re),
            y: mine.map((p) => p.rre),
            text: mine.map((p) => `t = ${format.plain(p.time)}, off by ${format.scientific(Math.hypot(p.dre, p.dim))}`),
            hovertemplate: "exact %{x:.4g}, recovered %{y:.4g}<br>%{text}<extra>%{fullData.name}</extra>",
          })),
          {
            type: "scatter",
            mode: "lines",
            name: "recovered = exact",
            meta: { role: "ink" },
            x: across,
            y: across,
            line: { width: 1.5 },
            hoverinfo: "skip",
          },
        ],
        layout: {
          xaxis: { title: { text: "exact φ(x)" }, range: across },
          yaxis: { title: { text: "recovered φ(x)" }, range: up },
          legend: inside,
          margin: { l: 70, r: 16, t: 16, b: below() },
        },
      },
    };
  };

  // The values of a map on its grid, and the axes.
  const gridOf = (points) => {
    const grid = points.filter((p) => p.part === "map");
    const across = [...new Set(grid.map((p) => p.x_i))];
    const up = [...new Set(grid.map((p) => p.x_j))];
    const table = (of) => up.map((_, row) => across.map((_, column) => finite(of(grid[row * across.length + column]))));
    return { grid, across, up, table, named: (k) => `x<sub>${grid[0]?.[k]}</sub>` };
  };
  const hasMap = (points) => points.some((p) => p.part === "map" && Number.isFinite(p.dre));

  // Round levels from -max |φ| to max |φ| of the exact function, the same in all panels.
  const levelsOf = (most) => {
    const power = 10 ** Math.floor(Math.log10(most / 5));
    const size = [1, 2, 5, 10].map((k) => k * power).find((step) => step >= most / 7);
    const end = Math.ceil(most / size - 1e-9) * size;
    return { start: -end, end, size };
  };
  const contours = (points) => {
    const { grid, across, up, table, named } = gridOf(points);
    const most = Math.max(...grid.map((p) => Math.abs(p.re))) || 1;
    const levels = levelsOf(most);
    const { dark } = koopmark.colours();
    const base = { type: "contour", x: across, y: up, autocontour: false, zmin: levels.start, zmax: levels.end };
    return {
      filled: (of, title, more) => ({
        ...base,
        z: table(of),
        contours: { ...levels, coloring: "fill" },
        line: { width: 0.4, color: dark ? "#7d8896" : "#9aa3ae" },
        colorscale: dark ? SCALES.dark : SCALES.light,
        hovertemplate: `${named("i")} = %{x:.3g}, ${named("j")} = %{y:.3g}<br>%{z:.4g}<extra>${title}</extra>`,
        ...more,
      }),
      // The levels of the exact function again, as lines over another.
      lines: (more) => ({
        ...base,
        z: table((p) => p.re),
        contours: { ...levels, coloring: "none" },
        line: { width: 1.4, dash: "dot", color: koopmark.colours().ink },
        showscale: false,
        hoverinfo: "skip",
        ...more,
      }),
    };
  };

  const maps = (points) => {
    const { grid, named } = gridOf(points);
    const worst = Math.max(...grid.map((p) => Math.abs(p.dre)).filter(Number.isFinite));
    const narrow = koopmark.narrow.matches;
    const { filled, lines } = contours(points);
    const panels = [
      ["exact", (p) => p.re],
      ["recovered, exact levels dotted", (p) => p.rre],
      [`recovered − exact: at most ${format.scientific(worst)}`, (p) => p.dre],
    ];
    const colorbar = narrow
      ? { orientation: "h", y: -0.06, yanchor: "top", thickness: 10, outlinewidth: 0 }
      : { thickness: 12, outlinewidth: 0, title: { text: "φ" } };
    const layout = {
      margin: { l: 60, r: 10, t: 36, b: 56 },
      annotations: [],
      showlegend: false,
    };
    const data = panels.flatMap(([title, of], k) => {
      const end = k ? String(k + 1) : "";
      const [from, to] = narrow ? [k * 0.36, k * 0.36 + 0.28] : [k * 0.345, k * 0.345 + 0.31];
      layout[`xaxis${end}`] = {
        title: { text: named("i") },
        domain: narrow ? [0, 1] : [from, to],
        anchor: `y${end}`,
      };
      layout[`yaxis${end}`] = {
        title: { text: k && !narrow ? "" : named("j") },
        domain: narrow ? [1 - to, 1 - from] : [0, 1],
        anchor: `x${end}`,
      };
      layout.annotations.push({
        text: title,
        showarrow: false,
        xref: "paper",
        yref: "paper",
        xanchor: "left",
        yanchor: "bottom",
        x: narrow ? 0 : from,
        y: narrow ? 1 - from : 1,
      });
      const axes = { xaxis: `x${end}`, yaxis: `y${end}` };
      const name = title.split(/[:,]/)[0];
      return [
        filled(of, name, { name, showscale: k === 2, colorbar, ...axes }),
        ...(k === 1 ? [lines({ name: "exact levels", ...axes })] : []),
      ];
    });
    return { data, layout };
  };

  // For a card: what was recovered, with the levels of the exact function; or one against the other.
  koopmark.portraits = {
    caption: (frame, method) =>
      hasMap(pointsOf(frame, frame.methods[method]))
        ? "Filled: the recovered eigenfunction on a slice of the state space. Dotted lines: level lines of the exact one at the same values."
        : "The recovered eigenfunction against the exact one at test states.",
    small: (frame, method) => {
      const points = pointsOf(frame, frame.methods[method]);
      if (!hasMap(points)) {
        const { data, layout } = scatter(points).figure;
        return { data, layout: { ...layout, showlegend: false, margin: { l: 64, r: 10, t: 10, b: 58 } } };
      }
      const { named } = gridOf(points);
      const { filled, lines } = contours(points);
      return {
        data: [
          filled((p) => p.rre, "recovered", { colorbar: { thickness: 10, outlinewidth: 0, title: { text: "φ" } } }),
          lines(),
        ],
        layout: {
          xaxis: { title: { text: named("i") } },
          yaxis: { title: { text: named("j") } },
          showlegend: false,
          margin: { l: 56, r: 10, t: 10, b: 58 },
        },
      };
    },
  };

  const fill = (table, points, complex) => {
    const titles = [
      "trajectory",
      "t",
      "exact",
      "recovered",
      "difference",
      ...(complex ? ["exact, imaginary", "recovered, imaginary", "difference, imaginary"] : []),
    ];
    const row = (cells, tag) => {
      const line = document.createElement("tr");
      for (const [text, value, scope] of cells) {
        const cell = document.createElement(tag);
        cell.className = "number";
        cell.textContent = text;
        if (value !== undefined) cell.dataset.value = String(value);
        if (scope) cell.scope = scope;
        line.append(cell);
      }
      return line;
    };
    const shown = (x) => [Number.isNaN(x) ? "–" : format.scientific(x), Number.isNaN(x) ? undefined : x];
    table.tHead.replaceChildren(
      row(
        titles.map((title) => [title, undefined, "col"]),
        "th",
      ),
    );
    table.tBodies[0].replaceChildren(
      ...points
        .filter((p) => p.part !== "map")
        .map((p) =>
          row(
            [
              [String(p.trajectory)],
              [format.plain(p.time), p.time],
              shown(p.re),
              shown(p.rre),
              shown(p.dre),
              ...(complex ? [shown(p.im), shown(p.rim), shown(p.dim)] : []),
            ],
            "td",
          ),
        ),
    );
  };

  const draw = async (section) => {
    const { frame, own, method } = await find(section);
    section.querySelector(".said").textContent = await sentence(frame, own, method);
    section.querySelector(".drawn").hidden = !own;
    if (!own) return;
    const points = pointsOf(frame, own);
    const complex = points.some((p) => p.im || p.dim);
    const symbol = koopmark.symbol(await koopmark.data("run"), frame.dataset);
    await koopmark.plot(section.querySelector(".canvas.decay"), decay(points, symbol));
    const { figure, outside } = scatter(points);
    await koopmark.plot(section.querySelector(".canvas.scatter"), figure);
    section.querySelector("figcaption.scatter").textContent =
      `Values at these and at other test states${complex ? " (real parts)" : ""}. A recovered eigenfunction lies on the diagonal.${outside ? ` ${outside} points lie outside the view.` : ""}`;
    const grid = points.filter((p) => p.part === "map");
    const mapped = hasMap(points);
    const canvas = section.querySelector(".canvas.maps");
    canvas.hidden = !mapped;
    if (mapped) await koopmark.plot(canvas, maps(points));
    section.querySelector("figcaption.slice").textContent = mapped
      ? `A slice through the mean of the test states along x${grid[0].i} and x${grid[0].j}, the directions in which φ varies most, each from its 5th to its 95th percentile${complex ? "; real parts" : ""}. All three maps have the same levels, those of the exact one.`
      : grid.length
        ? "No map: the functions of this method need several consecutive states, or have no value on the slice."
        : "No map: the state has one coordinate.";
    fill(section.querySelector("table.points"), points, complex);
  };

  const csv = async (section) => {
    const { frame, own, method } = await find(section);
    const points = own ? pointsOf(frame, own) : [];
    const column = (of) => points.map(of);
    const parts = {
      exact_re: (p) => p.re,
      difference_re: (p) => p.dre,
      recovered_re: (p) => p.rre,
      ...(frame.im || own?.im
        ? { exact_im: (p) => p.im, difference_im: (p) => p.dim, recovered_im: (p) => p.rim }
        : {}),
    };
    const places = ["part", "trajectory", "time", "i", "j", "x_i", "x_j"];
    return {
      name: `eigenfunction ${frame.dataset} ${frame.target} ${method} seed ${frame.seed}`,
      text: koopmark.csv({
        dataset: column(() => frame.dataset),
        seed: column(() => frame.seed),
        target: column(() => frame.target),
        method: column(() => method),
        ...Object.fromEntries(places.map((name) => [name, column((p) => p[name])])),
        ...Object.fromEntries(Object.entries(parts).map(([name, of]) => [name, column(of)])),
      }),
    };
  };

  koopmark.section("eigenfunctions", { draw, csv });
}
