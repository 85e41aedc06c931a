// A page is made of sections, and this is what a script of one may rely on.
//
//   <section id="ID">                     its pickers, canvases and parts are inside
//     .pickers select[name], input[name]  what the reader chooses; `chosen` is {name: value}
//     [data-when='{"name": "value"}']     a part that is shown while the choice is that
//     .canvas                             an element that a figure is drawn in
//     .downloads                          gets the button "Download CSV" where there is a csv()
//
//   koopmark.section("ID", { draw(section, chosen), csv(section, chosen) })
//     draw   called when the section comes near the window, and when choice or theme change;
//            may return a promise. It draws with koopmark.plot(canvas, {data, layout}).
//     csv    returns {name, text}, or a promise of it: what the figures show.
//   koopmark.data("NAME")                 promise of the value of island("NAME", value), decoded once
//   koopmark.number(value)                a number of an island: null is NaN, "Infinity" is Infinity
//   koopmark.csv(columns)                 text of a CSV file from {title: [values]}
//   koopmark.colours()                    the colours of the page's theme
//
// The choice is kept in the address, `#ID&name=value`, so that a view can be linked;
// `koopmark.address(FIRST, open)` gives the addresses that begin otherwise, `#FIRST=...`, a reader.
const koopmark = (() => {
  const registered = new Map();
  const addresses = new Map();
  const seen = new Set();
  const narrow = matchMedia("(max-width: 46rem)");

  const pickers = (section) => [...section.querySelectorAll(".pickers select[name], .pickers input[name]")];
  const value = (picker) => (picker.type === "checkbox" ? (picker.checked ? "yes" : "") : picker.value);
  const chosen = (section) => Object.fromEntries(pickers(section).map((picker) => [picker.name, value(picker)]));
  const initial = new WeakMap();

  const show = (section) => {
    const choice = chosen(section);
    for (const part of section.querySelectorAll("[data-when]")) {
      const wanted = Object.entries(JSON.parse(part.dataset.when));
      part.hidden = wanted.some(([name, one]) => name in choice && choice[name] !== one);
    }
    section.dispatchEvent(new CustomEvent("shown"));
  };

  // A second choice while the first is still being drawn is drawn after it.
  const drawing = new WeakMap();
  const draw = (section) => {
    const { draw: how } = registered.get(section.id) || {};
    // Without a width nothing can be drawn: `unfolded` makes up for it.
    if (!how || !seen.has(section) || section.matches(".folded")) return Promise.resolve();
    const next = (drawing.get(section) || Promise.resolve())
      .then(() => how(section, chosen(section)))
      .catch((problem) => fail(section, problem));
    drawing.set(section, next);
    return next;
  };
  const fail = (section, problem) => {
    for (const canvas of section.querySelectorAll(".canvas")) {
      canvas.classList.add("undrawn");
      canvas.textContent = `This figure cannot be drawn (${problem.message}). Its numbers are in the tables.`;
    }
    if (!(problem instanceof koopmark.TooOld)) console.error(problem);
  };

  const choose = (section, wanted) => {
    for (const picker of pickers(section)) {
      const given = wanted[picker.name];
      if (picker.type === "checkbox") picker.checked = (given ?? initial.get(picker)) === "yes";
      else if (given === undefined) picker.value = initial.get(picker);
      else if (!picker.options || [...picker.options].some((option) => option.value === given)) picker.value = given;
    }
    show(section);
    return draw(section);
  };

  const remember = (section) => {
    const moved = pickers(section).filter((picker) => value(picker) !== initial.get(picker));
    const words = moved.map((picker) => `&${encodeURIComponent(picker.name)}=${encodeURIComponent(value(picker))}`);
    history.replaceState(null, "", `#${section.id}${words.join("")}`);
  };

  const visit = () => {
    const [first, ...rest] = location.hash.slice(1).split("&");
    const [word, ...after] = first.split("=");
    for (const [name, reader] of addresses) reader(name === word ? decodeURIComponent(after.join("=")) : null);
    const section = document.getElementById(first);
    if (!section || !rest.length) return;
    choose(section, Object.fromEntries(rest.map((part) => part.split("=").map(decodeURIComponent))));
    section.scrollIntoView();
  };

  const redraw = () => Promise.all([...seen].map(draw));

  const start = () => {
    const sections = [...document.querySelectorAll("main section[id]")];
    const near = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) if (isIntersecting) look(target.closest("section[id]"));
      },
      { rootMargin: "500px" },
    );
    const look = (section) => {
      if (seen.has(section)) return Promise.resolve();
      seen.add(section);
      return draw(section);
    };
    for (const section of sections) {
      for (const picker of pickers(section)) initial.set(picker, value(picker));
      section.addEventListener("change", (event) => {
        if (!event.target.closest(".pickers")) return;
        show(section);
        remember(section);
        draw(section);
      });
      section.addEventListener("unfolded", () => draw(section));
      show(section);
      const how = registered.get(section.id);
      if (how?.csv) koopmark.download(section, () => how.csv(section, chosen(section)));
      for (const canvas of section.querySelectorAll(".canvas")) near.observe(canvas);
    }
    for (const link of document.querySelectorAll("a[data-pick]")) {
      link.addEventListener("click", () => {
        const section = document.querySelector(link.getAttribute("href"));
        choose(section, JSON.parse(link.dataset.pick)).then(() => remember(section));
      });
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    narrow.addEventListener("change", redraw);
    addEventListener("hashchange", visit);
    // Hovering a number shows all of its digits.
    document.addEventListener("mouseover", ({ target }) => {
      if (target.matches("td[data-value]:not([title])")) target.title = target.dataset.value;
    });
    visit();
    // What the reader did not come near yet is drawn in spare time: a print has all figures.
    const idle = window.requestIdleCallback || ((then) => setTimeout(then, 200));
    const drawn = sections.filter((section) => section.querySelector(".canvas"));
    const rest = () => drawn.length && idle(() => look(drawn.shift()).then(rest));
    addEventListener("load", () => setTimeout(rest, 500));
  };

  return {
    section: (id, how) => registered.set(id, how),
    address: (word, reader) => addresses.set(word, reader),
    chosen,
    choose,
    narrow,
    redraw,
    start,
  };
})();
