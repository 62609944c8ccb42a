// The theme, applied before the page is drawn so that it never flashes in the wrong colours. Each dashboard has its own, as
// has the API reference; the list of dashboards follows the system.
window.dashkeepTheme = (() => {
  const KEY = "dashkeep.themes";
  const MOST_REMEMBERED = 50;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  /** The reference's anchors are places in it, the page's are dashboards. */
  const current = () => (location.pathname.startsWith("/reference/") ? location.pathname : location.hash);

  const remembered = () => {
    try {
      return Object.entries(JSON.parse(localStorage.getItem(KEY)) ?? {});
    } catch {
      // Something else has written it.
      return [];
    }
  };

  const apply = () => {
    const chosen = remembered().find(([place]) => place === current())?.[1];
    const isDark = chosen ? chosen === "dark" : system.matches;
    if (root.classList.contains("dark-mode") === isDark) return;
    // `dark-mode` is Swagger UI's own class.
    root.classList.toggle("dark-mode", isDark);
    document.dispatchEvent(new Event("themechange"));
  };

  apply();
  system.addEventListener("change", apply);
  addEventListener("hashchange", apply);
  return {
    /** Choose `light` or `dark` for a place, the current one if none is given; any other value follows the system. */
    choose(theme, place = current()) {
      const known = remembered();
      const shown = known.find(([each]) => each === place)?.[1];
      const wanted = theme === "light" || theme === "dark" ? theme : undefined;
      if (shown === wanted) return;
      const others = known.filter(([each]) => each !== place).slice(1 - MOST_REMEMBERED);
      localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(wanted ? [...others, [place, wanted]] : others)));
      apply();
    },
    get isDark() {
      return root.classList.contains("dark-mode");
    },
    get isSystemDark() {
      return system.matches;
    },
  };
})();
