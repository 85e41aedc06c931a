// The search shows a piece of each page that it finds, for which it must fetch the page. From a
// file no page may be fetched: only the titles are shown then.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// Signatures of several lines are lists of parameters, which Sphinx writes as definitions alone.
document.addEventListener("DOMContentLoaded", () => {
  for (const list of document.querySelectorAll("dt.sig > dl")) {
    list.setAttribute("role", "list");
    for (const item of list.children) item.setAttribute("role", "listitem");
  }
  // Triangles in the navigation have no text of their own.
  for (const summary of document.querySelectorAll("nav details > summary:not([aria-label])")) {
    const link = summary.closest("li")?.querySelector("a");
    summary.setAttribute("aria-label", `Pages of ${link ? link.textContent.trim() : "this part"}`);
  }
});
