// Panels over the page, each with addresses of its own such as #fit=ID. Escape, Close, a click
// beside it and the way back close a panel; the address from before is there again then.
//
//   koopmark.panel(dialog, { WORD: open(name) })   `open` fills the dialog, and may return a promise
//   koopmark.cardLink("method" or "dataset", name) a link to a card, in an element of its own
//   koopmark.symbol(run, dataset)                  what its eigenvalues are called, λ or μ of a map
//   koopmark.make(tag, text, attributes), koopmark.list([[term, text or element]])
koopmark.symbol = (run, dataset) => (run.maps.includes(dataset) ? "μ" : "λ");

koopmark.make = (tag, text = "", attributes = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

koopmark.list = (pairs) => {
  const places = koopmark.make("dl");
  for (const [name, value] of pairs) {
    const dd = koopmark.make("dd");
    dd.append(value instanceof Node ? value : String(value));
    places.append(koopmark.make("dt", name), dd);
  }
  return places;
};

koopmark.cardLink = (word, name) => {
  const link = koopmark.make("a", "", { href: `#${word}=${encodeURIComponent(name)}` });
  // As `breakable` in Python has it.
  for (const part of name.split(/(?<=[._/])|(?=\[)/)) link.append(part, document.createElement("wbr"));
  link.lastChild?.remove();
  return link;
};

koopmark.panel = (() => {
  const all = new Set();
  const begins = (hash, words) => [...words].some((word) => hash.startsWith(`#${word}=`));
  let before = "";
  let opener = null;
  addEventListener("hashchange", ({ oldURL }) => {
    const old = new URL(oldURL).hash;
    if (!begins(location.hash, all) || begins(old, all)) return;
    before = old;
    opener = document.activeElement;
  });
  return (dialog, readers) => {
    const words = Object.keys(readers);
    for (const word of words) {
      all.add(word);
      koopmark.address(word, async (name) => {
        if (name === null) {
          if (dialog.open && !begins(location.hash, words)) dialog.close();
          return;
        }
        await readers[word](name);
        // Another address may have been asked for meanwhile.
        if (!begins(location.hash, [word])) return;
        if (!dialog.open) dialog.showModal();
        dialog.scrollTop = 0;
      });
    }
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
      if (!begins(location.hash, words)) return;
      // Without a jump.
      history.replaceState(null, "", before || location.pathname + location.search);
      before = "";
      opener?.focus({ preventScroll: true });
      opener = null;
    });
  };
})();
