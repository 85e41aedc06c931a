// Numbers as the tables write them (see numbers.py), and what figures of methods share.
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
  const FACTS = [
    "n",
    "rank",
    "channels",
    "inputs",
    "alpha",
    "noise",
    "dt",
    "train_trajectories",
    "horizon",
    "recovered",
    "window",
    "pairs_used",
    "pairs",
    "cluster_excess",
  ];
  // Which scores are written so is said by their columns in Python.
  const plainly = new Set([...koopmark.plainScores, ...FACTS]);
  const digit = (x) => (Number.isFinite(x) ? x.toFixed(1) : MISSING);
  const percent = (x) => {
    if (!Number.isFinite(x)) return MISSING;
    const whole = Math.floor(100 * x + 0.5 + 1e-9);
    return x > 0 && x < 0.005 ? "<1 %" : `${x >= 1 - 1e-9 ? whole : Math.min(whole, 99)} %`;
  };
  const written = {
    fit_seconds: seconds,
    digits: digit,
    possible: digit,
    found: percent,
    reach: percent,
    yield: percent,
  };
  const score = (key, x) => (written[key] ?? (plainly.has(key) ? plain : scientific))(x);
  return { scientific, plain, seconds, score };
})();

// Plotly reads some HTML in names and hovers.
koopmark.escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

koopmark.LEAST = 1e-16; // Errors are drawn no lower: zero has no place on a logarithmic axis.

// From a table in columns the rows, as indexes, for which `keep` holds.
koopmark.rows = (table, keep) => {
  const [first] = Object.values(table);
  const found = [];
  for (let i = 0; i < (first || []).length; i += 1) if (keep(i)) found.push(i);
  return found;
};

// The methods that take part in comparisons and have the least of what `size` maps them to.
koopmark.best = (methods, size, most) => {
  const others = Object.keys(methods).filter((name) => methods[name].role === "method" && size.has(name));
  others.sort((a, b) => size.get(a) - size.get(b));
  return new Set(others.slice(0, most));
};
