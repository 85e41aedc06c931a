// Figures that Python made: a canvas with data-figure shows the one of its section's group.
for (const section of document.querySelectorAll("section[data-figures]")) {
  koopmark.section(section.id, {
    async draw() {
      const figures = await koopmark.data(`figures-${section.dataset.figures}`);
      for (const canvas of section.querySelectorAll(".canvas[data-figure]")) {
        await koopmark.plot(canvas, structuredClone(figures[canvas.dataset.figure]));
      }
    },
  });
}
