// On a phone the sections below the first screens are folded: a heading opens its own.
{
  const sections = [...document.querySelectorAll("main > section[id]")];

  const set = (section, folded) => {
    const button = section.querySelector("h2 > button.unfold");
    if (!button) return;
    section.classList.toggle("folded", folded);
    button.setAttribute("aria-expanded", String(!folded));
    if (!folded) section.dispatchEvent(new CustomEvent("unfolded"));
  };

  const apply = () => {
    for (const section of sections) {
      const heading = section.querySelector("h2");
      const button = heading.querySelector("button.unfold");
      if (koopmark.narrow.matches && !button) {
        const opener = koopmark.button("", () => set(section, !section.classList.contains("folded")));
        opener.className = "unfold";
        opener.append(...heading.childNodes);
        heading.append(opener);
        set(section, true);
      } else if (!koopmark.narrow.matches && button) {
        section.classList.remove("folded");
        heading.replaceChildren(...button.childNodes);
      }
    }
  };

  koopmark.unfold = (element) => set(element.closest("main > section"), false);

  // An address that leads into a section opens it first.
  const visit = () => {
    const [name] = location.hash.slice(1).split("&");
    const target = document.getElementById(name);
    if (!target?.closest("main > section.folded")) return;
    koopmark.unfold(target);
    target.scrollIntoView();
  };

  apply();
  koopmark.narrow.addEventListener("change", apply);
  addEventListener("hashchange", visit);
  addEventListener("load", visit);
}
