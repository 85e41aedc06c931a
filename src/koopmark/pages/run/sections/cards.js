// What a method is and what a dataset is, in a panel with the address #method=NAME or #dataset=NAME.
{
  const { number, format, make, list, cardLink } = koopmark;
  const dialog = document.getElementById("card");
  const about = dialog.querySelector(".about");
  const title = dialog.querySelector("#card-title");
  const BEST = 10;

  const heading = (text) => make("h3", text);
  const linked = (pairs) => {
    const all = make("span");
    pairs.forEach(([text, url], i) => {
      if (i) all.append("; ");
      all.append(url ? make("a", text, { href: url, rel: "noreferrer" }) : text);
    });
    return all;
  };
  // Browsers would break -0.3-2.3i and 1e-06 after a hyphen.
  const unbroken = (text) =>
    text
      .split(/(\S*\d-\S*)/)
      .map((part, i) => (i % 2 ? make("span", part, { class: "whole" }) : part))
      .filter(Boolean);
  // A text in which `names` stand between backticks.
  const prose = (text) => {
    const whole = make("p");
    for (const [i, part] of text.split("`").entries()) whole.append(i % 2 ? make("code", part) : part);
    return whole;
  };
  const said = (pairs) => list(pairs.filter(([, value]) => value && (value.childNodes?.length ?? 1)));

  // Of rows of cells; a cell is a text, an element, or { text, value, column } of a score.
  const table = (label, titles, rows) => {
    const whole = make("table");
    const [head, body] = [make("thead"), make("tbody")];
    const line = make("tr");
    for (const { text, right } of titles) line.append(make("th", text, { scope: "col", class: right ? "number" : "" }));
    line.firstChild.className = "first";
    head.append(line);
    for (const cells of rows) {
      const row = make("tr");
      cells.forEach((cell, i) => {
        const place = i ? make("td") : make("th", "", { scope: "row", class: "first" });
        if (titles[i].right) place.className = "number";
        if (cell?.column) {
          place.textContent = format.score(cell.column, number(cell.value));
          if (cell.value !== null) Object.assign(place.dataset, { value: cell.value, column: cell.column });
        } else if (cell !== undefined && cell !== null) place.append(cell);
        row.append(place);
      });
      body.append(row);
    }
    whole.append(head, body);
    const scroll = make("div", "", { class: "scroll", tabindex: "0", role: "region", "aria-label": label });
    scroll.append(whole);
    return scroll;
  };
  const left = (text) => ({ text });
  const right = (text) => ({ text, right: true });
  const score = (column, value) => ({ column, value });

  // A bar of counted outcomes; the words beside it say the same.
  const bar = (outcomes, counts) => {
    const shares = make("div", "", { class: "shares", "aria-hidden": "true" });
    for (const [place, count] of counts) {
      const [name, , look] = outcomes[place];
      const share = make("span", "", { class: `share ${look}`, title: `${name}: ${count}` });
      share.style.flexGrow = count;
      shares.append(share);
    }
    return shares;
  };
  const FOUND = new Set(["found", "within"]);
  const total = (counts) => counts.reduce((sum, [, count]) => sum + count, 0);
  const foundOf = (outcomes, counts) =>
    `${total(counts.filter(([place]) => FOUND.has(outcomes[place][2])))} of ${total(counts)}`;
  const missed = (outcomes, counts) =>
    counts
      .filter(([place]) => !FOUND.has(outcomes[place][2]))
      .sort((a, b) => b[1] - a[1])
      .map(([place, count]) => `${count} ${outcomes[place][0]}`)
      .join(", ");
  const legend = (outcomes, counts) => {
    const all = make("ul", "", { class: "outcomes" });
    for (const [place, count] of counts) {
      const [name, meaning, look] = outcomes[place];
      const item = make("li", "", { title: meaning });
      item.append(make("span", "", { class: `share ${look}` }), `${count.toLocaleString("en")} ${name}`);
      all.append(item);
    }
    return all;
  };

  // Figures are drawn once the panel is open: before, nothing has a size.
  let pictures = [];
  const figure = (caption, draw, label) => {
    const whole = make("figure");
    const canvas = make("div", "", { class: "canvas", role: "group", "aria-label": label });
    const below = make("figcaption");
    below.append(...caption);
    whole.append(canvas, below);
    pictures.push([canvas, draw]);
    return whole;
  };
  const forget = () => {
    for (const [canvas] of pictures) {
      koopmark.plotted.delete(canvas);
      if (canvas.querySelector(".main-svg")) window.Plotly.purge(canvas);
    }
    pictures = [];
  };
  const drawAll = async () => {
    for (const [canvas, draw] of [...pictures])
      try {
        await koopmark.plot(canvas, await draw());
      } catch (problem) {
        canvas.classList.add("undrawn");
        canvas.textContent = `This figure cannot be drawn (${problem.message}).`;
        if (!(problem instanceof koopmark.TooOld)) console.error(problem);
      }
  };

  const fitLink = (text, id) => make("a", text, { href: `#fit=${id}` });

  // The portrait of the eigenfunction if the page has it, else the spectrum of the fit.
  const picture = async (method, which, one) => {
    const frames = await koopmark.data("eigenfunctions");
    const frame = frames.find(
      (f) => f.dataset === one.dataset && f.seed === one.seed && f.target_index === one.index && f.methods[method],
    );
    const words = frame ? koopmark.portraits.caption(frame, method) : koopmark.spectra.caption;
    return figure(
      [make("strong", `${which}: `), ...unbroken(one.sentence), ` ${words} `, fitLink("Open this fit", one.fit)],
      () => (frame ? koopmark.portraits.small(frame, method) : koopmark.spectra.small(one.dataset, one.fit)),
      `${which} case of ${method}`,
    );
  };

  const method = async (cards, name) => {
    const card = cards.methods[name];
    const fits = await koopmark.data("fits");
    const scores = ["digits", "found", "reach", "yield"];
    const behind = (dataset) => {
      const mine = koopmark.rows(fits, (i) => fits.method[i] === name && fits.dataset[i] === dataset);
      return fits.fit_id[mine.find((i) => fits.status[i] !== "ok") ?? mine[0]];
    };
    const parts = [
      prose(card.summary || "There is no description of this method: it does not come with this version of koopmark."),
      said([
        ["paper", linked(card.papers)],
        ["library", card.library],
        ["options", card.options],
        ["fitted to", card.fitted],
        ["fits", card.fits],
        ["not ranked", card.apart],
      ]),
    ];
    if (card.places.length)
      parts.push(
        heading("Place on each leaderboard"),
        table(
          `Places of ${name}`,
          [left("leaderboard"), right("place"), ...scores.map(right)],
          card.places.map(([place, ...values], i) => [
            cards.boards[i],
            place,
            ...scores.map((key, k) => (values.length ? score(key, values[k]) : "")),
          ]),
        ),
      );
    parts.push(heading("Results by dataset"));
    if (card.rows.some(([, , counts]) => counts.length)) {
      parts.push(
        make("p", `${card.extent}.`, { class: "note" }),
        legend(cards.outcomes, card.outcomes),
        table(
          `Outcomes of ${name} by dataset`,
          [left("dataset"), right("digits"), left("outcomes"), right("found"), left("missed"), left("fit")],
          card.rows.map(([place, digits, counts]) => {
            const dataset = cards.names[place];
            return [
              cardLink("dataset", dataset),
              score("digits", digits),
              bar(cards.outcomes, counts),
              foundOf(cards.outcomes, counts),
              missed(cards.outcomes, counts),
              fitLink("open", behind(dataset)),
            ];
          }),
        ),
      );
    } else parts.push(make("p", "None of its datasets has a target that can be scored."));
    if (card.cases.length) {
      const pair = make("div", "", { class: "pair" });
      const names = card.cases.length > 1 ? [card.best, "Worst"] : ["Its only case"];
      for (const [i, one] of card.cases.entries()) pair.append(await picture(name, names[i], one));
      parts.push(heading(`${names.join(" and ")}${names.length > 1 ? " case" : ""}`), pair);
    } else parts.push(make("p", "None of its fits has a result, so there is no case to draw.", { class: "note" }));
    if (card.failures.length) {
      const reasons = make("ul");
      for (const [count, reason, fit] of card.failures) {
        const item = make("li", `${count} × “${reason}” `);
        item.append(fitLink("open the first", fit));
        reasons.append(item);
      }
      parts.push(heading(`Why ${card.failed === 1 ? "a fit has" : `${card.failed} fits have`} no result`), reasons);
    }
    return parts;
  };

  const namesOf = (finders) => {
    const names = make("span");
    for (const [i, [name]] of finders.entries()) names.append(i ? ", " : "", cardLink("method", name));
    return names;
  };
  const target = (symbol) => (one) => [
    `${symbol} = ${one.name}`,
    format.plain(number(one.dimension)),
    one.kind,
    one.found[1] ? `${one.found[0]} of ${one.found[1]}` : "not scored",
    one.expressed[1] ? `${one.expressed[0]} of ${one.expressed[1]}` : "–",
    score("digits", one.digits),
    namesOf(one.finders),
  ];

  const dataset = async (cards, name) => {
    const card = cards.datasets[name];
    const summary = await koopmark.data("summary");
    const fits = await koopmark.data("fits");
    const best = koopmark.rows(summary, (i) => summary.dataset[i] === name && summary.place[i] !== null);
    const gains = best.some((i) => Number.isFinite(number(summary.gain_error[i])));
    const scores = ["digits", "found", "reach", ...(gains ? ["gain_error"] : []), "fit_seconds"];
    const all = make("a", "All scores on this dataset", { href: `#datasets&dataset=${encodeURIComponent(name)}` });
    const more = make("p");
    more.append(all);
    const pair = make("div", "", { class: "pair" });
    pair.append(
      figure(
        [`Exact eigenvalues ${card.symbol} in the complex plane; a number is a multiplicity above 1.`],
        () => koopmark.spectra.small(name),
        `Exact eigenvalues of ${name}`,
      ),
    );
    if (card.picture !== null) {
      const phase = make("figure");
      const frame = make("div", "", { class: "phase" });
      // Our own SVG (catalogue.portrait), in the page's data.
      frame.innerHTML = cards.pictures[card.picture];
      phase.append(frame, make("figcaption", `${frame.firstChild.getAttribute("aria-label")}; a dot where each ends.`));
      pair.append(phase);
    }
    const hard = make("ul", "", { class: "hard" });
    hard.append(
      ...card.hard.map((sentence) => {
        const item = make("li");
        item.append(...unbroken(sentence));
        return item;
      }),
    );
    return [
      prose(
        card.text || "There is no description of this dataset: its recipe does not come with this version of koopmark.",
      ),
      said([["system", card.system], ["data", card.data], ...card.told, ["source", linked(card.sources)]]),
      pair,
      ...(card.hard.length ? [heading("What makes it hard"), hard] : []),
      heading("Which targets are found"),
      table(
        `Targets of ${name}`,
        [
          "target",
          "multiplicity",
          "kind",
          "found by (methods)",
          "expressible by (methods)",
          "best digits",
          "found best by",
        ].map((text, i) => (i === 1 || (i > 2 && i < 6) ? right(text) : left(text))),
        card.targets.map(target(card.symbol)),
      ),
      ...(card.outcomes.length
        ? [make("p", `${card.extent}.`, { class: "note" }), legend(cards.outcomes, card.outcomes)]
        : []),
      ...(best.length
        ? [
            heading(`Best methods on this dataset${best.length > BEST ? `: ${BEST} of ${best.length}` : ""}`),
            table(
              `Best methods on ${name}`,
              [
                left("method"),
                right("place"),
                right("digits"),
                right("found"),
                right("reach"),
                ...(gains ? [right("gain error")] : []),
                right("fit time"),
                left("fit"),
              ],
              best.slice(0, BEST).map((i) => {
                const mine = koopmark.rows(
                  fits,
                  (k) => fits.dataset[k] === name && fits.method[k] === summary.method[i],
                );
                return [
                  cardLink("method", summary.method[i]),
                  String(summary.place[i]),
                  ...scores.map((key) => score(key, summary[key][i])),
                  fitLink("open", fits.fit_id[mine[0]]),
                ];
              }),
            ),
          ]
        : []),
      more,
    ];
  };

  const open = (kind, parts) => async (name) => {
    const cards = await koopmark.data("cards");
    forget();
    title.textContent = name;
    dialog.dataset.kind = kind;
    if (Object.hasOwn(cards[`${kind}s`], name)) about.replaceChildren(...(await parts(cards, name)));
    else about.replaceChildren(make("p", `This run has no ${kind} of this name.`));
    // After the panel was shown.
    setTimeout(drawAll);
  };
  koopmark.panel(dialog, { method: open("method", method), dataset: open("dataset", dataset) });
  dialog.addEventListener("close", forget);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}
