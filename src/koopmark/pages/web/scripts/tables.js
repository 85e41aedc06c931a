// Tables sort by their headers, filter by method, library and status, and can be saved.
{
  const text = (cell) => cell.textContent.trim().replace(/\s+/g, " ");
  const content = (cell) => cell.dataset.value ?? text(cell);
  const methodOf = (row) => row.dataset.method ?? content(row.cells[0]);

  // Numbers by their exact value, then text, then what is missing, in either direction.
  const sortKey = (cell, column) => {
    if (column === 0) return { kind: 1, value: methodOf(cell.parentElement) };
    const value = content(cell);
    if (value === "" || value === "–" || cell.classList.contains("missing")) return { kind: 2, value: "" };
    const number = { inf: Infinity, "-inf": -Infinity }[value] ?? Number(value.split("/")[0]);
    return Number.isNaN(number) ? { kind: 1, value } : { kind: 0, value: number };
  };

  const order = (table, column, direction) => {
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
      const keyed = rows.map((row) => ({ row, key: sortKey(row.cells[column], column) }));
      keyed.sort(({ key: a }, { key: b }) => {
        if (a.kind !== b.kind) return a.kind - b.kind;
        const by = a.kind === 0 ? a.value - b.value || 0 : a.value.localeCompare(b.value);
        return a.kind === 2 ? 0 : direction * by;
      });
      body.append(...keyed.map(({ row }) => row));
    }
  };

  // For screen readers, few of which read a new aria-sort aloud.
  const said = Object.assign(document.createElement("div"), { className: "unseen" });
  said.setAttribute("role", "status");
  document.querySelector("main").append(said);

  const sortable = (table) => {
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const title = text(cell);
      const button = koopmark.button("", () => {
        const direction = cell.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
        order(table, column, direction);
        said.textContent = `Sorted by ${title}, ${cell.getAttribute("aria-sort")}`;
      });
      const link = cell.querySelector("a");
      button.className = "sort";
      if (link) {
        button.setAttribute("aria-label", `Sort by ${title}`);
        cell.append(" ", button);
      } else {
        button.append(...cell.childNodes);
        cell.append(button);
      }
    });
  };

  const choice = (label, all, values, act) => {
    const place = document.createElement("label");
    const select = document.createElement("select");
    select.append(new Option(all, ""), ...values.map((value) => new Option(value, value)));
    select.addEventListener("change", act);
    place.append(`${label} `, select);
    return { place, select };
  };

  const tools = (table) => {
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.dataset.method !== undefined);
    const bar = document.createElement("div");
    bar.className = "tools";
    const name = table.closest("[aria-label]").getAttribute("aria-label");
    const search = Object.assign(document.createElement("input"), { type: "search", placeholder: "Filter methods" });
    search.setAttribute("aria-label", `Filter methods: ${name}`);
    const status = (row) => (row.querySelector(".status") ? text(row.querySelector(".status")) : "");
    const values = (of) => [...new Set(rows.map(of))].filter(Boolean).sort();
    const count = document.createElement("span");
    count.setAttribute("role", "status");
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const all = `${row.dataset.method} ${row.dataset.library} ${status(row)}`.toLowerCase();
        row.hidden = !(
          words.every((word) => all.includes(word)) &&
          (!libraries.select.value || row.dataset.library === libraries.select.value) &&
          (!statuses.select.value || status(row) === statuses.select.value)
        );
        shown += !row.hidden;
      }
      count.textContent = shown < rows.length ? `${shown} of ${rows.length} rows` : "";
    };
    const libraries = choice(
      "Library",
      "all",
      values((row) => row.dataset.library),
      filter,
    );
    const statuses = choice("Status", "all", values(status), filter);
    search.addEventListener("input", filter);
    bar.append(search);
    if (libraries.select.options.length > 2) bar.append(libraries.place);
    if (statuses.select.options.length > 2) bar.append(statuses.place);
    bar.append(
      koopmark.button("Download CSV", () => koopmark.save({ name, text: koopmark.tableCsv(table) })),
      count,
    );
    table.closest(".scroll").before(bar);
  };

  // All rows, as they stand; of tables with groups, the group of each row in front.
  koopmark.tableCsv = (table) => {
    const titles = [...table.tHead.rows[0].cells].map(text);
    const columns = Object.fromEntries(titles.map((title) => [title, []]));
    const groups = [];
    for (const body of table.tBodies) {
      const group = body.querySelector("tr.group th");
      for (const row of body.rows) {
        if (row.classList.contains("group")) continue;
        groups.push(group ? text(group) : "");
        for (const [i, title] of titles.entries()) {
          columns[title].push(i ? content(row.cells[i]).replace(/^–$/, "") : methodOf(row));
        }
      }
    }
    return koopmark.csv(groups.some(Boolean) ? { group: groups, ...columns } : columns);
  };

  // A large run has hundreds of tables: each is made ready when it is first seen.
  const ready = new WeakSet();
  const prepare = (table) => {
    if (ready.has(table) || table.closest("[hidden]")) return;
    ready.add(table);
    sortable(table);
    if (table.querySelector("tr[data-method]")) tools(table);
  };
  for (const section of document.querySelectorAll("main section[id]")) {
    section.addEventListener("shown", () => section.querySelectorAll("table.sortable").forEach(prepare));
  }
}
