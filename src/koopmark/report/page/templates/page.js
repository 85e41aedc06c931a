"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 46rem)");

  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    return { ink: value("--ink"), soft: value("--soft"), grid: value("--grid"), line: value("--line"), raised: value("--raised") };
  };

  // Plotly's own defaults suit a white page: give text, grids and exact values the page's colours.
  const themed = (figure, colours) => {
    const layout = figure.layout;
    const axis = { gridcolor: colours.grid, zerolinecolor: colours.line, linecolor: colours.line, tickcolor: colours.line, showgrid: true, tickfont: { size: 12 } };
    layout.font = { ...layout.font, family: getComputedStyle(document.body).fontFamily, size: 13, color: colours.ink };
    layout.hoverlabel = { ...layout.hoverlabel, bgcolor: colours.raised, bordercolor: colours.line, font: { color: colours.ink, size: 12 } };
    for (const holder of [layout, layout.scene || {}]) {
      for (const name of Object.keys(holder).filter((key) => /^[xyz]axis/.test(key))) {
        holder[name] = { ...axis, ...holder[name] };
        holder[name].title = { ...holder[name].title, font: { size: 13, color: colours.soft } };
      }
    }
    layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: colours.soft, activecolor: colours.ink };
    if (layout.coloraxis) layout.coloraxis.colorbar.tickfont = { color: colours.ink };
    layout.legend = narrow.matches
      ? { orientation: "h", x: 0, xref: "container", y: 0.01, yref: "container", yanchor: "bottom", font: { size: 11 }, ...layout.legend }
      : { x: 1.02, y: 1, font: { size: 12 }, ...layout.legend };
    for (const trace of figure.data) {
      if (trace.meta && trace.meta.role === "ink") {
        if (trace.marker) { trace.marker.color = colours.ink; trace.textfont = { color: colours.ink, size: 13 }; }
        if (trace.line) trace.line.color = colours.ink;
      }
    }
    return figure;
  };

  const options = (section) => Object.fromEntries(
    [...section.querySelectorAll("select[data-option]")].map((select) => [select.dataset.option, select.value]));
  const key = (section) => [...section.querySelectorAll("select[data-key]")].map((select) => select.value).join("|");

  // The recovered eigenvalues carry both colourings; the picker says which one is meant.
  const coloured = (figure, colour) => {
    if (colour !== "residual") return figure;
    for (const trace of figure.data) {
      if (trace.meta && trace.meta.role === "recovered") {
        delete trace.marker.color;
        trace.marker = { ...trace.marker, color: trace.meta.log_residual, coloraxis: "coloraxis" };
      }
    }
    // What obeys the dynamics is drawn on top.
    figure.data.sort((a, b) => (b.meta.typical ?? Infinity) - (a.meta.typical ?? Infinity));
    // A legend has one colour per method, which is not what colour means now.
    figure.layout.showlegend = false;
    figure.layout.coloraxis.showscale = true;
    return figure;
  };

  const only = (figure, method) => {
    if (!method) return figure;
    for (const trace of figure.data) {
      if (trace.meta && trace.meta.role === "recovered" && trace.name !== method) trace.visible = "legendonly";
    }
    return figure;
  };

  const draw = (section) => {
    const group = section.dataset.group;
    const chosen = key(section);
    for (const part of section.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== chosen;
    for (const canvas of section.querySelectorAll(".canvas")) {
      const source = (figures[group] || {})[canvas.dataset.figure ?? chosen];
      if (!source) continue;
      const { method, colour } = options(section);
      const figure = themed(only(coloured(structuredClone(source), colour), method), theme());
      const layout = figure.layout;
      // On a phone the legend is below the figure and must not take its room.
      canvas.style.height = narrow.matches && !layout.scene ? `${340 + 19 * figure.data.length}px` : "";
      Plotly.react(canvas, figure.data, layout, { responsive: true, displaylogo: false, modeBarButtons: [layout.scene ? ["toImage", "resetCameraDefault3d"] : ["toImage", "zoom2d", "pan2d", "resetScale2d"]] });
    }
  };

  const sections = [...document.querySelectorAll("[data-group]")];
  const drawAll = () => sections.forEach(draw);
  for (const section of sections) {
    section.addEventListener("change", () => draw(section));
  }
  for (const link of document.querySelectorAll("a[data-pick]")) {
    link.addEventListener("click", () => {
      const section = document.querySelector(link.getAttribute("href"));
      section.querySelector("select[data-key]").value = link.dataset.pick;
      draw(section);
    });
  }
  // Hovering a number shows all of its digits.
  for (const cell of document.querySelectorAll("td[data-value]:not([title])")) {
    cell.title = cell.dataset.value;
  }
  dark.addEventListener("change", drawAll);
  narrow.addEventListener("change", drawAll);
  drawAll();
})();
