// Everything about one fit, in a panel with the address #fit=ID.
{
  const { number, format, make, list } = koopmark;
  const dialog = document.getElementById("fit");
  const about = dialog.querySelector(".about");
  const selects = Object.fromEntries([...dialog.querySelectorAll("select")].map((select) => [select.name, select]));

  const score = (key, value) => {
    const exact = number(value);
    return make(
      "span",
      format.score(key, exact),
      Number.isNaN(exact) ? {} : { "data-value": value, "data-column": key, title: value },
    );
  };
  const numeric = (keys, fits, i, columns) =>
    keys.map((key) => [columns[key] ? columns[key].title : key.replaceAll("_", " "), score(key, fits[key][i])]);

  const options = (text) => {
    let parsed;
    try {
      parsed = JSON.parse(text || "{}");
    } catch {
      return make("code", text);
    }
    const flat = (value, path) =>
      value && typeof value === "object" && !Array.isArray(value)
        ? Object.entries(value).flatMap(([key, inner]) => flat(inner, path ? `${path}.${key}` : key))
        : [[path, JSON.stringify(value)]];
    const pairs = flat(parsed, "");
    return pairs.length && pairs[0][0] ? list(pairs) : make("p", "none");
  };

  // As a POSIX shell reads it.
  const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);
  const command = (run, fits, i) => {
    const use = run.uses[fits.method[i]] ?? "";
    const own = use.includes(":") ? ["--method", use] : [];
    const words = [
      "koopmark",
      "run",
      run.suite,
      ...own,
      "--only",
      fits.method[i],
      "--dataset",
      fits.dataset[i],
      "--seed",
      String(fits.seed[i]),
    ];
    return words.map(quoted).join(" ");
  };

  const scoresOfTargets = (targets, mine, columns, symbol) => {
    const keys = [
      "eigenvalue_error",
      "eigenvalue_error_relative",
      "eigenvalue_error_mean",
      "eigenfunction_error",
      "eigenfunction_error_rms",
      "cluster_excess",
      "oracle_floor",
      "oracle_floor_in_sample",
    ];
    // Under noise: the floor, and by how many times the error is above it.
    const floors = {
      statistical_floor_eigenvalue: "eigenvalue_error_relative",
      statistical_floor: "eigenfunction_error",
    };
    const noisy = Object.keys(floors).filter((key) => mine.some((t) => Number.isFinite(number(targets[key][t]))));
    keys.push(...noisy);
    // Under inputs, of methods that use them.
    if (mine.some((t) => Number.isFinite(number(targets.gain_error?.[t] ?? null)))) keys.splice(5, 0, "gain_error");
    const times = (key, t) => {
      const ratio = noisy.includes(key) ? number(targets[floors[key]][t]) / number(targets[key][t]) : NaN;
      return Number.isFinite(ratio) ? ` (error ${format.plain(ratio)} times that)` : "";
    };
    const table = make("table");
    const head = make("tr");
    head.append(make("th", "target", { scope: "col", class: "first" }));
    for (const key of keys)
      head.append(
        make("th", columns[key] ? columns[key].title : key.replaceAll("_", " "), { scope: "col", class: "number" }),
      );
    const body = make("tbody");
    for (const t of mine) {
      const row = make("tr");
      row.append(make("th", `${symbol} = ${targets.target[t]}`, { scope: "row", class: "first" }));
      for (const key of keys) {
        const cell = make("td", "", { class: "number" });
        cell.append(score(key, targets[key][t]), times(key, t));
        row.append(cell);
      }
      if (targets.notes[t]) row.title = targets.notes[t];
      body.append(row);
    }
    const thead = make("thead");
    thead.append(head);
    table.append(thead, body);
    const scroll = make("div", "", {
      class: "scroll",
      tabindex: "0",
      role: "region",
      "aria-label": "Scores of each target",
    });
    scroll.append(table);
    return scroll;
  };

  const eigenvalues = (pairs, i, symbol) => {
    const all = [];
    for (let j = pairs.start[i]; j < pairs.start[i + 1]; j += 1)
      all.push({
        re: number(pairs.eigenvalue_re[j]),
        im: number(pairs.eigenvalue_im[j]),
        residual: number(pairs.residual[j]),
        training: number(pairs.training_residual[j]),
      });
    all.sort((a, b) => a.residual - b.residual || 0);
    const table = make("table");
    const titles = [`Re ${symbol}`, `Im ${symbol}`, "residual", "training residual"];
    const line = make("tr");
    line.append(...titles.map((title) => make("th", title, { scope: "col", class: "number" })));
    table.createTHead().append(line);
    const body = make("tbody");
    for (const pair of all.slice(0, 50)) {
      const row = make("tr");
      for (const x of [pair.re, pair.im])
        row.append(make("td", Number.isFinite(x) ? x.toPrecision(8) : String(x), { class: "number", title: x }));
      for (const x of [pair.residual, pair.training])
        row.append(make("td", format.scientific(x), { class: "number", title: x }));
      body.append(row);
    }
    table.append(body);
    const scroll = make("div", "", {
      class: "scroll",
      tabindex: "0",
      role: "region",
      "aria-label": "Recovered eigenpairs",
    });
    scroll.append(table);
    const details = make("details");
    const count =
      all.length > 50
        ? `${all.length} eigenpairs recovered: the 50 with the smallest residuals`
        : `${all.length} ${all.length === 1 ? "eigenpair" : "eigenpairs"} recovered, by residual`;
    details.append(make("summary", count), scroll);
    return all.length ? details : make("p", "No eigenpair was recovered.");
  };

  const heading = (text) => make("h3", text);
  // Of a flow that is seen whole and has no inputs nothing more is said.
  const telling = (key, fits, i) => fits[key][i] !== null && fits[key][i] !== (key === "channels" ? fits.n[i] : 0);

  const show = async (i) => {
    const [fits, targets, pairs, columns, run] = await Promise.all(
      ["fits", "targets", "eigenpairs", "columns", "run"].map(koopmark.data),
    );
    const ok = fits.status[i] === "ok";
    const symbol = koopmark.symbol(run, fits.dataset[i]);
    const status = make("span", fits.status[i].replaceAll("_", " "), { class: ok ? "status" : "status bad" });
    const said = [
      ["method", koopmark.cardLink("method", fits.method[i])],
      ["dataset", koopmark.cardLink("dataset", fits.dataset[i])],
      ["status", status],
    ];
    for (const key of ["reason", "notes"]) if (fits[key][i]) said.push([key, fits[key][i]]);
    if (fits.output[i]) said.push(["last output", make("pre", fits.output[i])]);
    const mine = koopmark.rows(targets, (t) => targets.fit_id[t] === fits.fit_id[i]);
    const versions = [
      ["library", `${fits.library[i]} ${fits.library_version[i]}`],
      ["fit", make("code", fits.fit_id[i])],
    ];
    const level = fits.family[i] ? [["sweep", `${fits.family[i]}, ${fits.axis[i]} ${fits.level_text[i]}`]] : [];
    const repeat = command(run, fits, i);
    const copy = koopmark.button("Copy", () => {
      // Pages from files may not be given the clipboard: the command is then selected.
      getSelection().selectAllChildren(shell.querySelector("code"));
      const copied = navigator.clipboard ? navigator.clipboard.writeText(repeat) : Promise.reject();
      copied.then(
        () => {
          copy.textContent = "Copied";
        },
        () => {
          copy.textContent = "Selected";
        },
      );
    });
    const known = ["n", ...["channels", "inputs", "alpha"].filter((key) => telling(key, fits, i))];
    const shell = make("p", "", { class: "command" });
    shell.append(make("code", repeat), " ", copy);
    dialog.querySelector("#fit-title").textContent = fits.method[i];
    about.replaceChildren(
      list(said),
      heading("Repeat this fit"),
      shell,
      heading("Options"),
      options(fits.options[i]),
      list(versions),
      heading("Data"),
      list([
        ...level,
        ...numeric([...known, "rank", "noise", "dt", "train_trajectories", "horizon"], fits, i, columns),
      ]),
      ...(ok
        ? [
            heading("Scores and cost"),
            list(numeric(run.scores, fits, i, columns)),
            heading("Target by target"),
            scoresOfTargets(targets, mine, columns, symbol),
            heading("Eigenpairs"),
            eigenvalues(pairs, i, symbol),
          ]
        : []),
    );
  };

  const fill = (select, values, chosen) => {
    select.replaceChildren(...values.map((value) => new Option(value, value)));
    select.value = chosen;
  };
  const where = (fits, keep) => koopmark.rows(fits, keep);
  const pick = (fits, i, known) => {
    const [method, dataset] = [fits.method[i], fits.dataset[i]];
    fill(selects.method, Object.keys(known), method);
    fill(
      selects.dataset,
      [...new Set(where(fits, (k) => fits.method[k] === method).map((k) => fits.dataset[k]))],
      dataset,
    );
    fill(
      selects.seed,
      where(fits, (k) => fits.method[k] === method && fits.dataset[k] === dataset).map((k) => String(fits.seed[k])),
      String(fits.seed[i]),
    );
  };

  // The fit with these choices, or the one that has most of them.
  const nearest = (fits, { method, dataset, seed }) => {
    const likeness = (k) =>
      4 * (fits.method[k] === method) + 2 * (fits.dataset[k] === dataset) + (String(fits.seed[k]) === seed);
    return fits.method.reduce((best, _, k) => (likeness(k) > likeness(best) ? k : best), 0);
  };

  const open = async (id) => {
    const [fits, known] = await Promise.all(["fits", "methods"].map(koopmark.data));
    const i = fits.fit_id.findIndex((one) => one.startsWith(id));
    if (i >= 0) {
      pick(fits, i, known);
      await show(i);
      return;
    }
    dialog.querySelector("#fit-title").textContent = "No such fit";
    about.replaceChildren(
      make(
        "p",
        `No fit of this run has an identifier that begins with ${id}. Its library, its data or koopmark may have changed since the link was made.`,
      ),
    );
    pick(fits, 0, known);
  };

  koopmark.openFit = (id) => {
    location.hash = `fit=${id}`;
  };
  koopmark.panel(dialog, { fit: open });
  dialog.addEventListener("change", async () => {
    const fits = await koopmark.data("fits");
    const choice = Object.fromEntries(Object.entries(selects).map(([name, select]) => [name, select.value]));
    koopmark.openFit(fits.fit_id[nearest(fits, choice)]);
  });

  // A number in a table of methods and datasets leads to the fits behind it.
  document.addEventListener("click", async ({ target }) => {
    const cell = target.closest("td.grid");
    const table = cell?.closest("table.sortable");
    if (!table) return;
    const { dataset } = table.tHead.rows[0].cells[cell.cellIndex].dataset;
    const { method } = cell.parentElement.dataset;
    const fits = await koopmark.data("fits");
    const mine = where(fits, (k) => fits.dataset[k] === dataset && fits.method[k] === method);
    if (!mine.length) return;
    koopmark.openFit(fits.fit_id[mine.find((k) => fits.status[k] !== "ok") ?? mine[0]]);
  });
}
