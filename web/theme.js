// The theme, applied before the page is drawn so that it never flashes in the wrong colours.
window.dashkeepTheme = (() => {
  const KEY = "dashkeep.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  const apply = () => {
    const chosen = localStorage.getItem(KEY);
    // `dark-mode` is Swagger UI's own class.
    root.classList.toggle("dark-mode", chosen ? chosen === "dark" : system.matches);
    document.dispatchEvent(new Event("themechange"));
  };

  apply();
  system.addEventListener("change", apply);
  return {
    /** Choose `light` or `dark`; any other value follows the system. */
    choose(theme) {
      const shown = localStorage.getItem(KEY);
      if (theme !== "light" && theme !== "dark") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
      if (shown !== localStorage.getItem(KEY)) apply();
    },
    get isDark() {
      return root.classList.contains("dark-mode");
    },
    get isSystemDark() {
      return system.matches;
    },
  };
})();
