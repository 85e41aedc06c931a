// Trajectories in three dimensions, in x and in y = Uᵀx, with a dot on each at the chosen time.
{
  const ABOVE = "#4477aa";
  const BELOW = "#e07b00";
  const SECONDS = 5; // How long the whole time takes to play.

  const joined = (lines, axis) => lines.flatMap((line) => [...line.map((point) => point[axis]), null]);
  const axisOf = (lines, axis, time) => lines.map((line) => line[time][axis]);

  // The part of the plane that the trajectories, projected on it, reach.
  const plane = (lines, basis) => {
    const [first, second] = [0, 1].map((column) => basis.map((row) => row[column]));
    const along = (vector) =>
      Math.max(...lines.flat().map((p) => Math.abs(p[0] * vector[0] + p[1] * vector[1] + p[2] * vector[2])));
    const [a, b] = [along(first), along(second)];
    const at = (axis) => [-1, 1].map((s) => [-1, 1].map((t) => s * a * first[axis] + t * b * second[axis]));
    return {
      type: "surface",
      x: at(0),
      y: at(1),
      z: at(2),
      opacity: 0.3,
      showscale: false,
      showlegend: true,
      name: "attracting plane",
      colorscale: [
        [0, "#7f8ea3"],
        [1, "#7f8ea3"],
      ],
      hoverinfo: "skip",
    };
  };

  const figure = ({ x, y, U }, name, time) => {
    const lines = name === "x" ? x : y;
    const basis =
      name === "x"
        ? U
        : [
            [1, 0, 0],
            [0, 1, 0],
            [0, 0, 1],
          ];
    const side = (above) => lines.filter((_, i) => y[i][0][2] > 0 === above);
    const paths = [
      [true, ABOVE, "start above"],
      [false, BELOW, "start below"],
    ].map(([above, color, title]) => ({
      type: "scatter3d",
      mode: "lines",
      name: title,
      hoverinfo: "skip",
      line: { color, width: 3 },
      x: joined(side(above), 0),
      y: joined(side(above), 1),
      z: joined(side(above), 2),
    }));
    const dots = {
      type: "scatter3d",
      mode: "markers",
      name: "at time t",
      meta: { role: "ink" },
      marker: { size: 3.5 },
      x: axisOf(lines, 0, time),
      y: axisOf(lines, 1, time),
      z: axisOf(lines, 2, time),
      hovertemplate: "(%{x:.3g}, %{y:.3g}, %{z:.3g})<extra></extra>",
    };
    const axis = (i) => ({ title: { text: `${name}${"₁₂₃"[i]}` }, showbackground: false, nticks: 6 });
    return {
      data: [plane(lines, basis), ...paths, dots],
      layout: {
        margin: { l: 0, r: 0, t: 0, b: 0 },
        showlegend: true,
        uirevision: "kept",
        legend: { orientation: "h", x: 0.02, y: 0, yanchor: "bottom", xref: "paper", yref: "paper" },
        scene: {
          xaxis: axis(0),
          yaxis: axis(1),
          zaxis: axis(2),
          aspectmode: "data",
          domain: { x: [0, 1], y: [0.1, 1] },
          camera: {
            eye: name === "x" ? { x: 1.7, y: -1.6, z: 0.7 } : { x: 1.35, y: -1.25, z: 0.65 },
            center: { x: 0, y: 0, z: -0.12 },
          },
        },
      },
    };
  };

  const section = document.getElementById("space");
  const slider = section.querySelector("input");
  const play = section.querySelector(".play");
  const canvases = [...section.querySelectorAll(".canvas")];

  const place = (times) =>
    times.reduce((best, t, i) => (Math.abs(t - slider.value) < Math.abs(times[best] - slider.value) ? i : best), 0);

  const move = async () => {
    section.querySelector("output").textContent = `t = ${Number(slider.value).toFixed(1)}`;
    const [all, Plotly] = await Promise.all([koopmark.data("trajectories"), koopmark.plotly()]);
    const time = place(all.times);
    for (const canvas of canvases.filter((one) => one.data)) {
      const lines = all[canvas.dataset.coordinates];
      const [x, y, z] = [0, 1, 2].map((axis) => [axisOf(lines, axis, time)]);
      await Plotly.restyle(canvas, { x, y, z }, [3]);
    }
  };

  let playing = false;
  const stop = () => {
    playing = false;
    play.textContent = "Play";
  };
  const step = async (began, from) => {
    if (!playing) return;
    const share = (performance.now() - began) / (1000 * SECONDS);
    slider.value = Math.min(from + share * slider.max, slider.max);
    await move();
    if (Number(slider.value) >= Number(slider.max)) stop();
    else requestAnimationFrame(() => step(began, from));
  };
  play.addEventListener("click", () => {
    if (playing) return stop();
    playing = true;
    play.textContent = "Pause";
    const from = Number(slider.value) >= Number(slider.max) ? 0 : Number(slider.value);
    return step(performance.now(), from);
  });
  slider.addEventListener("input", () => {
    stop();
    move();
  });

  const draw = async () => {
    const all = await koopmark.data("trajectories");
    for (const canvas of canvases)
      await koopmark.plot(canvas, figure(all, canvas.dataset.coordinates, place(all.times)));
  };

  const csv = async () => {
    const { times, x, y } = await koopmark.data("trajectories");
    const columns = { trajectory: x.flatMap((line, i) => line.map(() => i)), time: x.flatMap(() => times) };
    for (const [name, lines] of [
      ["x", x],
      ["y", y],
    ]) {
      for (const axis of [0, 1, 2])
        columns[`${name}${axis + 1}`] = lines.flatMap((line) => line.map((point) => point[axis]));
    }
    return { name: "trajectories", text: koopmark.csv(columns) };
  };

  koopmark.section("space", { draw, csv });
}
