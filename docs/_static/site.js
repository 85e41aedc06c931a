// The search shows a piece of each page that it finds, for which it must fetch the page. From a
// file no page may be fetched: only the titles are shown then.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// Signatures of several lines are lists of parameters, which Sphinx writes as definitions without
// terms: they become lists.
document.addEventListener("DOMContentLoaded", () => {
  const renamed = (old, name, role) => {
    const element = document.createElement(name);
    element.className = old.className;
    if (role) element.setAttribute("role", role);
    element.append(...old.childNodes);
    old.replaceWith(element);
    return element;
  };
  for (const list of document.querySelectorAll("dt.sig > dl")) {
    for (const item of [...renamed(list, "div", "list").children]) renamed(item, "div", "listitem");
  }
  // The corner of a table of pandas heads nothing.
  for (const corner of document.querySelectorAll("table.dataframe thead th")) {
    if (!corner.textContent.trim()) renamed(corner, "td");
  }
  // Triangles in the navigation have no text of their own.
  for (const summary of document.querySelectorAll("nav details > summary:not([aria-label])")) {
    const link = summary.closest("li")?.querySelector("a");
    summary.setAttribute("aria-label", `Pages of ${link ? link.textContent.trim() : "this part"}`);
  }
});
