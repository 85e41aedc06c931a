// Plotly's own defaults suit a white page: text, grids and exact values get the page's colours.
koopmark.colours = () => {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "soft", "grid", "line", "raised", "accent"];
  const colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { ...colours, dark: style.getPropertyValue("--dark").trim() === "1" };
};

// Texts of ticks that are powers of ten, as Plotly writes its own; if others are among them, all stay.
koopmark.powers = (texts) => {
  const exponents = texts.map((text) => Math.log10(Number(text)));
  const numbers = exponents.filter(Number.isFinite);
  if (!numbers.every(Number.isInteger) || !numbers.some((k) => k < -1 || k > 2)) return texts;
  return texts.map((text, i) =>
    exponents[i] && Number.isFinite(exponents[i]) ? `10<sup>${exponents[i]}</sup>` : text,
  );
};

koopmark.themed = (figure) => {
  const colours = koopmark.colours();
  // One notation: powers of ten on logarithmic axes, plain numbers on others unless they get long.
  const ticks = (log) => ({ exponentformat: "power", minexponent: log ? 0 : 5 });
  const layout = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", ...figure.layout };
  const axis = {
    gridcolor: colours.grid,
    zerolinecolor: colours.line,
    linecolor: colours.line,
    tickcolor: colours.line,
    showgrid: true,
    tickfont: { size: 12 },
  };
  layout.margin ??= { l: 70, r: 16, t: 34, b: 64 };
  layout.font = { ...layout.font, family: getComputedStyle(document.body).fontFamily, size: 13, color: colours.ink };
  layout.hovermode ??= "closest";
  layout.hoverlabel = {
    align: "left",
    namelength: -1,
    ...layout.hoverlabel,
    bgcolor: colours.raised,
    bordercolor: colours.line,
    font: { color: colours.ink, size: 12 },
  };
  for (const holder of [layout, layout.scene || {}]) {
    for (const name of Object.keys(holder).filter((key) => /^[xyz]axis/.test(key) && holder[key])) {
      holder[name] = { automargin: true, ...axis, ...ticks(holder[name].type === "log"), ...holder[name] };
      if (holder[name].type === "log" && holder[name].ticktext)
        holder[name].ticktext = koopmark.powers(holder[name].ticktext);
      const title = { ...holder[name].title, font: { size: 13, color: colours.soft } };
      // Plotly breaks no lines of its own accord.
      if (koopmark.narrow.matches && title.text) title.text = title.text.replace(/[ ,]*\(/, "<br>(");
      holder[name].title = title;
    }
  }
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: colours.soft, activecolor: colours.ink };
  const [below, beside] = [
    { orientation: "h", x: 0, xref: "container", y: 0.01, yref: "container", yanchor: "bottom", font: { size: 11 } },
    { x: 1.02, y: 1, font: { size: 12 } },
  ];
  layout.legend = { ...(koopmark.narrow.matches ? below : beside), ...layout.legend };
  const data = figure.data.map((trace) => {
    if (trace.marker?.colorbar) {
      const font = { color: colours.ink, size: 12 };
      const { colorbar } = trace.marker;
      return {
        ...trace,
        marker: { ...trace.marker, colorbar: { ...colorbar, tickfont: font, title: { ...colorbar.title, font } } },
      };
    }
    if (!trace.meta || trace.meta.role !== "ink") return trace;
    const inked = { ...trace, textfont: { color: colours.ink, size: 13 } };
    if (trace.marker) inked.marker = { ...trace.marker, color: colours.ink };
    if (trace.line) inked.line = { ...trace.line, color: colours.ink };
    return inked;
  });
  return { data, layout };
};

koopmark.plotted = new Map();

koopmark.plot = async (canvas, figure) => {
  await koopmark.plotly();
  koopmark.plotted.set(canvas, figure);
  // It is no image any more: it has buttons, and a legend that switches.
  canvas.setAttribute("role", "group");
  // Plotly leaves the old scale of colours, and its margin, where the new one lies the other way.
  const bar = figure.data.map((trace) => trace.colorbar ?? trace.marker?.colorbar).find(Boolean);
  const lies = bar ? (bar.orientation ?? "v") : "none";
  if ((canvas.dataset.scale ?? lies) !== lies) Plotly.purge(canvas);
  canvas.dataset.scale = lies;
  await koopmark.plotNow(canvas, figure);
};

koopmark.plotNow = (canvas, figure, size = {}) => {
  const themed = koopmark.themed(figure);
  const [data, layout] = [themed.data, { ...themed.layout, ...size }];
  // On a phone the legend is below the figure and must not take its room.
  const listed = layout.showlegend === false ? 0 : data.filter((trace) => trace.showlegend !== false).length;
  canvas.style.height = koopmark.narrow.matches && !layout.scene ? `${340 + 19 * Math.min(listed, 24)}px` : "";
  const buttons = layout.scene ? ["toImage", "resetCameraDefault3d"] : ["toImage", "zoom2d", "pan2d", "resetScale2d"];
  return Plotly.react(canvas, data, layout, { responsive: true, displaylogo: false, modeBarButtons: [buttons] });
};

// On paper: light figures of the width of a page, and nothing folded away.
{
  const PAGE = { width: 960, height: 460, autosize: false };
  let unfolded = [];

  addEventListener("beforeprint", () => {
    document.documentElement.dataset.print = "";
    unfolded = [...document.querySelectorAll("main details:not([open])")];
    for (const details of unfolded) details.open = true;
    for (const [canvas, figure] of koopmark.plotted) koopmark.plotNow(canvas, figure, PAGE);
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.print;
    for (const details of unfolded) details.open = false;
    for (const [canvas, figure] of koopmark.plotted) koopmark.plotNow(canvas, figure);
  });
}
