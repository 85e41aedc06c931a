// The table of errors as a file.
koopmark.section("errors", {
  async csv() {
    const scores = await koopmark.data("scores");
    const columns = Object.fromEntries(
      Object.entries(scores).map(([name, values]) => [
        name,
        values.map((value) => ({ Infinity: Infinity, "-Infinity": -Infinity })[value] ?? value),
      ]),
    );
    return { name: "recovered", text: koopmark.csv(columns) };
  },
});
