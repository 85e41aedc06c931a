// Shows the entries that have what the reader asks for, and unfolds the one that the address names.
{
  const section = document.getElementById("all");
  const entries = [...section.querySelectorAll(".entry")];
  const texts = new Map(entries.map((entry) => [entry, entry.textContent.toLowerCase()]));
  const count = section.querySelector(".count");

  const within = (n, range) => {
    const [low, high] = range.split("-");
    return n >= Number(low) && (!high || n <= Number(high));
  };

  // "none", a condition among others, or "combined", several at once.
  const fits = (conditions, under) => {
    const some = conditions.split("|").filter(Boolean);
    if (under === "none") return !some.length;
    return under === "combined" ? some.length > 1 : some.includes(under);
  };

  const filter = () => {
    const { words, size, regime, answer, under } = koopmark.chosen(section);
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    for (const entry of entries) {
      const { n, regimes, answer: has, under: conditions } = entry.dataset;
      entry.hidden = !(
        wanted.every((word) => texts.get(entry).includes(word)) &&
        (!size || within(Number(n), size)) &&
        (!regime || regimes.split("|").includes(regime)) &&
        (!answer || has === answer) &&
        (!under || fits(conditions, under))
      );
    }
    for (const group of section.querySelectorAll(".group")) {
      group.hidden = !group.querySelector(".entry:not([hidden])");
    }
    const shown = entries.filter((entry) => !entry.hidden).length;
    count.textContent = shown < entries.length ? `${shown} of ${entries.length} datasets` : "";
  };

  section.addEventListener("shown", filter);
  section.querySelector("input[name=words]").addEventListener("input", filter);

  const unfold = () => {
    const entry = entries.find(({ id }) => id === decodeURIComponent(location.hash.slice(1)));
    if (!entry) return;
    entry.querySelector("details").open = true;
    entry.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  addEventListener("load", unfold);
}
