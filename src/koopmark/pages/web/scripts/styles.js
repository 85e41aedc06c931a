// The look of a method, the same in all figures.
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

koopmark.logAxis = (title) => ({ title: { text: title }, type: "log", exponentformat: "power", dtick: 2 });
