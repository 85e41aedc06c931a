// The search shows a piece of each page that it finds, for which it must fetch the page. From a
// file no page may be fetched: only the titles are shown then.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
