// Begins to load what an open dashboard needs while the document is still parsed; the document is the same for every view.
if (/^#\/(dashboards|links)\//.test(location.hash)) {
  for (const href of document.querySelector("meta[name=dashboard-scripts]").content.split(" ")) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = href;
    document.head.append(link);
  }
}
