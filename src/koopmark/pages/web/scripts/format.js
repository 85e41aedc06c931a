// Numbers as the tables write them: see numbers.py.
koopmark.format = (() => {
  const MISSING = "–";
  const odd = (x) => (Number.isNaN(x) ? MISSING : x > 0 ? "inf" : "-inf");
  const exponent = (text) => text.replace(/e([+-])(\d)$/, "e$10$2");
  const digits = (x, count) => {
    const text = x.toPrecision(count);
    const short = text.includes("e")
      ? text.replace(/\.?0+e/, "e")
      : text.includes(".")
        ? text.replace(/\.?0+$/, "")
        : text;
    return Math.abs(x) < 1e-4 && x !== 0 ? x.toExponential(count - 1).replace(/\.?0+e/, "e") : short;
  };
  const scientific = (x) => {
    if (!Number.isFinite(x)) return odd(x);
    if (x === 0) return "0";
    const size = Math.abs(x);
    return exponent(size >= 0.1 && size < 99.5 ? x.toPrecision(2) : x.toExponential(1));
  };
  const plain = (x) => (Number.isFinite(x) ? exponent(digits(x, 3)) : odd(x));
  const seconds = (x) => {
    if (!Number.isFinite(x)) return odd(x);
    if (x < 1e-3) return `${plain(1e6 * x)} µs`;
    if (x < 1) return `${plain(1e3 * x)} ms`;
    return x < 120 ? `${plain(x)} s` : `${plain(x / 60)} min`;
  };
  const PLAIN = [
    "n",
    "rank",
    "noise",
    "dt",
    "train_trajectories",
    "horizon",
    "recovered",
    "window",
    "verified",
    "spurious_fraction",
    "precision",
    "judged",
    "recall",
    "rank_error",
    "peak_memory_mb",
    "cluster_excess",
  ];
  const score = (key, x) => (key === "fit_seconds" ? seconds(x) : PLAIN.includes(key) ? plain(x) : scientific(x));
  return { scientific, plain, seconds, score };
})();

// Plotly reads some HTML in names and hovers.
koopmark.escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
