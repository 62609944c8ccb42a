// Begins to load what the view needs while the document is still parsed; the document is the same for every view.
const view = { "": "list", "#/": "list" }[location.hash] ?? (/^#\/(dashboards|links)\//.test(location.hash) ? "dashboard" : null);
if (view) {
  for (const href of document.querySelector(`meta[name=${view}-scripts]`).content.split(" ")) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = href;
    document.head.append(link);
  }
}
