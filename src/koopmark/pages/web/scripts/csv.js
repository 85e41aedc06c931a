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
