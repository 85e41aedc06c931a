// A table that is wider or higher than its box has a shadow at each edge that cuts it, until its end.
// A box that a script makes is given to koopmark.scrolls(box) with its table in it.
{
  const update = (box) => {
    const { clientWidth, clientHeight, scrollLeft, scrollTop, scrollWidth, scrollHeight } = box;
    const edges = box.querySelector(":scope > .edges");
    edges.style.setProperty("--width", `${clientWidth}px`);
    edges.style.setProperty("--height", `${clientHeight}px`);
    // Positions are fractions of a pixel on some screens, sizes are whole.
    box.toggleAttribute("data-left", scrollLeft > 1);
    box.toggleAttribute("data-right", scrollLeft + clientWidth < scrollWidth - 1);
    box.toggleAttribute("data-below", scrollTop + clientHeight < scrollHeight - 1);
  };

  const ready = new WeakSet();
  const watch = (box) => {
    if (!ready.has(box)) {
      ready.add(box);
      const edges = document.createElement("div");
      edges.className = "edges";
      box.prepend(edges);
      box.addEventListener("scroll", () => update(box), { passive: true });
    }
    update(box);
  };

  // Hidden boxes have no size: each is made ready when it is first seen.
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target.clientWidth) watch(target.closest(".scroll"));
  });
  koopmark.scrolls = (box) => {
    sizes.observe(box);
    for (const content of box.children) sizes.observe(content);
  };
  document.querySelectorAll(".scroll").forEach(koopmark.scrolls);
}
