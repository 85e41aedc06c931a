// The page's data: decompressed when they are first asked for, and once.
koopmark.TooOld = class extends Error {};

koopmark.data = (() => {
  const decoded = new Map();

  const decode = async (name) => {
    if (!window.DecompressionStream) {
      throw new koopmark.TooOld("this browser is too old: Chrome 80, Firefox 113 and Safari 16.4 can");
    }
    const element = document.getElementById(`data-${name}`);
    if (!element) throw new Error(`the page has no data called ${name}`);
    const packed = atob(element.textContent);
    const bytes = new Uint8Array(packed.length);
    for (let i = 0; i < packed.length; i += 1) bytes[i] = packed.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return await new Response(stream).json();
  };

  return (name) => {
    if (!decoded.has(name)) decoded.set(name, decode(name));
    return decoded.get(name);
  };
})();

koopmark.number = (value) => (value === null || value === undefined ? NaN : Number(value));

koopmark.plotly = (() => {
  let loaded;
  const load = async () => {
    const script = document.createElement("script");
    script.textContent = await koopmark.data("plotly");
    document.head.append(script);
    return window.Plotly;
  };
  return () => {
    loaded ??= load();
    return loaded;
  };
})();

// What a figure or a table shows, as a file.
koopmark.csv = (columns) => {
  const field = (value) => {
    const number = typeof value === "number";
    const text =
      value === null || value === undefined || (number && Number.isNaN(value))
        ? ""
        : number && !Number.isFinite(value)
          ? value > 0
            ? "inf"
            : "-inf"
          : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const names = Object.keys(columns);
  const lines = [names.map(field).join(",")];
  const count = names.length ? columns[names[0]].length : 0;
  for (let i = 0; i < count; i += 1) lines.push(names.map((name) => field(columns[name][i])).join(","));
  return `${lines.join("\n")}\n`;
};

koopmark.save = ({ name, text }) => {
  const link = document.createElement("a");
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.href = address;
  link.download = `${name.replace(/[^\w.=-]+/g, "_").slice(0, 120)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
};

koopmark.button = (text, act) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", act);
  return button;
};

koopmark.download = (section, csv) => {
  const place = section.querySelector(".downloads");
  if (place) place.append(koopmark.button("Download CSV", async () => koopmark.save(await csv())));
};
